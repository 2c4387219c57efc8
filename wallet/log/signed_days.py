"""The daily signed head of the logs of uses, the check of all chains, and their retention."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Max

from core import clock, database, offload
from core.data import copying
from core.protection import chain_heads
from wallet.log import merkle, signed_notes, transparency
from wallet.log.access_log import START, content_of, digest_of, name_of
from wallet.log.signed_notes import SignedNote
from wallet.log.transparency import EntryKind
from wallet.log_models import UseDay, UseDayHead, UseHead, UseRecord
from wallet.types.key_store import Signs

ORIGIN = "yunjian-uses"
HASH_SIZE = 32
RETENTION = timedelta(days=3 * 366)
"""Shortest time a record is kept."""
PAGE = 1_000
"""Rows held in memory by the checks, and written at once."""
HOLDERS_AT_ONCE = 20_000
"""Holders looked for at once in the day that is closed: each question reads the day's records."""
ASKED_AT_ONCE = 200
"""Records asked for by holder and number in one statement: Tortoise nests the conditions, and
Python's stack ends at some 900 of them."""
FORGOTTEN_AT_ONCE = 200
"""Holders whose old records go in one call."""

Head = tuple[UUID, int, str]
"""A holder, the number of the newest record and its digest."""


class BrokenLog(Exception):
    """`check()` found a record that is not as it was written; the message says where."""


@dataclass(frozen=True, kw_only=True)
class DayProof:
    """That a holder's head was part of a day's signed root."""

    day: date
    n: int
    digest: str
    position: int
    size: int
    path: tuple[bytes, ...]
    signed: SignedNote


async def close_days(*, keys: Signs) -> int:
    """Sign every day that is over, up to yesterday. Returns how many days; harmless to repeat."""
    last = await UseDay.all().order_by("-day").first()
    first = await UseRecord.all().order_by("at").first() if last is None else None
    if last is not None:
        day = last.day + timedelta(days=1)
    elif first is not None:
        day = clock.local(first.at).date()
    else:
        return 0
    closed = 0
    while day < clock.today():
        closed += await close_day(day, keys=keys)
        day += timedelta(days=1)
    return closed


async def close_day(day: date, *, keys: Signs) -> int:
    """Sign the heads of the logs that grew on `day`; 1, or 0 when it was closed before."""
    if await UseDay.exists(day=day):
        return 0
    previous = await UseDay.filter(day__lt=day).order_by("-day").first()
    heads = await _heads_of(day)
    leaves = b"".join([_leaf(*head) for head in heads])
    levels = await offload.batches.run(merkle.levels, leaves)
    node = merkle.of_levels(levels)
    root = merkle.root(len(heads), node)
    before = hashlib.sha256(previous.note.encode()).hexdigest() if previous else START
    text = f"{ORIGIN}\n{day.isoformat()}\n{len(heads)}\n{root.hex()}\n{before}\n"
    signed = await signed_notes.sign(text, keys=keys)
    async with database.transaction():
        _, made = await UseDay.get_or_create(
            {
                "size": len(heads),
                "root": root.hex(),
                "note": signed.text,
                "signature": signed.signature,
                "certificate": signed.certificate,
            },
            day=day,
        )
        if not made:
            return 0
        for begin in range(0, len(heads), PAGE):
            piece = range(begin, min(begin + PAGE, len(heads)))
            rows = await asyncio.to_thread(_day_heads, day, heads, piece, node)
            await copying.insert_many(rows)
        facts = {"note": hashlib.sha256(text.encode()).hexdigest()}
        await transparency.enter(EntryKind.USE_DAY, about=day.isoformat(), facts=facts)
    return 1


def _day_heads(
    day: date, heads: Sequence[Head], places: range, node: merkle.Node
) -> list[UseDayHead]:
    return [
        UseDayHead(
            day=day,
            position=place,
            subject_id=heads[place][0],
            n=heads[place][1],
            digest=heads[place][2],
            path=b"".join(merkle.inclusion_path(place, len(heads), node)),
        )
        for place in places
    ]


