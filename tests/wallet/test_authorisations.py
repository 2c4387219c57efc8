"""Letting others use a licence: offer, accept, use, take back, share by link."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core import clock
from core.outbox import OutboxMessage
from identity.errors import TooManyGuesses
from identity.people import named
from tests.conftest import FrozenClock, on_postgres
from tests.identity.factories import credit_code
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from tests.wallet.test_status import PAPER
from wallet.errors import (
    AuthorisationInvalid,
    AuthorisationNotFound,
    AuthorisationOver,
    LicenceNotFound,
    LicenceNotInForce,
    ShareCodeRefused,
)
from wallet.log import access_log
from wallet.models import Authorisation
from wallet.register import status
from wallet.share import authorisations, queries
from wallet.share.authorisations import Grantee, Terms

LI = Grantee(id_no="310199198511201020", name="李样例")


def terms(*, days: float = 3, max_uses: int = 2, fields: tuple[str, ...] = ("name",)) -> Terms:
    ends_at = clock.now() + timedelta(days=days)
    return Terms(fields=fields, purpose="租房登记", ends_at=ends_at, max_uses=max_uses)


async def offered(city: City, **how: int) -> UUID:
    return await authorisations.offer(
        await issue_licence(city), to=LI, terms=terms(**how), by=city.citizen(city.zhang)
    )


async def accepted(city: City, **how: int) -> UUID:
    authorisation = await offered(city, **how)
    await authorisations.accept(authorisation, by=city.citizen(city.li))
    return authorisation


async def look(city: City, authorisation: UUID) -> authorisations.Seen:
    return await authorisations.use(authorisation, purpose="", by=city.citizen(city.li))


async def test_accepted_authorisation_shows_its_fields_and_nothing_else(city: City) -> None:
    seen = await look(city, await accepted(city))

    assert seen.fields == (("姓名", "张演示"),)
    assert (seen.uses_left, seen.purpose) == (1, "租房登记")
    (use,) = await access_log.list_uses(city.zhang)
    assert (use.kind, use.fields_seen, use.purpose) == ("authorised", ("姓名",), "租房登记")
    changes = await OutboxMessage.filter(name="AuthorisationChanged").count()
    assert changes == 2


async def test_nothing_is_seen_before_it_is_accepted(city: City) -> None:
    authorisation = await offered(city)

    with pytest.raises(AuthorisationOver):
        await look(city, authorisation)
    await authorisations.decline(authorisation, by=city.citizen(city.li))
    with pytest.raises(AuthorisationOver):
        await authorisations.accept(authorisation, by=city.citizen(city.li))
    assert await access_log.list_uses(city.zhang) == []


async def test_taken_back_is_taken_back(city: City) -> None:
    authorisation = await accepted(city)

    await authorisations.take_back(authorisation, by=city.citizen(city.zhang))

    with pytest.raises(AuthorisationOver):
        await look(city, authorisation)
    with pytest.raises(AuthorisationOver):
        await authorisations.take_back(authorisation, by=city.citizen(city.zhang))
    assert await queries.list_received(by=city.citizen(city.li)) == []


async def test_number_of_uses_holds_when_all_come_at_once(city: City) -> None:
    authorisation = await accepted(city, max_uses=3)

    results = await asyncio.gather(
        *(look(city, authorisation) for _ in range(10)), return_exceptions=True
    )

    seen = [result for result in results if isinstance(result, authorisations.Seen)]
    assert len(seen) == 3
    assert len(await access_log.list_uses(city.zhang)) == 3
    (given,) = await queries.list_given(by=city.citizen(city.zhang))
    assert given.state == "used_up"


async def test_it_ends_on_its_day(city: City, frozen_clock: FrozenClock) -> None:
    authorisation = await accepted(city)

    frozen_clock.advance(days=4)

    with pytest.raises(AuthorisationOver) as refusal:
        await look(city, authorisation)
    assert refusal.value.members["state"] == "ended"


async def test_licence_out_of_force_shows_nothing(city: City) -> None:
    authorisation = await accepted(city)
    row = await Authorisation.get(id=authorisation)
    await status.revoke(row.licence_id, by=city.officer("seal_keeper"), **PAPER)

    with pytest.raises(LicenceNotInForce):
        await look(city, authorisation)
    assert (await Authorisation.get(id=authorisation)).used == 0


async def test_third_parties_are_nobody(city: City) -> None:
    authorisation = await accepted(city)
    company = city.citizen(city.li, acting_for=city.company)

    for stranger in (city.citizen(city.zhang), company, await city.counter(), city.client):
        with pytest.raises(AuthorisationNotFound):
            await authorisations.use(authorisation, purpose="", by=stranger)
    with pytest.raises(AuthorisationNotFound):
        await authorisations.take_back(authorisation, by=city.citizen(city.li))
    with pytest.raises(LicenceNotFound):
        row = await Authorisation.get(id=authorisation)
        await authorisations.offer(row.licence_id, to=LI, terms=terms(), by=city.citizen(city.li))


async def test_department_sees_it_at_its_counter(city: City) -> None:
    authorisation = await authorisations.offer(
        await issue_licence(city),
        to=Grantee(department="SCJG"),
        terms=terms(),
        by=city.citizen(city.zhang),
    )
    counter = await city.counter()

    (listed,) = await queries.list_received(by=counter)
    seen = await authorisations.use(listed.id, purpose="核对住址", by=counter)

    assert listed.id == authorisation
    assert seen.fields == (("姓名", "张演示"),)
    (use,) = await access_log.list_uses(city.zhang)
    assert (use.who, use.purpose) == ("综合窗口1号", "核对住址")


@pytest.mark.parametrize(
    "bad",
    [
        {"days": 400},
        {"days": -1},
        {"max_uses": 0},
        {"max_uses": 101},
        {"fields": ()},
        {"fields": ("no_such",)},
    ],
)
async def test_terms_that_make_no_sense_are_refused(city: City, bad: dict[str, object]) -> None:
    with pytest.raises(AuthorisationInvalid):
        await authorisations.offer(
            await issue_licence(city),
            to=LI,
            terms=terms(**bad),  # type: ignore[arg-type]
            by=city.citizen(city.zhang),
        )


async def test_unknown_people_and_wrong_names_are_answered_alike(city: City) -> None:
    licence_id, holder = await issue_licence(city), city.citizen(city.zhang)
    wrong_name = Grantee(id_no="310199198511201020", name="王不符")
    unknown = Grantee(id_no=credit_code(7), name="从未登记有限公司")
    right = await authorisations.offer(licence_id, to=LI, terms=terms(), by=holder)
    told = await OutboxMessage.filter(name="AuthorisationChanged").count()

    for to in (wrong_name, unknown):
        await authorisations.offer(licence_id, to=to, terms=terms(), by=holder)

    given = await queries.list_given(by=holder)
    assert {(view.kind, view.state, view.holder_name) for view in given} == {
        ("subject", "offered", "张演示")
    }
    assert {view.grantee_name for view in given} == {"从未登记有限公司", "王不符", "李样例"}
    assert await OutboxMessage.filter(name="AuthorisationChanged").count() == told == 1
    received = await queries.list_received(by=city.citizen(city.li))
    assert [view.id for view in received] == [right]
    for lost in [view.id for view in given if view.id != right]:
        with pytest.raises(AuthorisationNotFound):
            await authorisations.accept(lost, by=city.citizen(city.li))
        await authorisations.take_back(lost, by=holder)


async def test_names_and_numbers_are_compared_twenty_times_a_day(
    city: City, frozen_clock: FrozenClock
) -> None:
    """A hit costs as much as a miss: else the count would tell which it was."""
    licence_id, holder = await issue_licence(city), city.citizen(city.zhang)
    for name in ["李样例"] + ["王不符"] * (named.A_DAY - 1):
        to = Grantee(id_no=LI.id_no, name=name)
        await authorisations.offer(licence_id, to=to, terms=terms(), by=holder)

    for to in (LI, Grantee(id_no=LI.id_no, name="王不符")):
        with pytest.raises(TooManyGuesses) as refused:
            await authorisations.offer(licence_id, to=to, terms=terms(), by=holder)
    assert refused.value.members["retry_after"] == 24 * 3600 + 1

    frozen_clock.advance(hours=24)
    await authorisations.offer(licence_id, to=LI, terms=terms(), by=holder)


async def shared(city: City) -> authorisations.Link:
    return await authorisations.share(
        await issue_licence(city), terms=terms(), by=city.citizen(city.zhang)
    )


async def test_link_with_its_code_works_once(city: City) -> None:
    link = await shared(city)

    seen = await authorisations.open_link(link.token, link.code.lower(), by=None)

    assert seen.fields == (("姓名", "张演示"),)
    with pytest.raises(ShareCodeRefused):
        await authorisations.open_link(link.token, link.code, by=None)
    (use,) = await access_log.list_uses(city.zhang)
    assert (use.kind, use.who) == ("link", "未登录的链接打开者")


async def test_five_wrong_codes_end_a_link(city: City) -> None:
    link = await shared(city)
    for _ in range(5):
        with pytest.raises(ShareCodeRefused):
            await authorisations.open_link(link.token, "WRONG1", by=None)

    with pytest.raises(ShareCodeRefused):
        await authorisations.open_link(link.token, link.code, by=None)
    assert await access_log.list_uses(city.zhang) == []


@pytest.mark.skipif(
    on_postgres(),
    reason="only SQLite's one connection keeps the order of the tries: run without TEST_DATABASE",
)
async def test_many_guesses_at_once_get_no_more_tries_than_one(city: City) -> None:
    link = await shared(city)

    results = await asyncio.gather(
        *(authorisations.open_link(link.token, "WRONG1", by=None) for _ in range(5)),
        authorisations.open_link(link.token, link.code, by=None),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [ShareCodeRefused] * 6


async def test_link_opened_twice_at_once_shows_once(city: City) -> None:
    link = await shared(city)

    results = await asyncio.gather(
        *(authorisations.open_link(link.token, link.code, by=None) for _ in range(6)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, authorisations.Seen) for result in results) == 1


async def test_link_taken_back_or_unknown_shows_nothing(city: City) -> None:
    link = await shared(city)
    await authorisations.take_back(link.id, by=city.citizen(city.zhang))

    for token in (link.token, "unknown"):
        with pytest.raises(ShareCodeRefused):
            await authorisations.open_link(token, link.code, by=None)
    with pytest.raises(AuthorisationNotFound):
        await authorisations.accept(uuid4(), by=city.citizen(city.li))
