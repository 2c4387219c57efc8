"""One database, one kind of transaction.

Each package is a Tortoise app with its own tables and migrations; all of them share the connection
`default`. `transaction()` may be nested: the inner one is a savepoint of the outer one. What must
happen after the outermost commit (ringing a bell) is registered by `after_commit`.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sqlite3
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from tortoise import Model, Tortoise, connections
from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connections
from tortoise.expressions import Q
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from core.data import database_limits, migrating
from core.data.database_errors import DATABASE_ERRORS as DATABASE_ERRORS
from core.data.statements import CONNECTION as CONNECTION
from core.data.statements import Statement as Statement
from core.data.statements import dialect as dialect
from core.data.unit import Unit, Writer

log = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.5

PAGE_ROWS = 500
"""Rows of one page of `each_row`."""

PIECE_VALUES = 1000
"""Values of one `IN (…)`. PostgreSQL takes 32,767 parameters in all, SQLite as many or more; both
are slow long before."""

M = TypeVar("M", bound=Model)
V = TypeVar("V")


def _as_text(moment: datetime) -> str:
    """SQLite compares moments as texts: all of them must say the same zone."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ")


# Tortoise's own adapter keeps the zone; it is registered by this module, whoever imports it first.
importlib.import_module("tortoise.backends.sqlite.executor")
sqlite3.register_adapter(datetime, _as_text)

_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """Everything inside commits together or not at all. No network call belongs in here."""
    outer = _unit.get()
    if outer is not None:
        async with _savepoint(outer) as connection:
            yield connection
        return
    unit = Unit()
    token = _unit.set(unit)
    try:
        async with _begun() as connection:
            yield connection
            await unit.write()
    finally:
        _unit.reset(token)
    for callback in unit.callbacks:
        callback()


@asynccontextmanager
async def _savepoint(unit: Unit) -> AsyncIterator[BaseDBAsyncClient]:
    """An inner transaction; what it left for the end is forgotten when it is rolled back."""
    lengths = unit.lengths()
    try:
        async with in_transaction(CONNECTION) as connection:
            yield connection
    except BaseException:
        unit.forget_behind(lengths)
        raise


@asynccontextmanager
async def _begun() -> AsyncIterator[BaseDBAsyncClient]:
    """Tortoise's transaction, also when the task is cancelled while it begins.

    Its own context manager then never gives back the lock (SQLite) or the connection (PostgreSQL):
    the one stops every writer for ever, the other drains the pool, one hung-up client at a time.
    """
    context = in_transaction(CONNECTION)
    try:
        connection = await context.__aenter__()
    except BaseException:
        await _give_back(context)
        raise
    try:
        yield connection
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        await context.__aexit__(None, None, None)


async def _give_back(context: Any) -> None:
    """Undo as much of `__aenter__` as had been done; nothing before it had set its token."""
    token = getattr(context, "token", None)
    if token is None:
        return
    get_connections().reset(token)
    lock = getattr(context, "_trxlock", None)
    if lock is None:
        pool = context.client._parent._pool
        await asyncio.shield(pool.release(context.client._connection))
        return
    try:
        # BEGIN may still be waiting in SQLite's own thread: the roll-back comes after it.
        await asyncio.shield(context.connection._connection.rollback())
    finally:
        lock.release()


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once the outermost transaction has committed; never after a roll-back."""
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("after_commit() belongs inside transaction()")
    unit.callbacks.append(callback)


def before_commit(writer: Writer, item: Any) -> None:
    """Let `writer` write `item` as the last thing of the outermost transaction.

    For rows that everybody waits for, such as the heads of chains: they are locked at the end and
    in one order, however acts nest, so that no two transactions wait for each other.
    """
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("before_commit() belongs inside transaction()")
    unit.last_writes.append((writer, item))


def insert_last(row: Model) -> None:
    """Insert `row` with the last statement of the outermost transaction.

    Until then nobody sees it, not even the transaction, and what a unique key says of it is heard
    when the transaction ends (IntegrityError).
    """
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("insert_last() belongs inside transaction()")
    unit.rows.append(row)


def run_last(statement: Statement, *values: Any) -> None:
    """Run `statement` with the last one of the outermost transaction; as `insert_last`.

    It must not change a row that another part of that statement writes.
    """
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("run_last() belongs inside transaction()")
    unit.changes.append((statement, values))


def in_progress() -> bool:
    """Whether this task is inside `transaction()`."""
    return _unit.get() is not None


class PlainConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that goes back to its pool without a question to the server.

    asyncpg asks it to forget session state (advisory locks, cursors, LISTEN, SET), four commands
    after each of our statements outside a transaction. We use no such state; a transaction that is
    still open is rolled back all the same.
    """

    def get_reset_query(self) -> str:
        return ""