async def proofs_for(subject_id: UUID) -> list[DayProof]:
    """The signed days a holder's log is part of, oldest first."""
    heads = await UseDayHead.filter(subject_id=subject_id).order_by("day")
    days = {row.day: row for row in await UseDay.filter(day__in=[head.day for head in heads])}
    return [
        DayProof(
            day=head.day,
            n=head.n,
            digest=head.digest,
            position=head.position,
            size=days[head.day].size,
            path=await _path_of(head),
            signed=_signed(days[head.day]),
        )
        for head in heads
    ]


async def _path_of(head: UseDayHead) -> tuple[bytes, ...]:
    """Kept since the day was closed; for older days it is found from all heads of the day."""
    if head.path is not None:
        path = bytes(head.path)
        return tuple(path[at : at + HASH_SIZE] for at in range(0, len(path), HASH_SIZE))
    leaves = [
        _leaf(one.subject_id, one.n, one.digest)
        for one in await UseDayHead.filter(day=head.day).order_by("position")
    ]
    return tuple(merkle.inclusion_path(head.position, len(leaves), merkle.of_leaves(leaves)))


async def check(*, certificate: bytes | None = None) -> int:
    """Follow every holder's chain, its head, and the signed days. Returns the number of records.

    Raises BrokenLog at the first thing that is not as it was written.
    """
    await _check_days(certificate)
    total, last = 0, UUID(int=0)
    while heads := await UseHead.filter(subject_id__gt=last).order_by("subject_id").limit(PAGE):
        days = await _days_of([head.subject_id for head in heads])
        for head in heads:
            total += await _check_holder(head, days.get(head.subject_id, {}))
        last = heads[-1].subject_id
    if await UseRecord.all().count() != total or await _orphan_days():
        raise BrokenLog("records or signed heads without a head of their log")
    return total


async def seal_heads() -> int:
    """Seal the heads that bear no seal of ours, after `check()` was read by an operator, and let
    them be anchored. Returns how many."""
    sealed, last = 0, UUID(int=0)
    while page := await UseHead.filter(subject_id__gt=last).order_by("subject_id").limit(PAGE):
        for head in page:
            mac = chain_heads.mac(name_of(head.subject_id), head.n, head.digest)
            if head.mac != mac:
                sealed += await UseHead.filter(
                    subject_id=head.subject_id, n=head.n, digest=head.digest
                ).update(mac=mac, moved=1)
        last = page[-1].subject_id
    return sealed


async def forget_old() -> int:
    """Delete records older than the retention, but only where a signed day covers the rest.

    The oldest first and a bounded number of holders at once; the next call goes on.
    """
    before, gone = _begin_of(clock.local(clock.now() - RETENTION).date()), 0
    oldest = UseRecord.filter(at__lt=before).order_by("at").limit(FORGOTTEN_AT_ONCE)
    for subject_id in dict.fromkeys(await oldest.values_list("subject_id", flat=True)):
        newest = await UseRecord.filter(subject_id=subject_id, at__lt=before).order_by("-n").first()
        if newest is None:
            continue
        # The chain must go on from a signed head: without one nobody could prove where it began.
        last = (
            await UseDayHead.filter(subject_id=subject_id, n__lte=newest.n).order_by("-n").first()
        )
        head = await UseHead.get_or_none(subject_id=subject_id)
        if last is None or head is None or last.n <= head.base_n:
            continue
        async with database.transaction():
            await UseHead.filter(subject_id=subject_id).update(
                base_n=last.n, base_digest=last.digest
            )
            gone += await UseRecord.filter(subject_id=subject_id, n__lte=last.n).delete()
    return gone


@dataclass(frozen=True, kw_only=True)
class _Signed:
    """A head of a holder's log that was signed."""

    day: date
    digest: str


