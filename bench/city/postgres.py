"""Loading into PostgreSQL: COPY by two processes into tables without indexes, then the indexes.

What a migrated database has at the beginning it has at the end, index for index and constraint for
constraint (`Loader.finish` compares).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field

import asyncpg

from bench.city import auditing, blocks
from bench.city.blocks import Plan
from bench.city.ink import Ink
from bench.city.sheets import COLUMNS
from core.protection import protect
from core.protection.audit import CHAINS

PROCESSES = 2
AUDIT_AT_ONCE = 50_000
_CONSTRAINTS = """
SELECT c.conname AS name, c.conrelid::regclass::text AS on, c.contype AS kind,
       pg_get_constraintdef(c.oid) AS said
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = 'public' AND c.contype IN ('p', 'u', 'f') AND c.conrelid <> 0
ORDER BY c.conname
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS on,
       pg_get_indexdef(i.indexrelid) AS said
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND i.indpred IS NULL AND NOT EXISTS (
  SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY 1
"""
"""Indexes of some rows only stay where they are: they are small, and what the database says of
their condition is not what it was told."""
_SERIAL = """
SELECT column_default FROM information_schema.columns
WHERE table_name = $1 AND column_name = 'id' AND column_default LIKE 'nextval%'
"""
_KIND_ORDER = {b"f": 0, b"u": 1, b"p": 2}


@dataclass(frozen=True)
class Part:
    """A constraint or an index."""

    name: str
    on: str
    said: str
    kind: bytes = b"i"

    @property
    def drop(self) -> str:
        if self.kind == b"i":
            return f"DROP INDEX {self.name}"
        return f'ALTER TABLE {self.on} DROP CONSTRAINT "{self.name}"'

    @property
    def make(self) -> str:
        if self.kind == b"i":
            return self.said
        return f'ALTER TABLE {self.on} ADD CONSTRAINT "{self.name}" {self.said}'


def plain(database_url: str) -> str:
    """A database's address as asyncpg takes it."""
    return database_url.replace("asyncpg://", "postgres://").partition("?")[0]


async def analyse(database_url: str) -> None:
    """Let the planner see what a migration has filled; nobody does here by himself."""
    async with _connection(plain(database_url)) as link:
        await link.execute("ANALYZE")


@dataclass
class Loader:
    """Loads one city into one database."""

    url: str
    """As asyncpg takes it."""
    before: list[Part] = field(default_factory=list)

    async def begin(self) -> None:
        """Take the indexes of the tables that are written off."""
        async with _connection(self.url) as link:
            self.before = await _parts(link)
            for part in sorted(self._ours(), key=lambda one: _KIND_ORDER.get(one.kind, 0)):
                await link.execute(part.drop)

    async def load(self, plan: Plan, heads: Sequence[tuple[int, str]]) -> Loaded:
        """Every block and every chain of the audit."""
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
            written = [pool.submit(_block, plan, first, self.url) for first in plan.recipe.blocks]
            chains = [
                pool.submit(_chain, plan, chain, heads[chain], self.url) for chain in range(CHAINS)
            ]
            leaves = [leaf for one in written for leaf in await _result(one)]
            ends = [await _result(one) for one in chains]
        return Loaded(leaves=leaves, heads=ends)

    async def finish(self) -> None:
        """Make the indexes, two at a time, and let the planner see what is there.

        Raises RuntimeError when they are not those of before.
        """
        ours = self._ours()
        keys = [part for part in ours if part.kind == b"p"]
        await self._run([part.make for part in keys])
        await self._run([part.make for part in ours if part.kind in (b"i", b"u")])
        await self._run([part.make for part in ours if part.kind == b"f"], at_once=1)
        await self._run([f"VACUUM (ANALYZE, FREEZE) {table}" for table in _large_first()])
        async with _connection(self.url) as link:
            other = set(await _parts(link)) ^ set(self.before)
            if other:
                names = ", ".join(sorted({part.name for part in other}))
                raise RuntimeError(f"indexes are not those of a migrated database: {names}")
            await _move_serials(link)

    def _ours(self) -> list[Part]:
        """Of the tables that are written: all but the keys that other tables point to."""
        pointed = {
            part.said.partition("REFERENCES ")[2].partition("(")[0].strip('"')
            for part in self.before
            if part.kind == b"f"
        }
        return [
            part
            for part in self.before
            if part.on.strip('"') in COLUMNS
            and not (part.kind == b"p" and part.on.strip('"') in pointed)
        ]

    async def _run(self, statements: Sequence[str], *, at_once: int = PROCESSES) -> None:
        waiting = iter(statements)

        async def work() -> None:
            async with _connection(self.url) as link:
                await link.execute("SET maintenance_work_mem = '700MB'")
                for statement in waiting:
                    await link.execute(statement)

        await asyncio.gather(*(work() for _ in range(at_once)))


@dataclass(frozen=True)
class Loaded:
    """What is still to be written by the product's own acts."""

    leaves: list[bytes]
    heads: list[tuple[int, str]]
    """Number and digest of the newest record of each chain of the audit."""


def _large_first() -> list[str]:
    return sorted(COLUMNS, key=lambda table: table != "wallet_use_record")


@contextlib.asynccontextmanager
async def _connection(url: str):  # type: ignore[no-untyped-def]
    link = await asyncpg.connect(url, command_timeout=1800)
    try:
        yield link
    finally:
        await link.close()


async def _parts(link: asyncpg.Connection) -> list[Part]:
    constraints = [
        Part(row["name"], row["on"], row["said"], row["kind"])
        for row in await link.fetch(_CONSTRAINTS)
    ]
    return constraints + [
        Part(row["name"], row["on"], row["said"]) for row in await link.fetch(_INDEXES)
    ]


async def _move_serials(link: asyncpg.Connection) -> None:
    """Numbers that the database gives go on after those that were written."""
    for table in COLUMNS:
        if await link.fetchval(_SERIAL, table) is not None:
            last = f"SELECT max(id) FROM {table}"  # noqa: S608 (names of our own tables)
            await link.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ({last}))")


async def _result(future: Future[object]) -> object:
    return await asyncio.wrap_future(future)


_inks: dict[bytes, Ink] = {}


def _ink(plan: Plan) -> Ink:
    if plan.secret not in _inks:
        protect.use(plan.secret)
        _inks[plan.secret] = Ink()
    return _inks[plan.secret]


def _block(plan: Plan, first: int, url: str) -> list[bytes]:
    block = blocks.write(plan, first, _ink(plan))
    asyncio.run(_copy(url, block.sheets))
    return block.leaves


def _chain(plan: Plan, chain: int, head: tuple[int, str], url: str) -> tuple[int, str]:
    _ink(plan)
    sheet: list[str] = []
    for line, number, digest in auditing.records(plan.recipe, chain, head):
        sheet.append(line)
        head = (number, digest)
        if len(sheet) >= AUDIT_AT_ONCE:
            asyncio.run(_copy(url, {"core_audit_record": sheet}))
            sheet = []
    asyncio.run(_copy(url, {"core_audit_record": sheet}))
    return head


async def _copy(url: str, sheets: dict[str, list[str]]) -> None:
    async with _connection(url) as link:
        # What is written fits together: nobody has to look it up line by line.
        await link.execute("SET session_replication_role = replica")
        for table, lines in sheets.items():
            if lines:
                source = io.BytesIO("\n".join([*lines, ""]).encode())
                await link.copy_to_table(
                    table, source=source, columns=COLUMNS[table].split(), format="text"
                )
