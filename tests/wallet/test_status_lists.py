"""Places drawn at random, lists signed for readers, and what happens when something is away."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from tortoise import connections

from core.database import CONNECTION
from signing import KeyUnavailable
from signing.passes import readerlist, statuslist
from signing.passes.readerlist import SignerState
from signing.passes.statuslist import Status
from tests.conftest import FrozenClock
from tests.wallet.city import TODAY, City
from tests.wallet.factories import desk, issue_licence, stored_licence
from wallet.errors import ListsNotReady, StatusListNotFound
from wallet.models import Licence, StatusEntry
from wallet.register import status
from wallet.show import status_lists
from wallet.show.status_lists import Edition
from wallet.types.validity import LicenceState

PAPER = {"cause": "信息待核实", "document_no": "松公证〔2026〕1号"}


class LostKeys:
    """A key store that cannot be reached."""

    def __init__(self, city: City) -> None:
        self._keys = city.authority.keys

    async def certificate(self, key_id: str) -> bytes:
        return await self._keys.certificate(key_id)

    async def sign(self, key_id: str, message: bytes) -> bytes:
        raise KeyUnavailable("away")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)


async def edition(city: City, redis: Redis, *, keys: Any = None) -> Edition:
    return await status_lists.edition(1, desk=desk(city, redis, keys=keys))


def status_in(data: bytes, place: int) -> Status:
    return statuslist.parse_token(data).statuses[place]


async def test_every_licence_has_a_place_of_its_own(city: City) -> None:
    ids = [uuid4() for _ in range(300)]

    places = await status_lists.references(ids)

    assert len({(one.list_no, one.place) for one in places.values()}) == 300
    assert await status_lists.references(ids) == places
    spread = sorted(one.place for one in places.values())
    assert spread[-1] - spread[0] > statuslist.SIZE // 2


async def test_half_full_list_takes_no_more(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_lists, "FULL", 10)
    await status_lists.references([uuid4() for _ in range(10)])

    place = await status_lists.reference(uuid4())

    assert place.list_no == 2


@pytest.mark.parametrize(
    ("act", "expected"),
    [(status.suspend, Status.SUSPENDED), (status.revoke, Status.REVOKED)],
)
async def test_change_of_state_is_in_the_next_edition(
    city: City, redis: Redis, act: Callable[..., Awaitable[None]], expected: Status
) -> None:
    licence = await stored_licence(city)
    place = (await status_lists.reference(licence.id)).place
    before = await edition(city, redis)
    await act(licence.id, by=city.officer("seal_keeper", "supervisor"), **PAPER)
    assert await status_lists.renew_after(licence.id, redis=redis) == [1]

    after = await edition(city, redis)

    assert status_in(before.data, place) is Status.VALID
    assert status_in(after.data, place) is expected
    assert before.etag != after.etag


async def test_suspended_licence_comes_back_and_the_past_stays(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    licence = await stored_licence(city)
    place = (await status_lists.reference(licence.id)).place
    keeper = city.officer("seal_keeper")
    frozen_clock.advance(hours=1)
    await status.suspend(licence.id, by=keeper, **PAPER)
    frozen_clock.advance(hours=1)
    await status.resume(licence.id, by=keeper, **PAPER)

    found = []
    for hours in (0, 1.5, 2):
        moment = TODAY + timedelta(hours=hours)
        past = await status_lists.past_edition(1, moment, desk=desk(city))
        found.append(status_in(past.data, place))

    assert found == [Status.VALID, Status.SUSPENDED, Status.VALID]
    assert status_in((await edition(city, redis)).data, place) is Status.VALID


async def test_licence_that_gets_its_place_late_stands_there_as_it_is(
    city: City, redis: Redis
) -> None:
    """Licences older than the lists are drawn a place when somebody first asks."""
    licence = await stored_licence(city)
    await StatusEntry.filter(licence_id=licence.id).delete()
    await status.revoke(licence.id, by=city.officer("seal_keeper", "supervisor"), **PAPER)

    place = (await status_lists.reference(licence.id)).place

    assert status_in((await edition(city, redis)).data, place) is Status.REVOKED


async def test_what_a_server_of_the_release_before_changed_is_told_by_its_event(
    city: City, redis: Redis
) -> None:
    licence = await stored_licence(city)
    place = (await status_lists.reference(licence.id)).place
    await Licence.filter(id=licence.id).update(state=LicenceState.SUSPENDED)

    await status_lists.renew_after(licence.id, redis=redis)

    assert status_in((await edition(city, redis)).data, place) is Status.SUSPENDED


async def test_an_edition_reads_the_changed_places_of_its_list_and_no_licence(
    city: City, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = await stored_licence(city)
    place = (await status_lists.reference(licence.id)).place
    await status.suspend(licence.id, by=city.officer("seal_keeper"), **PAPER)
    connection = type(connections.get(CONNECTION))
    asked: list[str] = []
    plain = connection.execute_query

    async def note(self: Any, query: str, values: Any = None) -> Any:
        asked.append(query)
        return await plain(self, query, values)

    monkeypatch.setattr(connection, "execute_query", note)
    found = await edition(city, redis)

    assert status_in(found.data, place) is Status.SUSPENDED
    assert any("wallet_status_entry" in query for query in asked)
    assert not any("wallet_licence" in query for query in asked)


async def test_replaced_licence_is_superseded(city: City, redis: Redis) -> None:
    first = await issue_licence(city)
    await issue_licence(city, action="reissue", previous=first)

    place = (await status_lists.reference(first)).place

    assert status_in((await edition(city, redis)).data, place) is Status.SUPERSEDED


async def test_edition_is_the_same_until_something_changes(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    await stored_licence(city)
    first = await edition(city, redis)

    assert await edition(city, redis) == first
    frozen_clock.advance(minutes=6)
    assert (await edition(city, redis)).made_at > first.made_at


async def test_last_edition_serves_for_its_time_to_live_while_the_key_is_away(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    await stored_licence(city)
    last = await edition(city, redis)
    frozen_clock.advance(minutes=14)

    assert await edition(city, redis, keys=LostKeys(city)) == last
    frozen_clock.advance(minutes=2)
    with pytest.raises(ListsNotReady):
        await edition(city, redis, keys=LostKeys(city))


@pytest.mark.parametrize("number", [0, 2, -1, 10**12])
async def test_other_lists_are_not_found(city: City, redis: Redis, number: int) -> None:
    with pytest.raises(StatusListNotFound):
        await status_lists.edition(number, desk=desk(city, redis))


@pytest.mark.parametrize("days", [1, -4_000])
async def test_moment_to_come_or_long_gone_is_not_found(city: City, days: int) -> None:
    with pytest.raises(StatusListNotFound):
        await status_lists.past_edition(1, TODAY + timedelta(days=days), desk=desk(city))


async def test_list_of_signers_names_every_seal_and_grows_in_number(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    at = desk(city, redis)
    first = await status_lists.signers_edition(desk=at)
    frozen_clock.advance(minutes=6)
    second = await status_lists.signers_edition(desk=at)

    held = readerlist.accept(first.data, None)
    assert readerlist.accept(second.data, held).sequence > held.sequence
    certificates = {bytes(signer.certificate) for signer in held.signers}
    assert set(await status_lists.pass_certificates()) < certificates
    assert all(signer.state is SignerState.GOOD for signer in held.signers)


async def test_entries_are_kept_for_ever(city: City) -> None:
    licence = await stored_licence(city)
    place = await status_lists.reference(licence.id)
    await status.revoke(licence.id, by=city.officer("supervisor"), **PAPER)

    assert await status_lists.reference(licence.id) == place
    assert await StatusEntry.all().count() == 1