async def _check_holder(head: UseHead, days: dict[int, _Signed]) -> int:
    previous, n, count = head.base_digest, head.base_n, 0
    if n:
        base = days.get(n)
        # Only the retention shortens a log: a beginning that is missing earlier was cut off.
        if base is None or base.digest != previous or not _has_served(base.day):
            raise BrokenLog(f"holder {head.subject_id}: the beginning is missing")
    records = UseRecord.filter(subject_id=head.subject_id)
    async for row in database.each_row(records, "n", size=PAGE):
        n, count = n + 1, count + 1
        digest = digest_of(content_of(row))
        if row.n != n or row.previous != previous or row.digest != digest:
            raise BrokenLog(f"holder {head.subject_id}, record {n}")
        if n in days and days[n].digest != digest:
            raise BrokenLog(f"holder {head.subject_id}, record {n}: another one was signed")
        previous = row.digest
    if (head.n, head.digest) != (n, previous) or max(days, default=0) > n:
        raise BrokenLog(f"holder {head.subject_id}, head after record {n}")
    if not chain_heads.is_sealed(head.mac, name=name_of(head.subject_id), n=n, digest=previous):
        raise BrokenLog(f"holder {head.subject_id}, head after record {n}: the seal is not ours")
    return count


def _has_served(day: date) -> bool:
    return day <= (clock.local(clock.now() - RETENTION)).date()


async def _days_of(subjects: Sequence[UUID]) -> dict[UUID, dict[int, _Signed]]:
    """Signed heads by holder and number."""
    found: dict[UUID, dict[int, _Signed]] = {}
    for head in await UseDayHead.filter(subject_id__in=subjects):
        signed = _Signed(day=head.day, digest=head.digest)
        found.setdefault(head.subject_id, {})[head.n] = signed
    return found


async def _orphan_days() -> bool:
    """Whether a signed head belongs to a holder without a log."""
    last = UUID(int=0)
    while signed := (
        await UseDayHead.filter(subject_id__gt=last)
        .order_by("subject_id")
        .distinct()
        .limit(PAGE)
        .values_list("subject_id", flat=True)
    ):
        subjects = list(signed)
        known = await UseHead.filter(subject_id__in=subjects).count()
        if known != len(subjects):
            return True
        last = UUID(str(subjects[-1]))
    return False


async def _check_days(certificate: bytes | None) -> None:
    """Trees and signatures of all days, each following the one before."""
    before, last = START, date.min
    while page := await UseDay.filter(day__gt=last).order_by("day").limit(100):
        for row in page:
            leaves = await _leaves_of(row.day)
            levels = await offload.batches.run(merkle.levels, leaves)
            size = len(leaves) // HASH_SIZE
            root = merkle.root(size, merkle.of_levels(levels)).hex()
            text = f"{ORIGIN}\n{row.day.isoformat()}\n{size}\n{root}\n{before}\n"
            if text != row.note or not signed_notes.is_genuine(
                _signed(row), certificate=certificate
            ):
                raise BrokenLog(f"signed head of {row.day}")
            before, last = hashlib.sha256(row.note.encode()).hexdigest(), row.day


async def _leaves_of(day: date) -> bytes:
    leaves = bytearray()
    async for head in database.each_row(UseDayHead.filter(day=day), "position", size=PAGE):
        leaves += _leaf(head.subject_id, head.n, head.digest)
    return bytes(leaves)


async def _heads_of(day: date) -> list[Head]:
    """For each holder looked at on the day, the last record of it, in the order of holders."""
    begin = _begin_of(day)
    records = UseRecord.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    heads: list[Head] = []
    last = UUID(int=0)
    while page := (
        await records.filter(subject_id__gt=last)
        .annotate(newest=Max("n"))
        .group_by("subject_id")
        .order_by("subject_id")
        .limit(HOLDERS_AT_ONCE)
        .values_list("subject_id", "newest")
    ):
        for piece in database.pieces(page, ASKED_AT_ONCE):
            heads += await _with_digests(piece)
        last = page[-1][0]
    return heads


async def _with_digests(found: Sequence[tuple[UUID, int]]) -> list[Head]:
    wanted = [Q(subject_id=subject, n=n) for subject, n in found]
    digests = {
        row.subject_id: row.digest
        for row in await UseRecord.filter(Q(*wanted, join_type="OR")).only("subject_id", "digest")
    }
    return [(subject, n, digests[subject]) for subject, n in found]


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.SHANGHAI)


def _leaf(subject_id: UUID, n: int, digest: str) -> bytes:
    return merkle.leaf_hash(f"{subject_id}\n{n}\n{digest}\n".encode())


def _signed(row: UseDay) -> SignedNote:
    return SignedNote(text=row.note, signature=row.signature, certificate=bytes(row.certificate))