def connection_config(database_url: str, *, migrating: bool = False) -> dict[str, Any]:
    """Tortoise's description of one connection. Raises ConfigurationError for a strange URL."""
    config = expand_db_url(database_url)
    if config["engine"] == "tortoise.backends.asyncpg":
        config["credentials"]["connection_class"] = PlainConnection
        database_limits.put(config["credentials"], migrating=migrating)
    return config


def tortoise_config(
    database_url: str, packages: Sequence[str], *, migrating: bool = False
) -> dict[str, Any]:
    """Tortoise's own configuration: one app per package, named by its last name.

    Tables and migrations are known by the app: a package that moves into a wing keeps both.
    """
    return {
        "connections": {CONNECTION: connection_config(database_url, migrating=migrating)},
        "apps": {
            package.rpartition(".")[2]: {
                "models": [f"{package}.models"],
                "default_connection": CONNECTION,
                "migrations": f"{package}.migrations",
            }
            for package in packages
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(
    database_url: str,
    packages: Sequence[str],
    *,
    patience: float = PATIENCE_SECONDS,
    migrating: bool = False,
) -> None:
    """Connect, and wait up to `patience` seconds for a database that is just starting.

    Raises one of DATABASE_ERRORS when it does not answer by then. Handlers run in other tasks than
    the start-up, hence the global fallback.
    """
    make_folder(database_url)
    await Tortoise.init(
        config=tortoise_config(database_url, packages, migrating=migrating),
        _enable_global_fallback=True,
    )
    try:
        await _wait_for_answer(patience)
    except BaseException:
        await close_database()
        raise


async def _wait_for_answer(patience: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        try:
            await connections.get(CONNECTION).execute_query("SELECT 1")
            return
        except DATABASE_ERRORS as error:
            if loop.time() >= end:
                log.error("the database does not answer; look at YUNJIAN_DATABASE_URL")
                raise
            log.warning("the database does not answer yet: %s", type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def close_database() -> None:
    """Disconnect and give the global fallback up, so that another database may be opened.

    Connections that are still busy after CLOSE_SECONDS are cut.
    """
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await Tortoise.close_connections()
    except TimeoutError:
        log.warning("the database was closed with connections still busy")


async def migrate(database_url: str, packages: Sequence[str]) -> None:
    """Bring the tables up to date with the migrations that lie in each package.

    Raises one of DATABASE_ERRORS when a table stays locked for longer than
    `database_limits.LOCK_SECONDS`: run it again when whoever reads it is done.
    """
    await open_database(database_url, packages, migrating=True)
    await apply_migrations(database_url, packages)
    await close_database()


async def apply_migrations(database_url: str, packages: Sequence[str]) -> None:
    """The same over a connection that is open already (a database in memory has but one)."""
    apps = tortoise_config(database_url, packages)["apps"]
    with migrating.tables_without_queries():
        await MigrationExecutor(connections.get(CONNECTION), apps).migrate()


def make_folder(database_url: str) -> None:
    """The folder of an SQLite file; other databases bring their own."""
    if not database_url.startswith("sqlite://"):
        return
    path = database_url.removeprefix("sqlite://").partition("?")[0]
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def detector(apps: Apps, database_url: str, packages: Sequence[str]) -> MigrationAutodetector:
    """Compares the tables with the migrations, without their descriptions.

    Docstrings are for readers of the code: as SQL comments they would change a migration with every
    reworded sentence, and a semicolon in one breaks Tortoise's SQLite statements.
    """
    for models in apps.values():
        for model in models.values():
            model._meta.table_description = ""
            for column in model._meta.fields_map.values():
                # An enumeration describes itself unless its description is there and empty.
                column.description = "" if hasattr(column, "enum_type") else None
    return MigrationAutodetector(apps, tortoise_config(database_url, packages)["apps"])


async def each_row(rows: QuerySet[M], *keys: str, size: int = PAGE_ROWS) -> AsyncIterator[M]:
    """Every row of `rows` in the order of `keys`, `size` of them in memory at a time.

    Tortoise's own `async for` fetches all rows before it gives the first. The last key is unique
    among rows that agree in the others, none is ever null, and an index that begins with them
    keeps each page short. A row that is written meanwhile behind the place reached is not seen.
    """
    page = rows.order_by(*keys).limit(size)
    found = await page
    while found:
        for row in found:
            yield row
        if len(found) < size:
            return
        found = await page.filter(_behind(found[-1], keys))


def _behind(row: Model, keys: Sequence[str]) -> Q:
    """(a > x) or (a = x and b > y) or …"""
    parts = []
    for place, key in enumerate(keys):
        same = {before: getattr(row, before) for before in keys[:place]}
        parts.append(Q(**same, **{f"{key}__gt": getattr(row, key)}))
    return Q(*parts, join_type=Q.OR)


def pieces(values: Iterable[V], size: int = PIECE_VALUES) -> Iterator[list[V]]:
    """`values` in lists short enough for one `IN (…)`; nothing for nothing."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece
