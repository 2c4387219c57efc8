"""What no row names any more goes: blobs are marked by the columns that hold them, and swept.

Two steps, days apart. A blob that was stored (or stored again) longer than `GRACE` ago and that no
column names is set aside; after `ASIDE` more, if still nobody names it, it is deleted and the
deletion recorded. In between whoever asks for the bytes, or stores them again, has them: between
the question and the deletion lie days, so no act that stores bytes and then writes their row can
lose them, however slow it is and whichever step meets it.

Each run looks at a bounded number of blobs and the next goes on where it ended (Personal
Information Protection Law art. 19 and 47: kept no longer than needed, deleted when it is over).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from core import clock
from core.database import transaction
from core.files.blobs import Blobs
from core.protection import audit

log = logging.getLogger(__name__)

GRACE = timedelta(days=3)
ASIDE = timedelta(days=4)
LIMIT = 20_000
"""Blobs a run looks at, at least one prefix of two characters."""
BATCH = 200
PREFIXES = 256


class BlobSweep(Model):
    """Where the next sweep begins."""

    id = fields.SmallIntField(primary_key=True)
    prefix = fields.SmallIntField()

    class Meta:
        table = "core_blob_sweep"
        app = "core"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that names blobs by their digest."""

    model: type[Model]
    name: str
    kept: Callable[[datetime], Q] | None = None
    """Which rows still hold their blob at a time; all of them when there is none."""

    def holding(self, at: datetime) -> Q:
        there: dict[str, Any] = {f"{self.name}__gt": ""}
        named = Q(**there)
        return named & self.kept(at) if self.kept else named

    async def named(self, digests: Sequence[str], at: datetime) -> set[str]:
        """Those of `digests` that this column holds."""
        rows = self.model.filter(self.holding(at), **{f"{self.name}__in": list(digests)})
        return {str(one) for one in await rows.distinct().values_list(self.name, flat=True)}

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a run did."""

    seen: int
    set_aside: int
    deleted: int
    brought_back: int


async def sweep(blobs: Blobs, columns: Sequence[Column], *, limit: int = LIMIT) -> Swept:
    """One bounded run of both steps; harmless to repeat and to stop anywhere."""
    deleted, brought_back = await _delete_old(blobs, columns, limit=limit)
    row, _ = await BlobSweep.get_or_create({"prefix": 0}, id=1)
    seen = set_aside = 0
    for step in range(PREFIXES):
        if seen >= limit:
            break
        prefix = (row.prefix + step) % PREFIXES
        async for batch in _batches(_old_blobs(blobs, prefix)):
            seen += len(batch)
            for digest in await unnamed(batch, columns):
                set_aside += await blobs.set_aside(digest, on=clock.today())
        await BlobSweep.filter(id=1).update(prefix=(prefix + 1) % PREFIXES)
    if set_aside or deleted or brought_back:
        log.info("blobs: %d set aside, %d deleted, %d back", set_aside, deleted, brought_back)
    return Swept(seen=seen, set_aside=set_aside, deleted=deleted, brought_back=brought_back)


async def unnamed(digests: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Those that no column holds now."""
    left, at = dict.fromkeys(digests), clock.now()
    for column in columns:
        if not left:
            break
        for digest in await column.named(list(left), at):
            left.pop(digest, None)
    return list(left)


async def _old_blobs(blobs: Blobs, prefix: int) -> AsyncIterator[str]:
    before = clock.now() - GRACE
    async for digest, stored_at in blobs.stored_under(f"{prefix:02x}"):
        if stored_at < before:
            yield digest


async def _delete_old(blobs: Blobs, columns: Sequence[Column], *, limit: int) -> tuple[int, int]:
    """What was set aside long enough: deleted, or brought back when a row names it after all."""
    deleted = brought_back = 0
    last = (clock.local(clock.now()) - ASIDE).date()
    days = {}
    async for digest, day in blobs.aside_until(last):
        days[digest] = day
        if len(days) >= limit:
            break
    for start in range(0, len(days), BATCH):
        batch = list(days)[start : start + BATCH]
        gone = await unnamed(batch, columns)
        for digest in set(batch) - set(gone):
            brought_back += await blobs.bring_back(digest)
        if not gone:
            continue
        # Recorded first: a crash in between repeats the deletion, it never hides one.
        async with transaction():
            await audit.record(
                actor="system:retention",
                action="blobs.delete",
                target="blob:unnamed",
                detail={"count": len(gone), "digests": gone},
            )
        for digest in gone:
            await blobs.forget_aside(digest, on=days[digest])
        deleted += len(gone)
    return deleted, brought_back


async def _batches(digests: AsyncIterator[str]) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for digest in digests:
        batch.append(digest)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What `check` found."""

    blobs: int
    named: int
    unnamed: int
    missing: tuple[tuple[str, str], ...]
    """Column and digest of what a row names and no store has."""


async def check(blobs: Blobs, columns: Sequence[Column]) -> Findings:
    """Compare the whole store with all rows, a page at a time; changes nothing.

    Blobs of less than `GRACE` are no findings: their rows may still be on their way.
    """
    seen = left = named = 0
    for prefix in range(PREFIXES):
        async for batch in _batches(_old_blobs(blobs, prefix)):
            seen += len(batch)
            left += len(await unnamed(batch, columns))
    missing: list[tuple[str, str]] = []
    for column in columns:
        async for digest in _held(column):
            named += 1
            if not await blobs.exists(digest) and not await blobs.bring_back(digest):
                missing.append((str(column), digest))
    return Findings(blobs=seen, named=named, unnamed=left, missing=tuple(missing))


async def _held(column: Column) -> AsyncIterator[str]:
    """Every digest of a column, each once, in pages by the digest itself."""
    last = ""
    while True:
        rows = column.model.filter(column.holding(clock.now()), **{f"{column.name}__gt": last})
        page = (
            await rows.order_by(column.name)
            .distinct()
            .limit(BATCH)
            .values_list(column.name, flat=True)
        )
        for digest in page:
            last = str(digest)
            yield last
        if len(page) < BATCH:
            return
