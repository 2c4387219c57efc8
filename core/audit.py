"""An audit record that cannot be changed unseen.

Records lie in a few parallel chains, so that busy writers do not queue behind one lock. Each holds
the HMAC-SM3, under a key the database does not have, of its own content and of the record before
it; the head of each chain holds the newest. Changing, removing, reordering or cutting records is
found by `check()`. Source of the duty: GB/T 39786-2021 level 3, integrity of logs.
"""

from __future__ import annotations

import hmac
import json
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core import clock, database
from core.protect import vault

CHAINS = 16
START = "0" * 64
SITTING = timedelta(minutes=10)


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

    class Meta:
        table = "core_audit_head"
        app = "core"


_LOCK = database.Statement(
    "SELECT sequence, digest FROM core_audit_head WHERE chain = ? FOR UPDATE"
)
_MOVE = database.Statement("UPDATE core_audit_head SET sequence = ?, digest = ? WHERE chain = ?")


class BrokenChain(Exception):
    """`check()` found a record that is not as it was written; the message says where."""


async def prepare() -> None:
    """Lay the heads of the chains; harmless when they are there."""
    for chain in range(CHAINS):
        await AuditHead.get_or_create({"sequence": 0, "digest": START}, chain=chain)


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
    """Append one record. Call it inside `transaction()`, as its last write.

    `actor` and `target` are `kind:id`. `detail` holds plain values and never personal data.
    """
    if not database.in_progress():
        raise RuntimeError("audit.record() belongs inside transaction()")
    chain = zlib.crc32(target.encode()) % CHAINS
    head = await _LOCK.row(chain)
    if head is None:
        raise RuntimeError("audit.prepare() lays the heads of the chains")
    content = _content(
        chain=chain,
        sequence=head["sequence"] + 1,
        at=clock.now(),
        actor=actor,
        action=action,
        target=target,
        detail=_plain(detail or {}),
        previous=head["digest"],
    )
    digest = _digest(content)
    await AuditRecord.create(**content, digest=digest)
    await _MOVE.run(content["sequence"], digest, chain)


async def check() -> int:
    """Follow every chain from its start to its head. Returns the number of records.

    Raises BrokenChain at the first record that is missing or not as it was written.
    """
    total = 0
    for chain in range(CHAINS):
        total += await _check_chain(chain)
    return total


async def _check_chain(chain: int) -> int:
    previous, sequence = START, 0
    async for row in AuditRecord.filter(chain=chain).order_by("sequence"):
        sequence += 1
        content = _content(
            chain=row.chain,
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            action=row.action,
            target=row.target,
            detail=row.detail,
            previous=row.previous,
        )
        intact = hmac.compare_digest(_digest(content), row.digest)
        if row.sequence != sequence or row.previous != previous or not intact:
            raise BrokenChain(f"chain {chain}, record {sequence}")
        previous = row.digest
    head = await AuditHead.filter(chain=chain).get_or_none()
    if head is None or head.sequence != sequence or head.digest != previous:
        raise BrokenChain(f"chain {chain}, head after record {sequence}")
    return sequence


def _content(**values: Any) -> dict[str, Any]:
    return values


def _plain(detail: Mapping[str, object]) -> dict[str, Any]:
    """What a JSON column gives back is what is hashed."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(detail), default=str, ensure_ascii=False))
    return plain


def _digest(content: Mapping[str, Any]) -> str:
    at: datetime = content["at"]
    canonical = {**content, "at": f"{at.timestamp():.6f}"}
    message = json.dumps(canonical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(vault().audit_key, message.encode(), "sm3").hexdigest()
