"""Statements written by hand, for the few that every act passes through; many in one round trip.

A round trip to PostgreSQL costs more than the statement that makes it: 0.2 ms of CPU on our side
alone. What a transaction writes last (`core.database.insert_last`, `run_last`) therefore travels
together, as parts of one statement with `WITH`. The parts see nothing of each other, and no two of
them may change the same row (PostgreSQL 18, section 7.8.4). SQLite, where there is no way to go,
runs them one after another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, Generic, TypeVar

from tortoise import Model, connections

M = TypeVar("M", bound=Model)

CONNECTION = "default"

ROWS_AT_ONCE = 16
"""Of one table; each number of rows is a statement of its own for the database to prepare."""

KNOWN_TOGETHER = 256
"""Compositions whose text is kept."""


class Statement:
    """A statement in plain SQL, `?` for each value: for the few that every act passes through.

    Tortoise takes 0.1 ms of CPU to put one together. Values are numbers, texts and None, or what
    Tortoise would hand to the driver; an id is given as text. `FOR UPDATE` and `FOR SHARE` are left
    out on SQLite, which has one writer.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._texts = {
            "postgres": _numbered(sql),
            "sqlite": sql.removesuffix(" FOR UPDATE").removesuffix(" FOR SHARE"),
        }

    async def row(self, *values: Any) -> dict[str, Any] | None:
        """The first row it gives, if any."""
        rows = await self.rows(*values)
        return rows[0] if rows else None

    async def rows(self, *values: Any) -> list[dict[str, Any]]:
        """All rows it gives."""
        connection = connections.get(CONNECTION)
        found: list[dict[str, Any]] = await connection.execute_query_dict(
            self._texts[dialect()], list(values)
        )
        return found

    async def run(self, *values: Any) -> int:
        """How many rows it changed."""
        connection = connections.get(CONNECTION)
        changed, _ = await connection.execute_query(self._texts[dialect()], list(values))
        return int(changed)


@cache
def columns_of(model: type[Model], alias: str = "") -> str:
    """The columns of a table by name, for `loaded`; `*` would change under a prepared statement."""
    before = f"{alias}." if alias else ""
    return ", ".join(f'{before}"{name}"' for name in model._meta.fields_db_projection.values())


def loaded(model: type[M], row: Mapping[str, Any]) -> M:
    """The object of a row with all `columns_of` its table, as Tortoise itself makes it."""
    made: M = model._init_from_db(**row)
    return made


class Find(Generic[M]):
    """Finds the row with a key, as `get_or_none` does: for what every reading or telling asks."""

    def __init__(self, model: type[M], column: str) -> None:
        self._model = model
        self._column = column

    async def one(self, value: object) -> M | None:
        """The row, or None. An id is given as it is."""
        row = await self._statement.row(str(value))
        return None if row is None else loaded(self._model, row)

    @cached_property
    def _statement(self) -> Statement:
        # Put together when it is used first: a table's columns are known once all models are.
        columns, table = columns_of(self._model), self._model._meta.db_table
        return Statement(f'SELECT {columns} FROM "{table}" WHERE "{self._column}" = ?')  # noqa: S608


def dialect() -> str:
    """`sqlite` or `postgres`, for the few statements that differ."""
    return str(connections.get(CONNECTION).capabilities.dialect)


Part = tuple[Statement, Sequence[Any]]
"""A statement with its values."""


async def write_together(rows: Sequence[Model], changes: Sequence[Part]) -> None:
    """Insert `rows` and run `changes` in as few round trips as there may be.

    Rows of one table are inserted in the order given, which is the order of the numbers that the
    database gives them; what comes a second time for one table waits for the next round trip. Keys
    that the database makes are not told.
    """
    parts = [(name, (statement, values)) for name, statement, values in _inserts(rows)]
    for round_trip in _rounds([*parts, *((part[0], part) for part in changes)]):
        await _run(round_trip)
    for row in rows:
        row._saved_in_db = True


def _inserts(rows: Sequence[Model]) -> Iterable[tuple[type[Model], Statement, list[Any]]]:
    by_model: dict[type[Model], list[Model]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, own in by_model.items():
        for begin in range(0, len(own), ROWS_AT_ONCE):
            some = own[begin : begin + ROWS_AT_ONCE]
            values = [value for row in some for value in _values(row)]
            yield model, _insert(model, len(some)), values


@cache
def _columns(model: type[Model]) -> dict[str, str]:
    """Names of fields and of columns, without what the database fills in."""
    meta = model._meta
    fields = meta.fields_map
    return {
        name: column
        for name, column in meta.fields_db_projection.items()
        if not fields[name].generated
    }


def _values(row: Model) -> list[Any]:
    fields = row._meta.fields_map
    return [fields[name].to_db_value(getattr(row, name), row) for name in _columns(type(row))]


@cache
def _insert(model: type[Model], count: int) -> Statement:
    columns = _columns(model).values()
    named = ", ".join(f'"{column}"' for column in columns)
    places = f"({', '.join('?' for _ in columns)})"
    table = model._meta.db_table
    rows = ", ".join([places] * count)
    return Statement(f'INSERT INTO "{table}" ({named}) VALUES {rows}')  # noqa: S608 - names of ours


def _rounds(parts: Iterable[tuple[object, Part]]) -> list[list[Part]]:
    """Parts that may go together; the second one about the same thing goes with the second lot."""
    rounds: list[list[Part]] = []
    seen: Counter[object] = Counter()
    for about, part in parts:
        if seen[about] == len(rounds):
            rounds.append([])
        rounds[seen[about]].append(part)
        seen[about] += 1
    return rounds


async def _run(parts: Sequence[Part]) -> None:
    if dialect() != "postgres":
        for statement, values in parts:
            await statement.run(*values)
        return
    composed = _together(tuple(statement for statement, _ in parts))
    await composed.run(*(value for _, values in parts for value in values))


@lru_cache(maxsize=KNOWN_TOGETHER)
def _together(statements: tuple[Statement, ...]) -> Statement:
    *before, last = (statement.sql for statement in statements)
    if not before:
        return statements[0]
    named = ", ".join(f"part{n} AS ({sql})" for n, sql in enumerate(before))
    return Statement(f"WITH {named} {last}")


def _numbered(sql: str) -> str:
    pieces = sql.split("?")
    return "".join(f"{piece}${n}" for n, piece in enumerate(pieces[:-1], start=1)) + pieces[-1]
