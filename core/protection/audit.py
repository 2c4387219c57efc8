"""An audit record that cannot be changed unseen.

Records lie in a few parallel chains, so that busy writers do not queue behind one lock. Each holds
the HMAC-SM3, under a key the database does not have, of its own content and of the record before
it; the head of each chain holds the newest, under a seal of its own
(core/protection/chain_heads.py), and is anchored in the public log (wallet/log/anchors.py).
Changing, removing, reordering or cutting records is found by `check()`; putting an older state of
all tables back is found by the anchors. Source of the duty: GB/T 39786-2021 level 3, integrity of
logs.

Records are collected and written as the last thing of a transaction, chains in ascending order:
two transactions that write to several chains never wait for each other.
"""

from __future__ import annotations

import hmac
import json
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core import clock, database
from core.protection import chain_heads
from core.protection.protect import vault

CHAINS = 16
START = "0" * 64
SITTING = timedelta(minutes=10)
PAGE = 1_000
"""Records read at once by `check()`."""


class AuditRecord(Model):
    id = fields.BigIntField(primary_key=True)
    chain = fields.SmallIntField()
    sequence = fields.BigIntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=80)
    action = fields.CharField(max_length=60)
    target = fields.CharField(max_length=120, db_index=True)
    detail: Any = fields.JSONField()
    previous = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "core_audit_record"
        app = "core"
        unique_together = (("chain", "sequence"),)


class AuditHead(Model):
    id = fields.IntField(primary_key=True)
    chain = fields.SmallIntField(unique=True)
    sequence = fields.BigIntField()
    digest = fields.CharField(max_length=64)
    mac = fields.CharField(max_length=64, default="", db_default="")
    """Our seal on the head (core/protection/chain_heads.py)."""

    class Meta:
        table = "core_audit_head"
        app = "core"


_LOCK = database.Statement(
    "SELECT sequence, digest, mac FROM core_audit_head WHERE chain = ? FOR UPDATE"
)
_MOVE = database.Statement(
    "UPDATE core_audit_head SET sequence = ?, digest = ?, mac = ? WHERE chain = ?"
)


class BrokenChain(Exception):
    """`check()` found a record that is not as it was written; the message says where."""


async def prepare() -> None:
    """Lay the heads of the chains; harmless when they are there."""
    known = {row.chain for row in await AuditHead.all().limit(CHAINS)}
    missing = [chain for chain in range(CHAINS) if chain not in known]
    if not missing:
        return
    begun = await AuditRecord.filter(chain__in=missing).exists()
    heads = [await _first_head(chain, begun=begun) for chain in missing]
    await AuditHead.bulk_create(heads, ignore_conflicts=True)


async def _first_head(chain: int, *, begun: bool) -> AuditHead:
    """The head of an empty chain; one whose head was taken away goes on without our seal."""
    newest = None
    if begun:
        newest = await AuditRecord.filter(chain=chain).order_by("-sequence").first()
    if newest is None:
        mac = chain_heads.mac(name_of(chain), 0, START)
        return AuditHead(chain=chain, sequence=0, digest=START, mac=mac)
    sequence, digest = newest.sequence, newest.digest
    return AuditHead(chain=chain, sequence=sequence, digest=digest, mac=chain_heads.UNSEALED)


def name_of(chain: int) -> str:
    """Under which name the head of a chain is sealed and anchored."""
    return f"audit:{chain}"


async def record_read(*, actor: str, action: str, target: str) -> None:
    """Note that somebody read something, in a transaction of its own, before it is shown.

    A page that refreshes itself is one look: the same caller's next record of the same target
    follows `SITTING` later at the earliest.
    """
    since = clock.now() - SITTING
    known = AuditRecord.filter(target=target, actor=actor, action=action, at__gt=since)
    if await known.exists():
        return
    async with database.transaction():
        await record(actor=actor, action=action, target=target)


async def record(
    *, actor: str, action: str, target: str, detail: Mapping[str, object] | None = None
) -> None:
    """Append one record. Call it inside `transaction()`, wherever the act is done.

    It is written when the outermost transaction has done everything else. `actor` and `target` are
    `kind:id`. `detail` holds plain values and never personal data.
    """
    if not database.in_progress():
        raise RuntimeError("audit.record() belongs inside transaction()")
    content = _content(
        chain=zlib.crc32(target.encode()) % CHAINS,
        at=clock.now(),
        actor=actor,
        action=action,
        target=target,
        detail=_plain(detail or {}),
    )
    database.before_commit(_write, content)


async def _write(records: Sequence[dict[str, Any]]) -> None:
    """The records of one transaction, chain after chain: all writers lock in the same order."""
    by_chain: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for content in records:
        by_chain[content["chain"]].append(content)
    for chain in sorted(by_chain):
        await _append(chain, by_chain[chain])


