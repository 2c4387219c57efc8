"""A value that cannot be kept, a database that is away and a bug of ours are three things."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosqlite
import asyncpg
import pytest
from tortoise import connections
from tortoise.exceptions import DBConnectionError, DoesNotExist

from core import database
from core.clock import now
from core.data.database_errors import Trouble, judge
from core.lease import LeaseRow
from tests.conftest import on_postgres


async def trouble_of(act: Callable[[], Awaitable[object]]) -> Trouble:
    """The judgement on what `act` raises."""
    try:
        await act()
    except Exception as error:
        return judge(error)
    raise AssertionError("nothing was raised")


async def lease(**changed: object) -> None:
    values = {"name": "a", "holder": "x", "fence": 1, "expires_at": now(), **changed}
    await LeaseRow.create(**values)


@pytest.mark.usefixtures("db")
class TestRealErrors:
    @pytest.mark.parametrize("number", [2**63, 10**19, -(10**30)])
    async def test_number_beyond_the_column_is_a_value(self, number: int) -> None:
        assert await trouble_of(lambda: lease(fence=number)) is Trouble.VALUE
        assert await trouble_of(lambda: _first(fence__gt=number)) is Trouble.VALUE

    async def test_text_longer_than_the_column_is_a_value(self) -> None:
        assert await trouble_of(lambda: lease(holder="x" * 5000)) is Trouble.VALUE
        assert await trouble_of(lambda: _first(name="x" * 5000)) is Trouble.VALUE

    @pytest.mark.skipif(
        not on_postgres(), reason="SQLite keeps a NUL as it is: run with TEST_DATABASE=postgres"
    )
    async def test_nul_in_a_text_is_a_value(self) -> None:
        assert await trouble_of(lambda: lease(holder="a\0b")) is Trouble.VALUE
        assert await trouble_of(lambda: _first(holder="a\0b")) is Trouble.VALUE

    async def test_unique_value_that_is_there_is_taken(self) -> None:
        await lease()

        assert await trouble_of(lease) is Trouble.TAKEN

    async def test_too_many_parameters_are_a_bug(self) -> None:
        count = 33_000 if on_postgres() else 251_000
        places = (f"${n}" if on_postgres() else "?" for n in range(1, count + 1))
        statement = f"SELECT 1 WHERE 'x' IN ({','.join(places)})"
        connection = connections.get(database.CONNECTION)

        async def ask() -> object:
            return await connection.execute_query(statement, ["x"] * count)

        assert await trouble_of(ask) is Trouble.BUG

    @pytest.mark.parametrize(
        "statement", ["SELECT nothing FROM nowhere", "SELEKT 1", "SELECT COUNT(1, 2, 3)"]
    )
    async def test_wrong_statement_is_a_bug(self, statement: str) -> None:
        connection = connections.get(database.CONNECTION)

        assert await trouble_of(lambda: connection.execute_query(statement)) is Trouble.BUG

    async def test_row_that_is_not_there_is_a_bug(self) -> None:
        assert await trouble_of(lambda: LeaseRow.get(name="nobody")) is Trouble.BUG


async def _first(**conditions: object) -> object:
    return await LeaseRow.filter(**conditions).first()


class TestSqliteAway:
    """Over the driver itself, because Tortoise translates queries but not commits."""

    async def test_full_disk_is_away(self, tmp_path: Path) -> None:
        async with aiosqlite.connect(tmp_path / "full") as connection:
            await connection.execute("CREATE TABLE kept (content BLOB)")
            await connection.execute("PRAGMA max_page_count = 4")
            fill = "INSERT INTO kept VALUES (zeroblob(100000))"

            assert await trouble_of(lambda: connection.execute(fill)) is Trouble.AWAY

    async def test_locked_database_is_away(self, tmp_path: Path) -> None:
        async with (
            aiosqlite.connect(tmp_path / "locked", timeout=0.01) as one,
            aiosqlite.connect(tmp_path / "locked", timeout=0.01) as other,
        ):
            await one.execute("BEGIN IMMEDIATE")

            assert await trouble_of(lambda: other.execute("BEGIN IMMEDIATE")) is Trouble.AWAY

    async def test_read_only_database_is_away(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        async with aiosqlite.connect(f"file:{tmp_path}/file?mode=ro", uri=True) as connection:
            create = "CREATE TABLE kept (content BLOB)"

            assert await trouble_of(lambda: connection.execute(create)) is Trouble.AWAY


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ConnectionRefusedError(), Trouble.AWAY),
        (DBConnectionError("nobody there"), Trouble.AWAY),
        (asyncpg.InterfaceError("connection is closed"), Trouble.AWAY),
        (asyncpg.InterfaceError("pool is closing"), Trouble.AWAY),
        (asyncpg.InterfaceError("cannot perform operation: another is in progress"), Trouble.BUG),
        (asyncpg.DiskFullError("no space left"), Trouble.AWAY),
        (asyncpg.TooManyConnectionsError("sorry"), Trouble.AWAY),
        (asyncpg.DeadlockDetectedError("deadlock"), Trouble.AWAY),
        (asyncpg.QueryCanceledError("statement time-out"), Trouble.AWAY),
        (asyncpg.ReadOnlySQLTransactionError("standby"), Trouble.AWAY),
        (asyncpg.NotNullViolationError("null"), Trouble.BUG),
        (asyncpg.UndefinedColumnError("no such column"), Trouble.BUG),
        (sqlite3.ProgrammingError("wrong number of bindings"), Trouble.BUG),
        (OverflowError("math range error"), Trouble.BUG),
        (DoesNotExist(LeaseRow), Trouble.BUG),
        (KeyError("x"), Trouble.BUG),
    ],
)
def test_meaning(error: Exception, meaning: Trouble) -> None:
    assert judge(error) is meaning
