"""Anchors: every minute the heads of all other logs that moved go into the transparency log.

A head is the number of records of an audit chain or of a holder's log, and the digest of the
newest. The heads of an anchor are leaves of a Merkle tree, whose root is an entry of the
transparency log and so under its signed checkpoints, which outsiders keep. Later the same leaves
are computed from the records that stand in the logs *then*: a log that was cut, rewritten or
removed gives another root. The work is bounded: only heads that moved are looked for, by an index,
and at most HEADS of them go into one anchor. Outsiders see hashes under a salt, and learn nothing
but how many logs moved. Decision: docs/adr/0029.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core import clock, database, sql
from core.protection import audit
from wallet.errors import AnchorForgotten, AnchorNotFound
from wallet.log import merkle, standing, transparency
from wallet.log.access_log import name_of
from wallet.log.signed_days import RETENTION
from wallet.log.standing import Head
from wallet.log.transparency import EntryKind
from wallet.models import Anchor, AnchoredHead, LogEntry, UseHead

HEADS = 1_000
"""Heads of one anchor: what is proven in one answer."""
ANCHORS_AT_ONCE = 50
KEPT = RETENTION - timedelta(days=30)
"""Older anchors are forgotten, before the records are that they speak of."""
FORGOTTEN_AT_ONCE = 5_000
START = "0" * 64
PAGE = 500
PIECE = 20
MISSING = bytes(merkle.HASH_SIZE)

_MARK = {
    "postgres": "UPDATE wallet_use_head AS head SET moved = NULL FROM ("
    "SELECT subject_id FROM wallet_use_head WHERE subject_id::text = ANY($1) "
    "ORDER BY subject_id FOR UPDATE SKIP LOCKED) AS free, "
    "unnest($1::text[], $2::bigint[]) AS anchored (subject, n) "
    "WHERE head.subject_id = free.subject_id AND head.subject_id = anchored.subject::uuid "
    "AND head.n = anchored.n",
    "sqlite": 'UPDATE "wallet_use_head" SET "moved" = NULL WHERE "subject_id" = ? AND "n" = ?',
}


class BrokenAnchor(Exception):
    """A log no longer holds what was anchored; the message says which and where."""


@dataclass(frozen=True, kw_only=True)
class AnchorView:
    """An anchor as outsiders see it."""

    number: int
    at: datetime
    heads: int
    data: str
    """The entry of the transparency log."""
    position: int


@dataclass(frozen=True, kw_only=True)
class AnchoredState:
    """Whether the logs are anchored, for operators."""

    anchored_at: datetime | None
    waiting: bool


async def standing_of_all() -> AnchoredState:
    """When logs were anchored last, and whether one has moved since."""
    last = await Anchor.all().order_by("-number").first()
    waiting = await UseHead.exists(moved=1) or bool(await _moved_chains())
    return AnchoredState(anchored_at=last.at if last else None, waiting=waiting)


async def anchor() -> int:
    """Anchor every head that moved since it was anchored last. Returns how many heads."""
    total = 0
    for _ in range(ANCHORS_AT_ONCE):
        heads = [*await _moved_chains(), *await _moved_logs()][:HEADS]
        if not heads or not await _write(heads):
            break
        await _mark(heads)
        total += len(heads)
    return total


async def _moved_chains() -> list[Head]:
    """Audit chains that grew since their newest anchor."""
    heads = await audit.heads()
    newest = await _newest_anchored([audit.name_of(head.chain) for head in heads])
    return [
        Head(log=audit.name_of(head.chain), n=head.sequence, digest=head.digest)
        for head in heads
        if head.sequence > newest.get(audit.name_of(head.chain), 0)
    ]


async def _newest_anchored(logs: Sequence[str]) -> dict[str, int]:
    """Log → number of its newest anchored record: one look into an index each, one statement."""
    if not logs:
        return {}
    newest = "(SELECT MAX(n) FROM wallet_anchored_head WHERE log = :log_{place})"
    parts = [
        f"SELECT {place} AS place, {newest.format(place=place)} AS n" for place in range(len(logs))
    ]
    values = {f"log_{place}": log for place, log in enumerate(logs)}
    found = await sql.rows(" UNION ALL ".join(parts), **values)
    return {logs[row["place"]]: row["n"] for row in found if row["n"] is not None}


async def _moved_logs() -> list[Head]:
    rows = await UseHead.filter(moved=1).order_by("subject_id").limit(HEADS)
    return [Head(log=name_of(row.subject_id), n=row.n, digest=row.digest) for row in rows]


async def _write(heads: Sequence[Head]) -> bool:
    """The anchor, its heads and its entry; False when another worker was faster."""
    before = await Anchor.all().order_by("-number").first()
    number = before.number + 1 if before else 1
    salt = secrets.token_hex(16)
    leaves = [leaf(salt, place, head) for place, head in enumerate(heads)]
    root = merkle.root(len(leaves), merkle.of_leaves(leaves)).hex()
    facts = {
        "number": number,
        "heads": len(heads),
        "root": root,
        "previous": START if before is None else _digest_of(await _entry(before)),
    }
    async with database.transaction():
        if await Anchor.exists(number=number):
            return False
        entry = await transparency.enter(EntryKind.ANCHOR, about=f"anchor:{number}", facts=facts)
        await Anchor.create(
            number=number,
            at=clock.now(),
            size=len(heads),
            salt=salt,
            root=root,
            entry_id=entry.id,
        )
        await AnchoredHead.bulk_create(
            [
                AnchoredHead(anchor=number, place=place, log=head.log, n=head.n, digest=head.digest)
                for place, head in enumerate(heads)
            ]
        )
    return True


async def _mark(heads: Sequence[Head]) -> None:
    """Those that did not move again meanwhile have been seen to.

    A head that somebody is just writing is left for the next anchor: nobody waits for us.
    """
    logs = [(head.log.partition(":")[2], head.n) for head in heads if head.log.startswith("uses:")]
    if not logs:
        return
    async with database.transaction() as connection:
        if database.dialect() == "postgres":
            values = [[subject for subject, _ in logs], [n for _, n in logs]]
            await connection.execute_query(_MARK["postgres"], values)
        else:
            await connection.execute_many(_MARK["sqlite"], [list(pair) for pair in logs])


def leaf(salt: str, place: int, head: Head) -> bytes:
    """A head as the tree holds it and outsiders see it. Pure."""
    hidden = f"{salt}\n{place}\n{head.log}\n{head.n}\n{head.digest}\n"
    return merkle.leaf_hash(hashlib.sha256(hidden.encode()).digest())


async def list_anchors(*, after: int, limit: int) -> list[AnchorView]:
    """Anchors with a place in the transparency log, oldest first."""
    rows = await Anchor.filter(number__gt=after).order_by("number").limit(limit)
    entries = {row.id: row for row in await LogEntry.filter(id__in=[one.entry_id for one in rows])}
    found: list[AnchorView] = []
    for row in rows:
        entry = entries.get(row.entry_id)
        if entry is None or entry.position is None:
            break
        found.append(
            AnchorView(
                number=row.number,
                at=row.at,
                heads=row.size,
                data=entry.data,
                position=entry.position,
            )
        )
    return found


async def leaves_now(number: int, *, walk: int = standing.WALK) -> list[bytes]:
    """The leaves of an anchor as the records that stand in the logs now give them.

    A record that is missing gives MISSING. Raises AnchorNotFound, AnchorForgotten.
    """
    row = await Anchor.get_or_none(number=number)
    if row is None:
        raise AnchorNotFound()
    if row.forgotten:
        raise AnchorForgotten()
    heads = await _kept_heads(number)
    digests = await standing.digests(heads, walk=walk)
    return [
        MISSING if digest is None else leaf(row.salt, place, replace(head, digest=digest))
        for place, (head, digest) in enumerate(zip(heads, digests, strict=True))
    ]


async def check() -> int:
    """Compare every anchor with its entry and with the records of the logs; how many anchors.

    Raises BrokenAnchor at the first log that was cut or changed. What was never anchored is for
    `audit.check` and `use_days.check` to find.
    """
    number, previous = 0, START
    while rows := await Anchor.filter(number__gt=number).order_by("number").limit(PAGE):
        for row in rows:
            if row.number != number + 1:
                raise BrokenAnchor(f"anchor {number + 1} is missing")
            number = row.number
            previous = await _check_anchor(row, previous)
    await _insist_on_the_last(number)
    return number


async def _insist_on_the_last(number: int) -> None:
    """Raises BrokenAnchor when a later one was entered and is gone; one just made is there."""
    entered = await LogEntry.filter(kind=EntryKind.ANCHOR.value).order_by("-id").first()
    if entered is None:
        return
    newest = json.loads(entered.data)["number"]
    if newest != number and not await Anchor.exists(number=newest):
        raise BrokenAnchor(f"anchors after {number} are missing")


class Round:
    """A walk over all anchors, a piece at a time, again and again: for a timer."""

    def __init__(self) -> None:
        self._number, self._previous = 0, START

    async def piece(self, *, size: int = PIECE) -> int:
        """Compare the next anchors; returns how many, 0 at the end of a round.

        Raises BrokenAnchor, and goes on after that one the next time.
        """
        rows = await Anchor.filter(number__gt=self._number).order_by("number").limit(size)
        if not rows:
            number, self._number, self._previous = self._number, 0, START
            await _insist_on_the_last(number)
        for row in rows:
            expected, previous = self._number + 1, self._previous
            self._number = row.number
            entry = await LogEntry.get_or_none(id=row.entry_id)
            self._previous = "" if entry is None else _digest_of(entry)
            if row.number != expected:
                raise BrokenAnchor(f"anchor {expected} is missing")
            await _check_anchor(row, previous)
        return len(rows)


async def forget_old() -> int:
    """Forget the heads of one old anchor after another, bounded; the anchors themselves stay."""
    gone = 0
    before = clock.now() - KEPT
    for row in await Anchor.filter(at__lt=before, forgotten=False).order_by("at").limit(PAGE):
        async with database.transaction():
            gone += await AnchoredHead.filter(anchor=row.number).delete()
            await Anchor.filter(number=row.number).update(forgotten=True)
        if gone >= FORGOTTEN_AT_ONCE:
            break
    return gone


async def _check_anchor(row: Anchor, previous: str) -> str:
    """Raises BrokenAnchor; gives the digest of the entry for the next one."""
    entry = await _entry(row)
    facts = json.loads(entry.data)
    stated = (facts["number"], facts["heads"], facts["root"], facts["previous"])
    if stated != (row.number, row.size, row.root, previous):
        raise BrokenAnchor(f"anchor {row.number} is not the one in the transparency log")
    if row.forgotten:
        if row.at > clock.now() - KEPT:
            raise BrokenAnchor(f"anchor {row.number} was forgotten too early")
        return _digest_of(entry)
    # The chains themselves are followed by their own checks: here their ends are enough.
    leaves = await leaves_now(row.number, walk=1)
    if len(leaves) != row.size:
        raise BrokenAnchor(f"anchor {row.number} has lost heads")
    if merkle.root(len(leaves), merkle.of_leaves(leaves)).hex() != row.root:
        raise BrokenAnchor(f"anchor {row.number}: {await _first_difference(row.number)}")
    return _digest_of(entry)


async def _first_difference(number: int) -> str:
    kept = await _kept_heads(number)
    for one, digest in zip(kept, await standing.digests(kept, walk=1), strict=True):
        if digest is None:
            return f"{one.log} was cut, record {one.n} is missing"
        if digest != one.digest:
            return f"{one.log} was changed at or before record {one.n}"
    return "its heads are not those that were anchored"


async def _kept_heads(number: int) -> list[Head]:
    rows = await AnchoredHead.filter(anchor=number).order_by("place").limit(HEADS)
    return [Head(log=row.log, n=row.n, digest=row.digest) for row in rows]


async def _entry(row: Anchor) -> LogEntry:
    entry = await LogEntry.get_or_none(id=row.entry_id)
    if entry is None:
        raise BrokenAnchor(f"anchor {row.number} has no entry in the transparency log")
    return entry


def _digest_of(entry: LogEntry) -> str:
    return hashlib.sha256(entry.data.encode()).hexdigest()
