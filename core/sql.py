"""Plain SQL for both databases, with named values and moments of the database's own clock.

    rows = await sql.rows("UPDATE … SET due_at = :later WHERE id = :id RETURNING id",
                          later=After(5), id=7)

`:name` becomes a numbered parameter. A value `After(seconds)` is that far from the database's
present: PostgreSQL adds it to `statement_timestamp()`, so that several machines agree whatever
their own clocks say; SQLite serves the processes of one machine, whose clock is asked. Where a test
has replaced the clock, both take the replaced one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise import connections

from core import clock, database

_NAME = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


@dataclass(frozen=True)
class After:
    """A moment, as seconds from the database's present (negative: before it)."""

    seconds: float = 0.0


NOW = After()


async def rows(text: str, **values: Any) -> list[dict[str, Any]]:
    """Run one statement in the current transaction; the rows it gives or RETURNs."""
    on_sqlite = database.dialect() == "sqlite"
    rendered, parameters = render(text, values, on_sqlite=on_sqlite)
    connection = connections.get(database.CONNECTION)
    found: list[dict[str, Any]] = await connection.execute_query_dict(rendered, parameters)
    return found


def render(text: str, values: dict[str, Any], *, on_sqlite: bool) -> tuple[str, list[Any]]:
    """The statement of one dialect and its parameters in order. Raises KeyError for a name that
    has no value."""
    numbers: dict[str, str] = {}
    parameters: list[Any] = []

    def place(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in numbers:
            numbers[name] = _placed(values[name], parameters, on_sqlite=on_sqlite)
        return numbers[name]

    return _NAME.sub(place, text), parameters


def _placed(value: Any, parameters: list[Any], *, on_sqlite: bool) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        places = [_placed(one, parameters, on_sqlite=on_sqlite) for one in value]
        return "(" + ", ".join(places or ["NULL"]) + ")"
    if isinstance(value, After):
        return _moment(value, parameters, on_sqlite=on_sqlite)
    if isinstance(value, UUID) and on_sqlite:
        value = str(value)
    parameters.append(value)
    return f"?{len(parameters)}" if on_sqlite else f"${len(parameters)}"


def _moment(value: After, parameters: list[Any], *, on_sqlite: bool) -> str:
    if on_sqlite or clock.is_replaced():
        parameters.append(clock.now() + timedelta(seconds=value.seconds))
        return f"?{len(parameters)}" if on_sqlite else f"${len(parameters)}::timestamptz"
    parameters.append(timedelta(seconds=value.seconds))
    return f"(statement_timestamp() + ${len(parameters)}::interval)"