async def _append(chain: int, contents: Sequence[dict[str, Any]]) -> None:
    """Lock the head once and move it over all records; they are written with the last statement."""
    head = await _LOCK.row(chain)
    if head is None:
        raise RuntimeError("audit.prepare() lays the heads of the chains")
    number, previous, mac = head["sequence"], head["digest"], head["mac"]
    for content in contents:
        before = (number, previous)
        number += 1
        record = {**content, "sequence": number, "previous": previous}
        previous = _digest(record, vault().audit_key)
        database.insert_last(AuditRecord(**record, digest=previous))
        after = (number, previous)
        mac = chain_heads.next_mac(mac, name=name_of(chain), before=before, after=after)
    database.run_last(_MOVE, number, previous, mac, chain)


async def check() -> int:
    """Follow every chain from its start to its head. Returns the number of records.

    Raises BrokenChain at the first record that is missing or not as it was written, and for a head
    that is not sealed by us.
    """
    total = 0
    for chain in range(CHAINS):
        total += await _check_chain(chain)
    if await AuditRecord.all().count() != total:
        raise BrokenChain("records outside of the chains")
    return total


async def seal_heads() -> int:
    """Seal the heads that bear no seal of ours, after `check()` was read by an operator.

    For an installation from before heads were sealed, and after a restore. Returns how many.
    """
    sealed = 0
    for chain in range(CHAINS):
        async with database.transaction():
            head = await _LOCK.row(chain)
            if head is None:
                continue
            number, digest = head["sequence"], head["digest"]
            mac = chain_heads.mac(name_of(chain), number, digest)
            if head["mac"] != mac:
                sealed += await _MOVE.run(number, digest, mac, chain)
    return sealed


@dataclass(frozen=True, kw_only=True)
class Head:
    """How far a chain has come."""

    chain: int
    sequence: int
    digest: str
    sealed: bool
    """Whether it bears our seal."""


async def heads() -> list[Head]:
    """The heads of all chains."""
    return [
        Head(
            chain=row.chain,
            sequence=row.sequence,
            digest=row.digest,
            sealed=chain_heads.is_sealed(
                row.mac, name=name_of(row.chain), n=row.sequence, digest=row.digest
            ),
        )
        for row in await AuditHead.all().order_by("chain").limit(CHAINS)
    ]


async def digest_at(chain: int, sequence: int, *, walk: int = 1) -> str | None:
    """The digest that a record gives as it stands now.

    None when it is not there, or when it and up to `walk` - 1 records before it do not hang
    together.
    """
    first = max(sequence - walk, 0) + 1
    rows = await AuditRecord.filter(
        chain=chain, sequence__gte=first, sequence__lte=sequence
    ).order_by("sequence")
    if not rows or [row.sequence for row in rows] != list(range(first, sequence + 1)):
        return None
    previous = rows[0].previous if first > 1 else START
    for row in rows:
        if row.previous != previous or not _is_intact(row):
            return None
        previous = row.digest
    return previous


async def _check_chain(chain: int) -> int:
    previous, sequence = START, 0
    records = AuditRecord.filter(chain=chain)
    async for row in database.each_row(records, "sequence", size=PAGE):
        sequence += 1
        if row.sequence != sequence or row.previous != previous or not _is_intact(row):
            raise BrokenChain(f"chain {chain}, record {sequence}")
        previous = row.digest
    head = await AuditHead.filter(chain=chain).get_or_none()
    if head is None or head.sequence != sequence or head.digest != previous:
        raise BrokenChain(f"chain {chain}, head after record {sequence}")
    if not chain_heads.is_sealed(head.mac, name=name_of(chain), n=sequence, digest=previous):
        raise BrokenChain(f"chain {chain}, head after record {sequence}: the seal is not ours")
    return sequence


def _content_of(row: AuditRecord) -> dict[str, Any]:
    return _content(
        chain=row.chain,
        sequence=row.sequence,
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        detail=row.detail,
        previous=row.previous,
    )


def _content(**values: Any) -> dict[str, Any]:
    return values


def _plain(detail: Mapping[str, object]) -> dict[str, Any]:
    """What a JSON column gives back is what is hashed."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(detail), default=str, ensure_ascii=False))
    return plain


def _is_intact(row: AuditRecord) -> bool:
    """Whether the digest is ours: under today's key, or one it followed."""
    content = _content_of(row)
    return any(hmac.compare_digest(_digest(content, key), row.digest) for key in vault().audit_keys)


def _digest(content: Mapping[str, Any], key: bytes) -> str:
    at: datetime = content["at"]
    canonical = {**content, "at": f"{at.timestamp():.6f}"}
    message = json.dumps(canonical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, message.encode(), "sm3").hexdigest()
