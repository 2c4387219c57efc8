"""One stuck statement, lock or transaction does not take the pool with it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from core import database
from core.data import database_limits
from core.data.database_errors import Trouble, judge
from tests.conftest import on_postgres

URL = "asyncpg://u:p@h:5432/d"

postgres_only = pytest.mark.skipif(
    not on_postgres(), reason="limits that SQLite does not have: run with TEST_DATABASE=postgres"
)


def credentials(url: str, *, migrating: bool = False) -> Any:
    return database.connection_config(url, migrating=migrating)["credentials"]


def test_every_connection_has_limits() -> None:
    found = credentials(URL)

    assert found["server_settings"] == {
        "statement_timeout": "30000",
        "lock_timeout": "5000",
        "idle_in_transaction_session_timeout": "30000",
    }
    assert found["command_timeout"] > database_limits.STATEMENT_SECONDS
    assert found["timeout"] == database_limits.CONNECT_SECONDS


def test_limits_are_set_in_the_url() -> None:
    found = credentials(f"{URL}?statement_seconds=7&lock_seconds=2&idle_seconds=0&maxsize=3")

    assert found["server_settings"]["statement_timeout"] == "7000"
    assert found["server_settings"]["lock_timeout"] == "2000"
    assert found["server_settings"]["idle_in_transaction_session_timeout"] == "0"
    assert found["command_timeout"] == 12
    assert "statement_seconds" not in found


def test_migrations_fill_for_hours_and_never_wait_long_for_a_lock() -> None:
    found = credentials(URL, migrating=True)

    assert found["server_settings"]["statement_timeout"] == "0"
    assert found["server_settings"]["lock_timeout"] == "5000"
    assert "command_timeout" not in found


def test_sqlite_waits_for_its_one_writer(tmp_path: Any) -> None:
    from core.settings import default_database_url

    assert "busy_timeout=5000" in default_database_url(tmp_path)


@pytest.fixture
async def connection(database_url: str) -> Any:
    """A connection with short limits, as the driver makes it of a URL."""
    found = credentials(f"{database_url}?statement_seconds=3&lock_seconds=1&idle_seconds=1")
    made = await asyncpg.connect(
        host=found["host"],
        port=found["port"],
        user=found["user"],
        database=found["database"],
        server_settings=found["server_settings"],
        command_timeout=found["command_timeout"],
    )
    yield made
    made.terminate()


@postgres_only
async def test_statement_that_takes_too_long_is_ended(connection: Any) -> None:
    with pytest.raises(asyncpg.QueryCanceledError) as caught:
        await connection.execute("SELECT pg_sleep(30)")

    assert judge(caught.value) is Trouble.AWAY
    assert await connection.fetchval("SELECT 1") == 1


@postgres_only
async def test_lock_that_does_not_come_is_given_up(
    connection: Any, database_url: str, db: None
) -> None:
    async with database.transaction() as holder:
        await holder.execute_query("LOCK TABLE core_lease IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError) as caught:
            await connection.execute("SELECT * FROM core_lease")

    assert judge(caught.value) is Trouble.AWAY


@postgres_only
async def test_transaction_in_which_nothing_happens_is_ended(connection: Any) -> None:
    transaction = connection.transaction()
    await transaction.start()
    async with asyncio.timeout(20):
        while not connection.is_closed():  # noqa: ASYNC110 - the server ends it
            await asyncio.sleep(0.05)

    with pytest.raises(asyncpg.InterfaceError) as caught:
        await connection.execute("SELECT 1")
    assert judge(caught.value) is Trouble.AWAY


@postgres_only
async def test_open_database_has_the_limits(db: None) -> None:
    async with database.transaction() as connection:
        rows = await connection.execute_query_dict("SHOW lock_timeout")

    assert rows == [{"lock_timeout": "5s"}]
