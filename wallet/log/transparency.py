"""The public log of issued and changed licences and seals: append-only, digests only.

A fact puts its entry into the queue within its own transaction (`enter`). A timer gives the waiting
entries their places in the tree and signs a checkpoint (`integrate`), as a CT log does; a proof is
there some seconds after the fact. Outsiders see hashes only: an entry holds digests under a salt,
and whoever has the licence's report has the entry too. Tree and proofs: RFC 9162, section 2.1.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from tortoise.expressions import Q

from core import clock, database
from wallet.errors import LogSizeUnknown
from wallet.log import merkle, signed_notes
from wallet.log.merkle import Node, TileKey, Tiles
from wallet.log.signed_notes import SignedNote
from wallet.models import LogCheckpoint, LogEntry, LogHead, LogTile
from wallet.types.key_store import Signs

T = TypeVar("T")

ORIGIN = "yunjian-transparency"
BATCH = 2_048
"""Entries integrated at once, under one checkpoint."""
BATCHES = 20
"""One call integrates so many of them at most; the rest waits for the next."""
PAGE = 1_024
"""Leaf hashes given at once."""
_HEAD = "log"
CHECKED_AT_ONCE = 5_000
"""Rows that `check()` holds in memory."""
_PLACE = {
    # One statement for all: an UPDATE for each row took 90 s for a day's intake.
    "postgres": 'UPDATE "wallet_log_entry" AS entry SET "position" = placed.place'
    " FROM unnest($1::bigint[], $2::bigint[]) AS placed (place, id)"
    ' WHERE entry."id" = placed.id',
    "sqlite": 'UPDATE "wallet_log_entry" SET "position"=? WHERE "id"=?',
}


class EntryKind(StrEnum):
    """What an entry tells."""

    LICENCE_ISSUED = "licence-issued"
    LICENCE_CHANGED = "licence-changed"
    SEAL_REGISTERED = "seal-registered"
    SEAL_CHANGED = "seal-changed"
    USE_DAY = "use-day"
    ANCHOR = "anchor"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The log as it was: size, root, and the operator's signature over both."""

    size: int
    root: bytes
    at: datetime
    signed: SignedNote


@dataclass(frozen=True, kw_only=True)
class InclusionProof:
    """That an entry stands in the log, checkable without us."""

    data: str
    """The entry itself; its leaf hash is SHA-256 of 0x00 and these bytes."""
    position: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint


def ref_of(text: str) -> str:
    """Under what digest entries about an identifier are found by those who know it."""
    return hashlib.sha256(text.encode()).hexdigest()


async def enter(kind: EntryKind, *, about: str, facts: Mapping[str, object]) -> LogEntry:
    """Queue an entry, in the current transaction. `facts` are digests, states and versions."""
    entry = new_entry(kind, about=about, facts=facts)
    return await LogEntry.create(**entry)


def new_entry(kind: EntryKind, *, about: str, facts: Mapping[str, object]) -> dict[str, Any]:
    """The row of a waiting entry, for callers that write many at once."""
    at = clock.now()
    content = {
        "about": ref_of(about),
        "at": at.isoformat(timespec="seconds"),
        "kind": kind.value,
        "salt": secrets.token_hex(16),
        **facts,
    }
    data = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    leaf = merkle.leaf_hash(data.encode()).hex()
    return {"kind": kind.value, "ref": ref_of(about), "data": data, "at": at, "leaf": leaf}


async def licence_issued(identifier: str, *, document: str, version: int) -> None:
    """A licence came to be, in the current transaction."""
    facts = {"document": document, "version": version}
    await enter(EntryKind.LICENCE_ISSUED, about=identifier, facts=facts)


async def licence_changed(identifier: str, *, state: str) -> None:
    """A licence changed its state, in the current transaction."""
    await enter(EntryKind.LICENCE_CHANGED, about=identifier, facts={"state": state})


async def seal_changed(seal: bytes, *, state: str) -> None:
    """A seal was frozen, freed, replaced or destroyed, in the current transaction."""
    digest = hashlib.new("sm3", seal).hexdigest()
    await enter(EntryKind.SEAL_CHANGED, about=digest, facts={"state": state})


async def integrate(*, keys: Signs) -> int:
    """Give waiting entries their places and sign each new size. Returns how many.

    Safe when two do it at once: the head row is compared and set, and the slower one drops its
    work. Signing happens before the transaction.
    """
    total = 0
    for _ in range(BATCHES):
        placed = await _integrate_batch(keys)
        total += placed
        if placed < BATCH:
            break
    return total


