"""How long PostgreSQL may take over what we ask, so that one stuck lock does not take the pool.

The database ends what takes longer and says so; the edge answers 503. Set in the database's URL, in
whole seconds: `?statement_seconds=30&lock_seconds=5&idle_seconds=30`; 0 is without limit. They are
sent when a connection begins, so a pooler in between has to let them through (PgBouncer:
`ignore_startup_parameters`). SQLite waits `busy_timeout` milliseconds for its one writer.

Source: PostgreSQL 18, section 19.11.1, `statement_timeout` and what follows.
"""

from __future__ import annotations

from typing import Any

STATEMENT_SECONDS = 30
LOCK_SECONDS = 5
"""Also of migrations: what waits for a table's lock stops all who come to the table after it."""

IDLE_SECONDS = 30
"""Within a transaction; no network call belongs into one, so nothing of ours is idle so long."""

MARGIN_SECONDS = 5
"""The driver waits so much longer than the server: a server that is gone cannot end anything."""

CONNECT_SECONDS = 10


def put(credentials: dict[str, Any], *, migrating: bool = False) -> None:
    """Turn the limits of a URL, or ours, into settings of each connection. In place.

    Migrations may fill a large table for hours, but never wait long for a lock.
    """
    statement = int(credentials.pop("statement_seconds", STATEMENT_SECONDS))
    lock = int(credentials.pop("lock_seconds", LOCK_SECONDS))
    idle = int(credentials.pop("idle_seconds", IDLE_SECONDS))
    if migrating:
        statement = 0
    credentials["server_settings"] = {
        **credentials.get("server_settings", {}),
        "statement_timeout": str(statement * 1000),
        "lock_timeout": str(lock * 1000),
        "idle_in_transaction_session_timeout": str(idle * 1000),
    }
    if statement:
        credentials.setdefault("command_timeout", statement + MARGIN_SECONDS)
    credentials.setdefault("timeout", CONNECT_SECONDS)
