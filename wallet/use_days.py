"""The daily signed head of the logs of uses, the check of all chains, and their retention."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from core import clock, database
from wallet import merkle, notes, transparency
from wallet.log_models import UseDay, UseDayHead, UseHead, UseRecord
from wallet.notes import SignedNote
from wallet.signs import Signs
from wallet.transparency import EntryKind
from wallet.uses import START, content_of, digest_of

ORIGIN = "yunjian-uses"
HASH_SIZE = 32
RETENTION = timedelta(days=3 * 366)
"""Shortest time a record is kept."""


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
    leaves = [_leaf(subject_id, n, digest) for subject_id, n, digest in heads]
    node = merkle.of_leaves(leaves)
    root = merkle.root(len(leaves), node)
    before = hashlib.sha256(previous.note.encode()).hexdigest() if previous else START
    text = f"{ORIGIN}\n{day.isoformat()}\n{len(leaves)}\n{root.hex()}\n{before}\n"
    signed = await notes.sign(text, keys=keys)
    async with database.transaction():
        _, made = await UseDay.get_or_create(
            {
                "size": len(leaves),
                "root": root.hex(),
                "note": signed.text,
                "signature": signed.signature,
                "certificate": signed.certificate,
            },
            day=day,
        )
        if not made:
            return 0
        await UseDayHead.bulk_create(
            [
                UseDayHead(
                    day=day,
                    position=place,
                    subject_id=subject_id,
                    n=n,
                    digest=digest,
                    path=b"".join(merkle.inclusion_path(place, len(leaves), node)),
                )
                for place, (subject_id, n, digest) in enumerate(heads)
            ],
            batch_size=1_000,
        )
        facts = {"note": hashlib.sha256(text.encode()).hexdigest()}
        await transparency.enter(EntryKind.USE_DAY, about=day.isoformat(), facts=facts)
    return 1


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
    days = await _days_by_holder(certificate)
    total = 0
    async for head in UseHead.all().order_by("subject_id"):
        total += await _check_holder(head, days.pop(head.subject_id, {}))
    if days or await UseRecord.all().count() != total:
        raise BrokenLog("records or signed heads without a head of their log")
    return total


async def forget_old() -> int:
    """Delete records older than the retention, but only where a signed day covers the rest."""
    before, gone = clock.now() - RETENTION, 0
    aged = UseRecord.filter(at__lt=before)
    for subject_id in await aged.distinct().values_list("subject_id", flat=True):
        old = await aged.filter(subject_id=subject_id).values_list("n", flat=True)
        # The chain must go on from a signed head: without one nobody could prove where it began.
        last = await UseDayHead.filter(subject_id=subject_id, n__in=old).order_by("-n").first()
        if last is None:
            continue
        async with database.transaction():
            await UseHead.filter(subject_id=subject_id).update(
                base_n=last.n, base_digest=last.digest
            )
            gone += await UseRecord.filter(subject_id=subject_id, n__lte=last.n).delete()
    return gone


async def _check_holder(head: UseHead, days: dict[int, str]) -> int:
    previous, n, count = head.base_digest, head.base_n, 0
    if n and days.get(n) != previous:
        raise BrokenLog(f"holder {head.subject_id}: the beginning is missing")
    async for row in UseRecord.filter(subject_id=head.subject_id).order_by("n"):
        n, count = n + 1, count + 1
        fits = row.n == n and row.previous == previous and row.digest == digest_of(content_of(row))
        if not fits:
            raise BrokenLog(f"holder {head.subject_id}, record {n}")
        if days.get(n, row.digest) != row.digest:
            raise BrokenLog(f"holder {head.subject_id}, record {n}: another one was signed")
        previous = row.digest
    if (head.n, head.digest) != (n, previous) or max(days, default=0) > n:
        raise BrokenLog(f"holder {head.subject_id}, head after record {n}")
    return count


async def _days_by_holder(certificate: bytes | None) -> dict[UUID, dict[int, str]]:
    """Signed heads by holder and number, after their trees and signatures were checked."""
    found: dict[UUID, dict[int, str]] = {}
    before = START
    async for row in UseDay.all().order_by("day"):
        heads = await UseDayHead.filter(day=row.day).order_by("position")
        leaves = [_leaf(head.subject_id, head.n, head.digest) for head in heads]
        root = merkle.root(len(leaves), merkle.of_leaves(leaves)).hex()
        text = f"{ORIGIN}\n{row.day.isoformat()}\n{len(leaves)}\n{root}\n{before}\n"
        if text != row.note or not notes.is_genuine(_signed(row), certificate=certificate):
            raise BrokenLog(f"signed head of {row.day}")
        before = hashlib.sha256(row.note.encode()).hexdigest()
        for head in heads:
            found.setdefault(head.subject_id, {})[head.n] = head.digest
    return found


async def _heads_of(day: date) -> list[tuple[UUID, int, str]]:
    """For each holder looked at on the day, the last record of it."""
    begin = datetime.combine(day, time.min, tzinfo=clock.SHANGHAI)
    newest: dict[UUID, tuple[UUID, int, str]] = {}
    rows = UseRecord.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    async for row in rows.order_by("subject_id", "n"):
        newest[row.subject_id] = (row.subject_id, row.n, row.digest)
    return list(newest.values())


def _leaf(subject_id: UUID, n: int, digest: str) -> bytes:
    return merkle.leaf_hash(f"{subject_id}\n{n}\n{digest}\n".encode())


def _signed(row: UseDay) -> SignedNote:
    return SignedNote(text=row.note, signature=row.signature, certificate=bytes(row.certificate))