async def _integrate_batch(keys: Signs) -> int:
    size = await _size()
    rows = await LogEntry.filter(position__isnull=True).order_by("id").limit(BATCH)
    if not rows:
        return 0
    tiles = await _load(merkle.rightmost(size))
    await asyncio.to_thread(_grow, tiles, size, rows)
    new_size = size + len(rows)
    root = await _root_after(new_size, tiles)
    at = clock.now()
    signed = await signed_notes.sign(checkpoint_text(new_size, root, at), keys=keys)
    async with database.transaction():
        if not await LogHead.filter(name=_HEAD, size=size).update(size=new_size):
            return 0
        await _place(rows, size)
        await _store(tiles)
        await LogCheckpoint.create(
            size=new_size,
            root=root.hex(),
            at=at,
            note=signed.text,
            signature=signed.signature,
            certificate=signed.certificate,
        )
    return len(rows)


def _grow(tiles: Tiles, size: int, rows: Sequence[LogEntry]) -> None:
    for place, row in enumerate(rows, start=size):
        tiles.append(place, merkle.leaf_hash(row.data.encode()))


async def _place(rows: Sequence[LogEntry], size: int) -> None:
    places, ids = list(range(size, size + len(rows))), [row.id for row in rows]
    async with database.transaction() as connection:
        if database.dialect() == "postgres":
            await connection.execute_query(_PLACE["postgres"], [places, ids])
        else:
            pairs = [list(pair) for pair in zip(places, ids, strict=True)]
            await connection.execute_many(_PLACE["sqlite"], pairs)


async def fill_leaves(*, limit: int = 1_000) -> int:
    """Write the leaf hash of entries from before it was kept; how many, 0 when all have one."""
    rows = await LogEntry.filter(leaf__isnull=True).limit(limit)
    for row in rows:
        row.leaf = merkle.leaf_hash(row.data.encode()).hex()
    if rows:
        await LogEntry.bulk_update(rows, ["leaf"], batch_size=100)
    return len(rows)


async def root_at(size: int) -> bytes:
    """The root of the first `size` entries. Raises LogSizeUnknown."""
    await _insist_on_size(size)
    return await _read(lambda node: merkle.root(size, node))


def checkpoint_text(size: int, root: bytes, at: datetime) -> str:
    """The lines that are signed: log, size, root (base64), time."""
    root_text = base64.b64encode(root).decode()
    return f"{ORIGIN}\n{size}\n{root_text}\n{at.isoformat(timespec='seconds')}\n"


