"""The statements that a page or a timer makes, as PostgreSQL is given them, and its plans.

A plan is bad when it walks through a large table, or reads more than a page can need: both grow
with the city. Statements are run anew under EXPLAIN ANALYZE and rolled back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.city.sheets import COLUMNS
from core import database

LARGE_ROWS = 10_000
MOST_BLOCKS = 700
"""Of 8 KiB, for one statement: a page of cases with all that hangs on it has fewer."""
MOST_ROWS = 6_000
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > 0"
_PARTIAL = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indpred IS NOT NULL
"""
_ASKED = re.compile(r"\s*(WITH|SELECT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement with its values."""

    text: str
    values: tuple[Any, ...]


class Recording(database.PlainConnection):
    """A connection that notes what it is asked, while somebody listens."""

    heard: list[Statement] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_query_logger(_note)


def _note(asked: Any) -> None:
    only_writes = "INSERT INTO" in asked.query.upper()  # has no plan, and cannot be run twice
    if Recording.heard is not None and _ASKED.match(asked.query) and not only_writes:
        Recording.heard.append(Statement(asked.query, tuple(asked.args or ())))


@contextmanager
def recording_connections() -> Iterator[None]:
    """Databases that are opened inside note what they are asked (see `heard`)."""
    plain, database.PlainConnection = database.PlainConnection, Recording  # type: ignore[misc]
    try:
        yield
    finally:
        database.PlainConnection = plain  # type: ignore[misc]


@contextmanager
def heard() -> Iterator[list[Statement]]:
    """What is asked inside."""
    Recording.heard = found = []
    try:
        yield found
    finally:
        Recording.heard = None


@dataclass(frozen=True)
class Fault:
    """Why a plan is bad."""

    what: str
    text: str

    def __str__(self) -> str:
        words = " ".join(self.text.split())
        return f"{self.what}: {words[:600]}"


async def faults(
    link: asyncpg.Connection, statements: Sequence[Statement], *, small: bool = False
) -> list[Fault]:
    """Of every different statement, what its plan does that grows with the city.

    In a `small` city nothing is large: there a plan is bad when no index leads to the rows, however
    few they are (PostgreSQL is told to avoid walking through tables, and does it where it must).
    """
    large = await _growing(link) if small else await _large(link)
    partial = await _partial(link)
    if small:
        await link.execute("SET enable_seqscan = off")
    found = []
    for statement in {one.text: one for one in statements}.values():
        plan = await explain(link, statement)
        seen = _without_index(plan, large, partial) if small else _faults_of(plan, large)
        found += [Fault(what, statement.text) for what in seen]
    return found


async def _growing(link: asyncpg.Connection) -> set[str]:
    """Tables that are large in a city of a million, as far as this one has rows of them."""
    names = [row["relname"] for row in await link.fetch(_TABLES)]
    return {name for name in names if name in COLUMNS}


async def _partial(link: asyncpg.Connection) -> set[str]:
    """Indexes of some rows only: a condition of theirs is one that the statement repeats."""
    return {row["relname"] for row in await link.fetch(_PARTIAL)}


def _without_index(plan: dict[str, Any], large: set[str], partial: set[str]) -> Iterator[str]:
    for node in _nodes(plan["Plan"]):
        if node.get("Relation Name") not in large:
            continue
        if node["Node Type"] == "Seq Scan":
            yield f"has no index into {node['Relation Name']}"
        whole = "Index Name" in node and "Index Cond" not in node and "Filter" in node
        if whole and node["Index Name"] not in partial:
            yield f"walks through {node['Index Name']}"


async def explain(link: asyncpg.Connection, statement: Statement) -> dict[str, Any]:
    """The plan with what it really read."""
    change = link.transaction()
    await change.start()
    try:
        asked = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}"
        told = await link.fetchval(asked, *statement.values)
        plan: dict[str, Any] = json.loads(told)[0]
        return plan
    finally:
        await change.rollback()


async def _large(link: asyncpg.Connection) -> set[str]:
    rows = await link.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE_ROWS
    )
    return {row["relname"] for row in rows}


def _faults_of(plan: dict[str, Any], large: set[str]) -> Iterator[str]:
    top = plan["Plan"]
    for node in _nodes(top):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large:
            yield f"walks through {node['Relation Name']}"
        seen = _seen(node)
        if "Relation Name" in node and seen > MOST_ROWS:
            yield f"reads {seen:,} rows of {node['Relation Name']}"
    blocks = top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0)
    if blocks > MOST_BLOCKS:
        yield f"reads {blocks:,} blocks"


def _seen(node: dict[str, Any]) -> int:
    """Rows that a node gave or threw away, in all its rounds."""
    one = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int((one + node.get("Rows Removed by Index Recheck", 0)) * node["Actual Loops"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
