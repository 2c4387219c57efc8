"""Rights stand in the acts: who is known by a phone only, and what dies with a session."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from core import clock
from core.protection.audit import AuditRecord
from identity.errors import StepUpRequired
from identity.log_in import revoking, sessions
from identity.people import organisations
from identity.principal import Principal
from tests.wallet.city import City
from tests.wallet.factories import desk, issue_licence
from tests.wallet.phones import Phone
from tests.wallet.test_authorisations import LI, terms
from wallet.check.at_counter import CodeAnswer, Errand, verify_code
from wallet.log import access_log
from wallet.models import PassOrigin
from wallet.register import queries
from wallet.share import authorisations
from wallet.show import passes, present

Attempt = Callable[[City, Redis, UUID, Principal], Awaitable[Any]]


async def take_document(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await queries.get_document(licence_id, by=by, blobs=city.blobs)


async def reveal(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await queries.reveal(licence_id, by=by)


async def share(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await authorisations.share(licence_id, terms=terms(), by=by)


async def offer(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await authorisations.offer(licence_id, to=LI, terms=terms(), by=by)


async def show(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await present.open(licence_id, by=by, desk=desk(city, redis))


async def keep_pass(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await passes.make(licence_id, fields=None, bound=False, by=by, desk=desk(city, redis))


async def register_phone(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await passes.register_phone(Phone().public_key, by=by)


async def reuse(city: City, redis: Redis, licence_id: UUID, by: Principal) -> Any:
    return await queries.find_reusable("RES", ("name",), by=by)


WAYS = (take_document, reveal, share, offer, show, keep_pass, register_phone, reuse)


def by_phone_only(city: City) -> Principal:
    """A session that an SMS opened: whoever holds the number, by a swapped SIM too."""
    return replace(city.citizen(city.zhang), assurance=1, session_id=uuid4())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_who_is_known_by_a_phone_only_gets_at_no_licence(
    city: City, redis: Redis, way: Attempt
) -> None:
    licence_id = await issue_licence(city)

    with pytest.raises(StepUpRequired):
        await way(city, redis, licence_id, by_phone_only(city))

    assert await way(city, redis, licence_id, replace(by_phone_only(city), assurance=2)) != []


async def test_who_is_known_by_a_phone_only_sees_masked_facts_and_fills_no_form(
    city: City,
) -> None:
    licence_id = await issue_licence(city)
    by = by_phone_only(city)

    shown = await queries.get_licence(licence_id, by=by)

    assert "310199199003071017" not in repr(shown)
    assert await queries.facts_for_prefill({"RES": {"id_no"}}, by=by) == {}


async def test_what_was_offered_is_not_seen_by_a_phone_only(city: City) -> None:
    made = await authorisations.offer(
        await issue_licence(city), to=LI, terms=terms(), by=city.citizen(city.zhang)
    )
    li = city.citizen(city.li)
    await authorisations.accept(made, by=li)

    with pytest.raises(StepUpRequired):
        await authorisations.use(made, purpose="", by=replace(li, assurance=1))


async def judged(city: City, redis: Redis, text: str) -> CodeAnswer:
    return await verify_code(
        text, errand=Errand(purpose="核验"), by=await city.counter(), desk=desk(city, redis)
    )


def said(answer: CodeAnswer) -> tuple[str, tuple[str, ...]]:
    return answer.verdict.verdict, answer.verdict.reasons


async def ready(city: City, redis: Redis) -> tuple[Phone, bytes]:
    phone = Phone()
    await phone.register(city)
    made = await phone.fetch(await issue_licence(city), city=city, redis=redis)
    return phone, made.data


async def test_pass_dies_with_the_session_it_was_made_in(city: City, redis: Redis) -> None:
    phone, data = await ready(city, redis)
    assert said(await judged(city, redis, phone.show(data))) == ("valid", ())

    await revoking.revoke_of_person(phone.session_id, by=city.citizen(city.zhang))

    later = clock.now() + timedelta(seconds=1)
    answer = await judged(city, redis, phone.show(data, at=later))
    assert said(answer) == ("invalid", ("code-stopped",))


async def test_pass_of_a_session_that_ran_out_lives_its_day(
    city: City, redis: Redis, frozen_clock: Any
) -> None:
    phone, data = await ready(city, redis)
    frozen_clock.advance(hours=13)
    await sessions.forget_ended()

    assert said(await judged(city, redis, phone.show(data))) == ("valid", ())


async def test_pass_dies_with_the_phones_key(city: City, redis: Redis) -> None:
    phone, data = await ready(city, redis)
    await Phone(session_id=phone.session_id).register(city)

    assert said(await judged(city, redis, phone.show(data))) == ("invalid", ("code-stopped",))


async def test_unbound_pass_dies_with_its_session_too(city: City, redis: Redis) -> None:
    phone = Phone()
    made = await phone.fetch(await issue_licence(city), city=city, redis=redis, bound=False)
    await revoking.revoke(phone.session_id, by="system:tests")

    assert said(await judged(city, redis, made.text)) == ("invalid", ("code-stopped",))


async def test_agents_pass_and_code_die_with_the_mandate(city: City, redis: Redis) -> None:
    await organisations.authorise_agent(city.company, person_id=city.zhang, by="system:tests")
    phone, licence_id = Phone(), await issue_licence(city, "FOOD")
    await phone.register(city)
    agent = replace(phone.holder(city), acting_for=city.company)
    made = await phone.fetch(licence_id, city=city, redis=redis, by=agent)
    shown = await present.open(licence_id, by=agent, desk=desk(city, redis))

    await organisations.end_agency(city.company, person_id=city.zhang, by="system:tests")

    for text in (phone.show(made.data), shown.text):
        assert said(await judged(city, redis, text)) == ("invalid", ("code-stopped",))


async def test_running_code_dies_with_its_session(city: City, redis: Redis) -> None:
    phone = Phone()
    await phone.sign_in(city)
    shown = await present.open(
        await issue_licence(city), by=phone.holder(city), desk=desk(city, redis)
    )
    await revoking.revoke(phone.session_id, by="system:tests")

    assert said(await judged(city, redis, shown.text)) == ("invalid", ("code-stopped",))


async def test_pass_nobody_knows_the_making_of_is_not_called_valid(
    city: City, redis: Redis
) -> None:
    phone, data = await ready(city, redis)
    await PassOrigin.all().delete()

    answer = await judged(city, redis, phone.show(data))

    assert said(answer) == ("cannot_tell", ("status-unreachable",))


async def test_taking_the_document_stands_in_the_log_and_the_audit(city: City) -> None:
    """Also by an agent of a company, whose representative is told."""
    licence_id = await issue_licence(city, "FOOD")
    await organisations.authorise_agent(city.company, person_id=city.zhang, by="system:tests")
    agent = city.citizen(city.zhang, acting_for=city.company)

    await queries.get_document(licence_id, by=agent, blobs=city.blobs)

    (use,) = await access_log.list_uses(city.company)
    assert (use.kind, use.kind_text) == ("taken", "本人或代办人下载证照文件")
    assert "经营者名称" in use.fields_seen
    record = await AuditRecord.get(action="licence.take")
    assert (record.actor, record.target) == (agent.actor, f"licence:{licence_id}")


async def test_prefilling_leaves_a_trace_once_a_sitting(city: City, frozen_clock: Any) -> None:
    await issue_licence(city)
    zhang, wanted = city.citizen(city.zhang), {"RES": {"name", "id_no"}}

    for _ in range(3):
        await queries.facts_for_prefill(wanted, by=zhang)

    (use,) = await access_log.list_uses(city.zhang)
    assert (use.kind, set(use.fields_seen)) == ("prefill", {"姓名", "公民身份号码"})
    frozen_clock.advance(minutes=11)
    await queries.facts_for_prefill(wanted, by=zhang)
    assert len(await access_log.list_uses(city.zhang)) == 2