def read_checkpoint(text: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint's text; ValueError when it is none of this log's."""
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    if origin != ORIGIN or not (size.isascii() and size.isdigit()):
        raise ValueError("not a checkpoint of this log")
    return int(size), base64.b64decode(root, validate=True)


async def latest() -> Checkpoint | None:
    """The newest checkpoint; None while the log is empty."""
    row = await LogCheckpoint.all().order_by("-size").first()
    return None if row is None else _checkpoint(row)


async def proof_of(about: str, *, kind: EntryKind | None = None) -> InclusionProof | None:
    """The proof of the newest entry about an identifier; None until it is integrated."""
    rows = LogEntry.filter(ref=ref_of(about), position__isnull=False)
    if kind is not None:
        rows = rows.filter(kind=kind.value)
    row, checkpoint = await rows.order_by("-position").first(), await latest()
    if row is None or row.position is None or checkpoint is None:
        return None
    position = row.position
    path = await _read(lambda node: merkle.inclusion_path(position, checkpoint.size, node))
    return InclusionProof(data=row.data, position=position, path=tuple(path), checkpoint=checkpoint)


async def inclusion(leaf: bytes, *, size: int) -> tuple[int, list[bytes]] | None:
    """Position and path of a leaf hash in the log of `size`; None when it is not in there.

    Raises LogSizeUnknown.
    """
    await _insist_on_size(size)
    position = await _find_leaf(leaf, size)
    if position is None:
        return None
    return position, await _read(lambda node: merkle.inclusion_path(position, size, node))


async def consistency(first: int, second: int) -> list[bytes]:
    """The proof that the log of `second` entries appends to that of `first`.

    Raises LogSizeUnknown for sizes that are not in order or that the log has not reached.
    """
    await _insist_on_size(second)
    if not 0 < first <= second:
        raise LogSizeUnknown()
    return await _read(lambda node: merkle.consistency_path(first, second, node))


async def leaves(start: int, *, limit: int = PAGE) -> list[bytes]:
    """Leaf hashes from `start` on, as many as there are up to `limit`."""
    end = min(start + min(limit, PAGE), await _size())
    if not 0 <= start < end:
        return []
    width = merkle.TILE_WIDTH
    tiles = await _load((0, number) for number in range(start // width, (end - 1) // width + 1))
    return [tiles.node(0, place) for place in range(start, end)]


async def check(*, certificate: bytes | None = None) -> int:
    """Compute the log anew from its entries and compare every tile and checkpoint.

    Returns the number of entries; raises TamperedLog at the first thing that does not fit.
    """
    tiles, size = Tiles(), 0
    while rows := await _entries_from(size):
        marks = {
            mark.size: mark
            for mark in await LogCheckpoint.filter(size__gt=size, size__lte=size + len(rows))
        }
        for row in rows:
            if row.position != size:
                raise TamperedLog(f"entry {size} is missing")
            tiles.append(size, _leaf_of(row))
            size += 1
            if size in marks:
                _check_mark(marks[size], merkle.root(size, tiles.node), certificate)
        for row in rows:
            if row.leaf not in (None, _leaf_of(row).hex()):
                raise TamperedLog(f"entry {row.position}: it is found under another leaf")
        await asyncio.sleep(0)
    if size != await _size() or await LogCheckpoint.filter(size__gt=size).exists():
        raise TamperedLog(f"entries are missing after {size}")
    await _check_tiles(tiles)
    return size


async def _entries_from(size: int) -> list[LogEntry]:
    rows = LogEntry.filter(position__gte=size).order_by("position")
    return await rows.limit(CHECKED_AT_ONCE)


def _leaf_of(row: LogEntry) -> bytes:
    return merkle.leaf_hash(row.data.encode())


async def _check_tiles(tiles: Tiles) -> None:
    async for tile in database.each_row(LogTile.all(), "id"):
        key = (tile.level, tile.number)
        if key not in tiles.changed or tiles.data(key) != bytes(tile.hashes):
            raise TamperedLog(f"tile {tile.level}/{tile.number}")


class TamperedLog(Exception):
    """`check()` found something that is not as it was written; the message says where."""


def _check_mark(mark: LogCheckpoint, root: bytes, certificate: bytes | None) -> None:
    signed = _checkpoint(mark).signed
    if read_checkpoint(signed.text) != (mark.size, root) or mark.root != root.hex():
        raise TamperedLog(f"checkpoint {mark.size}: another root")
    if not signed_notes.is_genuine(signed, certificate=certificate):
        raise TamperedLog(f"checkpoint {mark.size}: the signature is not the operator's")


async def _root_after(size: int, tiles: Tiles) -> bytes:
    """The root, whose left part lies in tiles that were finished before."""
    missing = merkle.tiles_for(lambda node: merkle.root(size, node)) - tiles.changed
    older = await _load(missing)

    def node(height: int, index: int) -> bytes:
        try:
            return tiles.node(height, index)
        except KeyError:
            return older.node(height, index)

    return merkle.root(size, node)


async def _find_leaf(leaf: bytes, size: int) -> int | None:
    row = await LogEntry.filter(leaf=leaf.hex(), position__lt=size).order_by("position").first()
    return None if row is None else row.position


async def _read(reading: Callable[[Node], T]) -> T:
    tiles = await _load(merkle.tiles_for(reading))
    return reading(tiles.node)


async def _load(keys: Iterable[TileKey]) -> Tiles:
    wanted = [Q(level=level, number=number) for level, number in keys]
    if not wanted:
        return Tiles()
    rows = await LogTile.filter(Q(*wanted, join_type="OR"))
    return Tiles(((row.level, row.number), bytes(row.hashes)) for row in rows)


async def _store(tiles: Tiles) -> None:
    for level, number in sorted(tiles.changed):
        hashes = tiles.data((level, number))
        await LogTile.update_or_create({"hashes": hashes}, level=level, number=number)


async def _size() -> int:
    head, _ = await LogHead.get_or_create({"size": 0}, name=_HEAD)
    return int(head.size)


async def _insist_on_size(size: int) -> None:
    if not 0 < size <= await _size():
        raise LogSizeUnknown()


def _checkpoint(row: LogCheckpoint) -> Checkpoint:
    return Checkpoint(
        size=row.size,
        root=bytes.fromhex(row.root),
        at=row.at,
        signed=SignedNote(
            text=row.note, signature=row.signature, certificate=bytes(row.certificate)
        ),
    )
