"""The life of a licence by the law's table, for every type and in every order of events.

valid ⇄ suspended; both → withdrawn (行政许可法 69), cancelled (70) or revoked, and those are
for ever. Expiry is the calendar's. Every change keeps cause, authority, document and time.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tortoise import connections

from core import clock, database
from core.protection.audit import AuditRecord
from tests.conftest import FrozenClock
from tests.wallet.city import City
from wallet.document.face import FaceData
from wallet.errors import LicenceNotFound, StateChangeNotAllowed
from wallet.issue import from_case
from wallet.models import Licence, LogEntry, StateChange
from wallet.register import history, queries, status
from wallet.types import catalogue, validity
from wallet.types.licence_types import LicenceType, OnExpiry
from wallet.types.validity import LicenceState

S = LicenceState
Act = Callable[..., Awaitable[None]]

LAW: Mapping[str, tuple[Act, frozenset[LicenceState], LicenceState]] = {
    "suspend": (status.suspend, frozenset({S.VALID}), S.SUSPENDED),
    "resume": (status.resume, frozenset({S.SUSPENDED}), S.VALID),
    "revoke": (status.revoke, frozenset({S.VALID, S.SUSPENDED}), S.REVOKED),
    "withdraw": (status.withdraw, frozenset({S.VALID, S.SUSPENDED}), S.WITHDRAWN),
    "cancel": (status.cancel, frozenset({S.VALID, S.SUSPENDED}), S.CANCELLED),
}
"""Act → from which stored states, to which."""

FOR_EVER = frozenset({S.REVOKED, S.WITHDRAWN, S.CANCELLED, S.SUPERSEDED})
STORED = (S.VALID, S.SUSPENDED, S.REVOKED, S.WITHDRAWN, S.CANCELLED, S.SUPERSEDED)
AT_THE_END = {
    OnExpiry.EXPIRED_INVALID: S.EXPIRED,
    OnExpiry.VOID: S.EXPIRED,
    OnExpiry.SUSPENDED: S.SUSPENDED,
    OnExpiry.CANCELLED: S.CANCELLED,
    OnExpiry.NONE: S.VALID,
}
"""A residence permit that is not endorsed is suspended (居住证条例 10), a permit whose work never
began is void (建筑法 9), an expired one is cancelled or no longer valid (行政许可法 70)."""

TYPES = pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)


async def licence_of(type_: LicenceType, city: City, *, serial: int = 0) -> UUID:
    """A row as an issue leaves it; its document and its facts play no part here."""
    data = FaceData(
        licence_type=type_.code,
        facts={},
        number=f"NO-{type_.code}-{serial}",
        identifier=f"1.2.156.3005.2.{type_.code}.{serial}",
        holder_name="张演示",
        holder_id_type="111",
        holder_id_no="310199199003071017",
        issued_on=date(2026, 11, 25),
        valid_to=None,
        document_id="0" * 32,
        drawn_at=clock.now(),
    )
    async with database.transaction():
        row = await from_case.add_row(
            data, document="0" * 64, subject_id=city.zhang, case_id=None, previous_id=None
        )
    return row.id


async def act(name: str, licence_id: UUID, type_: LicenceType, city: City) -> None:
    keeper = city.officer("seal_keeper", department=type_.issuer)
    await LAW[name][0](licence_id, cause=f"因{name}", document_no=f"文〔{name}〕", by=keeper)


@TYPES
async def test_every_act_from_every_state_is_as_the_law_says(
    type_: LicenceType, city: City
) -> None:
    licence_id = await licence_of(type_, city)
    for name, (_, allowed, after) in LAW.items():
        for before in STORED:
            await Licence.filter(id=licence_id).update(state=before)
            if before in allowed:
                await act(name, licence_id, type_, city)
                assert (await Licence.get(id=licence_id)).state is after
            else:
                with pytest.raises(StateChangeNotAllowed):
                    await act(name, licence_id, type_, city)
                assert (await Licence.get(id=licence_id)).state is before


@TYPES
def test_the_calendar_ends_what_the_law_lets_end(type_: LicenceType) -> None:
    end = date(2027, 6, 30)
    rule = type_.validity
    for stored in STORED:
        before = validity.state_on(
            stored,
            rule=rule,
            valid_to=end,
            day=end - timedelta(days=validity.window_days(rule) + 1),
        )
        last = validity.state_on(stored, rule=rule, valid_to=end, day=end)
        after = validity.state_on(stored, rule=rule, valid_to=end, day=end + timedelta(days=1))
        endless = validity.state_on(stored, rule=rule, valid_to=None, day=end)
        assert before is endless is stored
        assert last is (S.EXPIRING if stored is S.VALID else stored)
        assert after is (AT_THE_END[rule.on_expiry] if stored is S.VALID else stored)


async def test_no_order_of_events_leaves_an_impossible_state_or_loses_a_line(
    city: City, frozen_clock: FrozenClock
) -> None:
    random = Random(20261125)
    for type_ in catalogue.all_types():
        await one_life(type_, city, frozen_clock, random)


async def one_life(
    type_: LicenceType, city: City, frozen_clock: FrozenClock, random: Random
) -> None:
    """Twelve random events on one licence against the table."""
    licence_id = await licence_of(type_, city)
    expected, states = S.VALID, [(frozen_clock(), S.VALID)]
    for _ in range(12):
        frozen_clock.advance(hours=random.randint(1, 50))
        name = random.choice(list(LAW))
        _, allowed, after = LAW[name]
        if expected in allowed:
            await act(name, licence_id, type_, city)
            assert expected not in FOR_EVER
            expected = after
            states.append((frozen_clock(), after))
        else:
            with pytest.raises(StateChangeNotAllowed):
                await act(name, licence_id, type_, city)
    await insist_on_whole_record(licence_id, type_, states)


async def insist_on_whole_record(
    licence_id: UUID, type_: LicenceType, states: list[tuple[Any, LicenceState]]
) -> None:
    licence = await Licence.get(id=licence_id)
    changes = await StateChange.filter(licence_id=licence_id).order_by("at")
    assert licence.state is states[-1][1]
    assert [change.after for change in changes] == [state for _, state in states[1:]]
    assert [change.before for change in changes] == [state for _, state in states[:-1]]
    assert all(change.cause and change.authority and change.document_no for change in changes)
    target = f"licence:{licence_id}"
    assert await AuditRecord.filter(target=target).count() == len(changes)
    entries = LogEntry.filter(kind="licence-changed", data__contains='"state"')
    assert await entries.count() >= len(changes)
    for at, state in states:
        then = await history.at(licence_id, at)
        assert then is not None
        assert then.state is state
        if then.since is not None:
            assert (then.since.authority, then.since.at) == (type_.issuer_name, at)
    assert await history.at(licence_id, states[0][0] - timedelta(seconds=1)) is None


async def test_history_belongs_to_holder_and_issuer(city: City) -> None:
    type_ = catalogue.get_type("RES")
    licence_id = await licence_of(type_, city)
    await act("suspend", licence_id, type_, city)

    (change,) = await history.of_own(licence_id, by=city.citizen(city.zhang))
    assert (change.after, change.document_no) == ("suspended", "文〔suspend〕")
    assert await history.for_staff(licence_id, by=city.officer("seal_keeper")) == [change]
    with pytest.raises(LicenceNotFound):
        await history.of_own(licence_id, by=city.citizen(city.li))
    with pytest.raises(LicenceNotFound):
        await history.for_staff(licence_id, by=city.officer("seal_keeper", department="WJW"))


async def test_wallet_of_forty_is_listed_in_three_queries_at_most(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = catalogue.all_types()
    for serial in range(40):
        await licence_of(types[serial % len(types)], city, serial=serial)
    connection = connections.get(database.CONNECTION)
    asked: list[str] = []
    for name in ("execute_query", "execute_query_dict", "execute_query_dict_with_affected"):
        original = getattr(connection, name, None)
        if original is not None:
            monkeypatch.setattr(connection, name, counting(original, asked))

    assert len(await queries.list_licences(city.zhang)) == 40
    assert 1 <= len(asked) <= 3


def counting(original: Any, asked: list[str]) -> Any:
    async def count(query: str, *arguments: Any, **more: Any) -> Any:
        asked.append(query)
        return await original(query, *arguments, **more)

    return count
