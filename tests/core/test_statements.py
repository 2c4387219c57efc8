"""What a transaction writes last: together, in order, all or nothing."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from tortoise import Model
from tortoise.exceptions import IntegrityError

from core import clock, database, outbox
from core.data.statements import ROWS_AT_ONCE, Find, Statement
from core.events import Event
from core.lease import LeaseRow
from core.outbox import OutboxMessage
from core.protection import audit
from core.protection.audit import AuditRecord
from core.protection.protect import ProtectionError
from push.models import Delivery, NoticePreference, StreamEntry
from tests.conftest import on_postgres
from wallet.models import Verification, VerificationKind

pytestmark = pytest.mark.usefixtures("db")

RAISE = Statement("UPDATE core_lease SET fence = fence + 1 WHERE name = ?")


class Happened(Event):
    """Something a test tells of."""


def lease(name: str) -> LeaseRow:
    return LeaseRow(name=name, holder="x", fence=1, expires_at=clock.now())


class Asked(logging.Handler):
    """What was asked of the database, as the driver's own log says it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(str(record.args[0]) if record.args else record.getMessage())

    def __enter__(self) -> "Asked":
        self._log = logging.getLogger("tortoise.db_client")
        self._level = self._log.level
        self._log.addHandler(self)
        self._log.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.setLevel(self._level)


@pytest.mark.skipif(
    not on_postgres(), reason="SQLite has no round trips to save: run with TEST_DATABASE=postgres"
)
async def test_events_records_and_rows_of_an_act_take_one_lock_and_one_statement() -> None:
    with Asked() as asked:
        async with database.transaction():
            database.insert_last(lease("a"))
            database.run_last(RAISE, "nobody")
            await outbox.publish(Happened(), key="a")
            await audit.record(actor="a:1", action="x", target="licence:1")

    lock, rest = asked.statements
    assert lock.startswith("SELECT sequence")
    assert rest.startswith("WITH")
    assert await OutboxMessage.all().count() == await AuditRecord.all().count() == 1
    assert await audit.check() == 1


@pytest.mark.parametrize("count", [1, 2, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 3 * ROWS_AT_ONCE + 5])
async def test_rows_get_their_numbers_in_the_order_they_came(count: int) -> None:
    told = [Happened() for _ in range(count)]
    async with database.transaction():
        for event in told:
            await outbox.publish(event, key="same")
            await audit.record(actor="a:1", action="x", target="licence:1")

    rows = await OutboxMessage.all().order_by("id")
    assert [row.event_id for row in rows] == [event.id for event in told]
    assert await audit.check() == count


async def test_same_statement_twice_takes_effect_twice() -> None:
    await lease("a").save(force_create=True)
    async with database.transaction():
        for _ in range(3):
            database.run_last(RAISE, "a")

    assert (await LeaseRow.get(name="a")).fence == 4


async def test_row_is_seen_by_nobody_before_the_end() -> None:
    async with database.transaction():
        database.insert_last(lease("a"))
        assert not await LeaseRow.exists(name="a")

    assert await LeaseRow.exists(name="a")


async def test_row_that_is_there_already_undoes_the_whole_transaction() -> None:
    await lease("a").save(force_create=True)

    with pytest.raises(IntegrityError):
        async with database.transaction():
            await lease("b").save(force_create=True)
            database.run_last(RAISE, "a")
            await outbox.publish(Happened(), key="a")
            await audit.record(actor="a:1", action="x", target="licence:1")
            database.insert_last(lease("a"))

    assert await LeaseRow.all().values_list("name", "fence") == [("a", 1)]
    assert not await OutboxMessage.exists()
    assert await audit.check() == 0


async def test_what_an_inner_act_left_for_the_end_is_forgotten_with_it() -> None:
    await lease("a").save(force_create=True)
    async with database.transaction():
        database.insert_last(lease("outer"))
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                database.insert_last(lease("inner"))
                database.run_last(RAISE, "a")
                raise ZeroDivisionError

    rows = await LeaseRow.all().order_by("name").values_list("name", "fence")
    assert rows == [("a", 1), ("outer", 1)]


async def test_outside_a_transaction_nothing_is_taken() -> None:
    with pytest.raises(RuntimeError):
        database.insert_last(lease("a"))
    with pytest.raises(RuntimeError):
        database.run_last(RAISE, "a")


def rows_of_every_kind() -> list[Model]:
    """Rows with every kind of column that is written last: enumerations, JSON, protected, empty."""
    at = clock.now()
    return [
        lease("a"),
        Verification(
            kind=VerificationKind.CODE,
            at=at,
            verdict="valid",
            reasons=["a", "二"],
            checks=[{"name": "x", "as_of": None}],
            report={"deep": [1, 2.5, True]},
            reader="counter:1",
            reader_name="综合窗口'1号\"?",
            department=None,
            licence_id=uuid4(),
            read_at=at,
        ),
        AuditRecord(
            chain=1,
            sequence=1,
            at=at,
            actor="a",
            action="b",
            target="c",
            detail={"n": 1},
            previous="0",
            digest="1",
        ),
        StreamEntry(stream_key="s", position=3, kind="k", payload='{"a":"？?$1"}', event_id=None),
        Delivery(event_id=uuid4(), recipient_id=uuid4(), channel="live", message="{}"),
    ]


@pytest.mark.parametrize("number", range(len(rows_of_every_kind())))
async def test_row_reads_back_as_it_was(number: int) -> None:
    row = rows_of_every_kind()[number]
    async with database.transaction():
        database.insert_last(row)

    (found,) = await type(row).all()

    assert plain(found) == plain(row)


def plain(row: Model) -> dict[str, Any]:
    generated = {name for name, one in row._meta.fields_map.items() if one.generated}
    return {name: getattr(row, name) for name in row._meta.db_fields if name not in generated}


async def test_row_that_does_not_fit_its_table_is_refused_with_all_others() -> None:
    with pytest.raises(Exception, match="holder"):
        async with database.transaction():
            database.insert_last(lease("a"))
            database.insert_last(
                LeaseRow(name="b", holder="x" * 900, fence=1, expires_at=clock.now())
            )

    assert not await LeaseRow.exists()


async def test_found_row_is_opened_like_any_other() -> None:
    person = uuid4()
    row = NoticePreference(person_id=person, email="zhang@example.org", quiet_from=None)
    await row.save(force_create=True)

    found = await Find(NoticePreference, "person_id").one(person)

    assert found is not None
    assert (found.email, found.quiet_from, found.changed_at) == (
        "zhang@example.org",
        None,
        row.changed_at,
    )
    assert await Find(NoticePreference, "person_id").one(uuid4()) is None


async def test_found_row_that_was_moved_here_from_another_is_not_opened() -> None:
    here, there = uuid4(), uuid4()
    await NoticePreference(person_id=here, email="a@example.org").save(force_create=True)
    await NoticePreference(person_id=there, email="b@example.org").save(force_create=True)
    swap = "(SELECT email FROM push_notice_preference WHERE person_id = ?)"
    await Statement(f"UPDATE push_notice_preference SET email = {swap} WHERE person_id = ?").run(
        str(there), str(here)
    )

    with pytest.raises(ProtectionError):
        await Find(NoticePreference, "person_id").one(here)
