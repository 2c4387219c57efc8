"""A platform's code becomes a session of the right person."""

from typing import Any

import pytest
from redis.asyncio import Redis

from core.protection.audit import AuditRecord
from core.settings import Settings
from identity import errors, queries, sign_in
from identity.log_in import sessions
from identity.models import Subject
from identity.principal import PrincipalKind
from miniapp_bridge.connector import RealName
from miniapp_bridge.errors import CodeRefused
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.sandbox import SandboxConnector
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def sandbox(settings: Settings, redis: Redis) -> SandboxConnector:
    connector = (await open_connectors(settings, redis=redis))["sandbox"]
    assert isinstance(connector, SandboxConnector)
    return connector


async def enter(sandbox: SandboxConnector, code: str) -> sessions.IssuedSession:
    return await sign_in.citizen(
        code, platform="sandbox", connectors={"sandbox": sandbox}, idle_minutes=30
    )


async def test_bound_account_signs_its_person_in(sandbox: SandboxConnector) -> None:
    person_id = await factories.person()
    await sign_in.bind(person_id, platform="sandbox", user_id="u1")

    issued = await enter(sandbox, await sandbox.new_code("u1"))

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.CITIZEN)
    assert principal.person_id == person_id
    record = await AuditRecord.get(action="signed-in")
    assert record.detail["via"] == "sandbox"


async def test_code_signs_in_once(sandbox: SandboxConnector) -> None:
    await sign_in.bind(await factories.person(), platform="sandbox", user_id="u1")
    code = await sandbox.new_code("u1")
    await enter(sandbox, code)

    with pytest.raises(CodeRefused):
        await enter(sandbox, code)

    failure = await AuditRecord.get(action="sign-in-failed")
    assert failure.detail == {"reason": "platform-code-refused"}


async def test_account_without_a_real_name_is_refused(sandbox: SandboxConnector) -> None:
    with pytest.raises(errors.AccountNotBound):
        await enter(sandbox, await sandbox.new_code("stranger"))

    assert await AuditRecord.filter(action="sign-in-failed").count() == 1


async def test_vouched_real_name_makes_the_person(sandbox: SandboxConnector) -> None:
    real_name = RealName(id_type="111", id_no=factories.LI, name="李样例")

    first = await enter(sandbox, await sandbox.new_code("u2", real_name=real_name))
    again = await enter(sandbox, await sandbox.new_code("u2"))

    assert again.principal.id == first.principal.id
    found = await queries.find_subject("111", factories.LI)
    assert found is not None
    assert found.name == "李样例"


async def test_account_that_changed_hands_leads_to_the_vouched_person(
    sandbox: SandboxConnector,
) -> None:
    await sign_in.bind(await factories.person(), platform="sandbox", user_id="u1")
    real_name = RealName(id_type="111", id_no=factories.LI, name="李样例")

    issued = await enter(sandbox, await sandbox.new_code("u1", real_name=real_name))

    assert (await queries.get_subject(issued.principal.person_id)).id_no == factories.LI


async def test_wrong_identity_number_of_a_platform_leaves_nothing(
    sandbox: SandboxConnector,
) -> None:
    real_name = RealName(id_type="111", id_no="310199199003071012", name="张演示")

    with pytest.raises(errors.InvalidIdentityNumber):
        await enter(sandbox, await sandbox.new_code("u3", real_name=real_name))

    assert await Subject.all().count() == 0


async def test_unknown_platform_is_refused() -> None:
    with pytest.raises(errors.UnknownPlatform):
        await sign_in.citizen("x", platform="myspace", connectors={}, idle_minutes=30)


async def test_account_used_last_comes_first(sandbox: SandboxConnector, frozen_clock: Any) -> None:
    person_id = await factories.person()
    for user_id in ("u1", "u2"):
        await sign_in.bind(person_id, platform="sandbox", user_id=user_id)
    frozen_clock.advance(minutes=1)
    await enter(sandbox, await sandbox.new_code("u1"))

    accounts = await queries.list_platform_users(person_id)

    assert [account.user_id for account in accounts] == ["u1", "u2"]
