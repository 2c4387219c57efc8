"""What an error of the database means: it is away, the value cannot be kept, or the fault is ours.

Tortoise's `OperationalError` stands for all three, so the driver's own error inside it is judged:
by SQLSTATE (https://www.postgresql.org/docs/18/errcodes-appendix.html) and by SQLite's result code
(https://www.sqlite.org/rescode.html). Whatever is not known to be one of the first two is a bug of
ours: "come back in five seconds" would hide it for ever.
"""

from __future__ import annotations

import sqlite3
from enum import Enum

import asyncpg
from tortoise.exceptions import (
    BaseORMException,
    DBConnectionError,
    IntegrityError,
    OperationalError,
    ValidationError,
)

DATABASE_ERRORS = (
    DBConnectionError,
    OperationalError,
    # Tortoise translates what a query raises, but not what a commit or a new connection does.
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    sqlite3.OperationalError,
    ConnectionError,
)
"""What a caller sees when the database is away, and more: `judge` tells which it is."""

JUDGED = (
    BaseORMException,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OverflowError,
    ConnectionError,
)
"""Everything that may come from the database and is worth a judgement."""


class Trouble(Enum):
    """The caller is told to come back (503), to mend a value (422), to look again (409), or ours is
    the fault (500)."""

    AWAY = "away"
    VALUE = "value"
    TAKEN = "taken"
    BUG = "bug"


_AWAY_CLASSES = frozenset({"08", "40", "53", "57", "58"})
"""Connection, roll-back of a deadlock, resources (a full disk), an operator, the system."""

_AWAY_STATES = frozenset({"55P03", "25006", "XX000", "XX001", "XX002"})
"""A lock that did not come, a standby that takes no writes, damage."""

_TAKEN = "23505"

_AWAY_RESULTS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def judge(error: BaseException) -> Trouble:
    """What `error` means. Of errors that are not a database's nothing is known: BUG."""
    inner = driver_error(error)
    if isinstance(inner, ValidationError):
        return Trouble.VALUE
    if isinstance(inner, asyncpg.PostgresError):
        return _of_state(inner.sqlstate or "")
    if isinstance(inner, asyncpg.InterfaceError):
        return _of_interface(inner)
    if isinstance(inner, sqlite3.Error):
        return _of_result(inner)
    if isinstance(inner, OverflowError):
        # Raised by SQLite's adapter; any other is not about a value that came from outside.
        return Trouble.VALUE if "SQLite INTEGER" in str(inner) else Trouble.BUG
    away = isinstance(inner, (DBConnectionError, ConnectionError, asyncpg.InternalClientError))
    return Trouble.AWAY if away else Trouble.BUG


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error inside Tortoise's."""
    if isinstance(error, (OperationalError, IntegrityError)) and error.args:
        inner = error.args[0]
        if isinstance(inner, BaseException):
            return inner
    return error


def name(error: BaseException) -> str:
    """Class and code for a log: the message itself may hold the value that was refused."""
    inner = driver_error(error)
    code = getattr(inner, "sqlstate", None) or getattr(inner, "sqlite_errorname", None)
    return f"{type(inner).__name__} {code}" if code else type(inner).__name__


def _of_state(state: str) -> Trouble:
    if state == _TAKEN:
        return Trouble.TAKEN
    if state.startswith("22"):
        return Trouble.VALUE
    return Trouble.AWAY if state[:2] in _AWAY_CLASSES or state in _AWAY_STATES else Trouble.BUG


def _of_interface(error: asyncpg.InterfaceError) -> Trouble:
    if isinstance(error, ValueError):
        # A value that does not fit the column's type, found before it was sent.
        is_configuration = isinstance(error, asyncpg.exceptions.ClientConfigurationError)
        return Trouble.BUG if is_configuration else Trouble.VALUE
    # "connection is closed", "pool is closing"; not too many arguments, nor two at once on one.
    text = str(error)
    return Trouble.AWAY if "clos" in text or "released" in text else Trouble.BUG


def _of_result(error: sqlite3.Error) -> Trouble:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.DataError) or code == sqlite3.SQLITE_TOOBIG:
        return Trouble.VALUE
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Trouble.TAKEN
    # The low byte is the result, the rest says more about it.
    return Trouble.AWAY if code is not None and code & 0xFF in _AWAY_RESULTS else Trouble.BUG
