"""Sessions: issued once, found by their token only, over when they are over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.protection.audit import AuditRecord
from identity import errors, queries
from identity.log_in import revoking, sessions
from identity.log_in.sessions import IssuedSession
from identity.models import Session
from identity.people import organisations
from identity.principal import PrincipalKind
from tests.identity import factories

CITIZEN = PrincipalKind.CITIZEN

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def signed_in(person_id: UUID) -> IssuedSession:
    return await sessions.issue(factories.citizen(person_id), idle_minutes=30, via="tests")


async def test_token_leads_to_the_person() -> None:
    person_id = await factories.person()
    issued = await signed_in(person_id)

    principal = await sessions.resolve(issued.token, kind=CITIZEN)

    assert principal.person_id == person_id
    assert principal.applicant_id == person_id
    assert principal.session_id == issued.principal.session_id
    assert principal.actor == f"citizen:{person_id}"


async def test_token_is_not_stored() -> None:
    issued = await signed_in(await factories.person())

    row = await Session.get(id=issued.principal.session_id)

    assert len(issued.token) >= 43
    assert issued.token not in str(dict(row))


async def test_unknown_token_is_refused() -> None:
    with pytest.raises(errors.SignInRequired):
        await sessions.resolve("no such token", kind=CITIZEN)


async def test_citizen_session_does_not_open_the_staff_side() -> None:
    issued = await signed_in(await factories.person())

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)


async def test_idle_session_ends(frozen_clock: Any) -> None:
    issued = await signed_in(await factories.person())
    frozen_clock.advance(minutes=30)

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=CITIZEN)


async def test_used_session_slides(frozen_clock: Any) -> None:
    issued = await signed_in(await factories.person())

    for _ in range(4):
        frozen_clock.advance(minutes=20)
        await sessions.resolve(issued.token, kind=CITIZEN)


async def test_busy_session_ends_after_twelve_hours(frozen_clock: Any) -> None:
    issued = await signed_in(await factories.person())
    for _ in range(35):
        frozen_clock.advance(minutes=20)
        await sessions.resolve(issued.token, kind=CITIZEN)
    frozen_clock.advance(minutes=20)

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=CITIZEN)


async def test_revoked_session_dies_at_once() -> None:
    issued = await signed_in(await factories.person())
    session_id = issued.principal.session_id
    assert session_id is not None

    await revoking.revoke(session_id, by="system:tests")

    assert not await sessions.is_open(session_id)
    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=CITIZEN)


async def test_every_session_of_a_person_can_be_revoked() -> None:
    person_id = await factories.person()
    issued = [await signed_in(person_id) for _ in range(3)]

    assert await revoking.revoke_all(person_id, by="system:tests") == 3

    for one in issued:
        with pytest.raises(errors.SignInRequired):
            await sessions.resolve(one.token, kind=CITIZEN)


async def test_sign_in_and_sign_out_are_on_record() -> None:
    issued = await signed_in(await factories.person())
    session_id = issued.principal.session_id
    assert session_id is not None
    await revoking.revoke(session_id, by=issued.principal.actor)
    await revoking.revoke(session_id, by=issued.principal.actor)

    actions = await AuditRecord.all().values_list("action", flat=True)

    assert sorted(actions) == [
        "person-registered",
        "phone-proved",
        "signed-in",
        "signed-out",
    ]


async def test_legal_representative_may_act_for_the_company() -> None:
    person_id = await factories.person()
    company_id = await factories.organisation(person_id)
    issued = await signed_in(person_id)

    await sessions.act_for(issued.principal, company_id)

    principal = await sessions.resolve(issued.token, kind=CITIZEN)
    assert principal.applicant_id == company_id
    assert principal.person_id == person_id


async def test_person_without_relation_may_not_act_for_a_company() -> None:
    company_id = await factories.organisation(await factories.person())
    stranger = await signed_in(await factories.person(id_no=factories.LI, name="李样例"))

    with pytest.raises(errors.NotActingFor):
        await sessions.act_for(stranger.principal, company_id)


async def test_ended_agency_is_told_once_and_then_the_person_acts_alone() -> None:
    company_id = await factories.organisation(await factories.person())
    agent_id = await factories.person(id_no=factories.LI, name="李样例")
    await organisations.authorise_agent(company_id, person_id=agent_id, by="system:tests")
    issued = await signed_in(agent_id)
    await sessions.act_for(issued.principal, company_id)
    await organisations.end_agency(company_id, person_id=agent_id, by="system:tests")

    with pytest.raises(errors.ActingRightEnded):
        await sessions.resolve(issued.token, kind=CITIZEN)

    principal = await sessions.resolve(issued.token, kind=CITIZEN)
    assert principal.acting_for is None
    assert not await queries.may_act_for(agent_id, company_id)


async def test_long_ended_sessions_are_forgotten(frozen_clock: Any) -> None:
    await signed_in(await factories.person())
    frozen_clock.advance(hours=1)
    assert await sessions.forget_ended() == 0

    frozen_clock.advance(days=2)

    assert await sessions.forget_ended(older_than=timedelta(days=1)) == 1
