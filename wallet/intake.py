"""归集: take existing licences in from departments and the city library, in batches.

A batch is a file; it is kept as a blob, read in pieces, and each piece is one transaction that also
notes how far the reading has come. So a crash costs at most one piece, a repeat finds its place,
and a bad line never holds up a good one. The same file under its number again changes nothing.
"""

import asyncio
import itertools
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core import audit, clock, database, offload, outbox
from core.blobs import Blobs
from identity.principal import Principal
from signing import TrustList
from wallet import intake_lines, intake_rows
from wallet.errors import BatchNotFound, BatchNumberReused, BatchUnreadable
from wallet.events import IntakeReceived
from wallet.intake_lines import Incoming
from wallet.share_models import BatchState, IntakeBatch, IntakeLine, LineOutcome

PIECE = 2_000
"""Lines a transaction."""
PIECE_OF_DOCUMENTS = 50
LARGEST_FILE = 512 * 1024 * 1024
LARGEST_DOCUMENT = 8 * 1024 * 1024
LINES, DOCUMENTS = "lines", "documents"


@dataclass(frozen=True, kw_only=True)
class BatchView:
    """A batch and how far it has come."""

    id: UUID
    batch_no: str
    form: str
    state: str
    received_at: datetime
    finished_at: datetime | None
    progress: float
    """0 to 1."""
    lines: int
    taken: int
    duplicates: int
    conflicts: int
    invalid: int
    note: str


@dataclass(frozen=True, kw_only=True)
class LineView:
    """A line that was not simply taken."""

    line: int
    outcome: str
    message: str


async def receive(
    path: Path, *, batch_no: str, form: str, by: Principal, department: str, blobs: Blobs
) -> UUID:
    """Keep a complete file and queue it; the same file under its number gives the same batch.

    Raises BatchUnreadable, BatchNumberReused.
    """
    size = path.stat().st_size
    if not 0 < size <= LARGEST_FILE:
        raise BatchUnreadable("文件为空或超过 512 MB")
    if form == DOCUMENTS and not await asyncio.to_thread(zipfile.is_zipfile, path):
        raise BatchUnreadable("不是 ZIP 文件")
    digest = await blobs.put_file(path)
    try:
        async with database.transaction():
            row = await IntakeBatch.create(
                department=department,
                batch_no=batch_no,
                form=form,
                digest=digest,
                size=size,
                sent_by=by.actor,
                received_at=clock.now(),
                state=BatchState.RECEIVED,
            )
            event = IntakeReceived(batch_id=row.id, department=department)
            await outbox.publish(event, key=f"intake:{department}")
            await audit.record(
                actor=by.actor,
                action="intake.receive",
                target=f"intake:{row.id}",
                detail={"batch_no": batch_no, "digest": digest, "size": size},
            )
    except IntegrityError:
        before = await IntakeBatch.get(department=department, batch_no=batch_no)
        if before.digest != digest or before.form != form:
            raise BatchNumberReused() from None
        return before.id
    return row.id


async def process(batch_id: UUID, *, trust: TrustList, blobs: Blobs, folder: Path) -> None:
    """Read a batch to its end from wherever it stands; a finished one is left alone."""
    batch = await IntakeBatch.get(id=batch_id)
    if batch.state in (BatchState.FINISHED, BatchState.REFUSED):
        return
    await IntakeBatch.filter(id=batch_id).update(state=BatchState.RUNNING)
    path = folder / f"intake-{batch.digest}"
    folder.mkdir(parents=True, exist_ok=True)
    await blobs.fetch(batch.digest, path)
    try:
        with path.open("rb") as file:
            if batch.form == LINES:
                await _process_lines(batch, file)
            else:
                await _process_documents(batch, file, trust=trust, blobs=blobs)
    except zipfile.BadZipFile:
        await _finish(batch, BatchState.REFUSED, note="ZIP 文件已损坏")
    else:
        await _finish(batch, BatchState.FINISHED, note="")
    finally:
        path.unlink(missing_ok=True)


async def list_batches(*, by: Principal) -> list[BatchView]:
    """The batches of the officer's department, newest first."""
    rows = IntakeBatch.all()
    if by.department is not None:
        rows = rows.filter(department=by.department)
    return [_view(row) for row in await rows.order_by("-received_at").limit(100)]


async def get_batch(batch_id: UUID, *, by: Principal) -> BatchView:
    """A batch of the officer's department, or BatchNotFound."""
    return _view(await _own(batch_id, by))


async def list_lines(
    batch_id: UUID, *, by: Principal, after: int = 0, limit: int = 200
) -> list[LineView]:
    """Lines that were not simply taken, in order. Raises BatchNotFound."""
    await _own(batch_id, by)
    rows = IntakeLine.filter(batch_id=batch_id, line__gt=after).order_by("line").limit(limit)
    return [
        LineView(line=row.line, outcome=row.outcome.value, message=row.message)
        for row in await rows
    ]


async def _process_lines(batch: IntakeBatch, file: BinaryIO) -> None:
    file.seek(batch.done_bytes)
    at, line = batch.done_bytes, batch.done_lines
    while lines := list(itertools.islice(_lines(file), PIECE)):
        today = clock.today()
        read = await offload.batches.run(
            intake_lines.read_lines, lines, department=batch.department, today=today
        )
        end = at + sum(map(len, lines))
        await _store(batch, read, first=line + 1, at=at, end=end)
        at, line = end, line + len(lines)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines as they stand; one without an end is cut, so that memory is bounded."""
    while text := file.readline(intake_lines.LONGEST_LINE * 4):
        yield text


async def _process_documents(
    batch: IntakeBatch, file: BinaryIO, *, trust: TrustList, blobs: Blobs
) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for start in range(batch.done_lines, len(entries), PIECE_OF_DOCUMENTS):
            piece = entries[start : start + PIECE_OF_DOCUMENTS]
            documents = await asyncio.to_thread(_unpack, archive, piece)
            read = await offload.batches.run(
                intake_lines.read_documents,
                documents,
                department=batch.department,
                trust=trust,
                at=clock.now(),
            )
            for one in read:
                if isinstance(one, Incoming) and one.document is not None:
                    await blobs.put(one.document)
            await _store(batch, read, first=start + 1, at=start, end=start + len(piece))


def _unpack(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> list[bytes]:
    """Documents of the ZIP; one that is too large comes out cut, one that cannot be unpacked
    (damaged, with a password, an unknown method) comes out empty: neither verifies, and neither
    holds up the others."""
    return [_unpack_one(archive, entry) for entry in entries]


def _unpack_one(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as source:
            return source.read(LARGEST_DOCUMENT)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
        return b""  # NotImplementedError, of an unknown method, is a RuntimeError


async def _store(
    batch: IntakeBatch, read: list[Incoming | str], *, first: int, at: int, end: int
) -> None:
    """One piece: licences, report and progress together, or none of it."""
    async with database.transaction():
        counts, report = await intake_rows.store(batch.id, read, first=first)
        moved = await IntakeBatch.filter(id=batch.id, done_bytes=at).update(
            done_bytes=end,
            done_lines=F("done_lines") + len(read),
            taken=F("taken") + counts[LineOutcome.TAKEN],
            duplicates=F("duplicates") + counts[LineOutcome.DUPLICATE],
            conflicts=F("conflicts") + counts[LineOutcome.CONFLICT],
            invalid=F("invalid") + counts[LineOutcome.INVALID],
        )
        if not moved:
            raise RuntimeError("another process reads this batch")
        await intake_rows.store_report(report)
        await audit.record(
            actor=batch.sent_by,
            action="intake.piece",
            target=f"intake:{batch.id}",
            detail={"first": first, "taken": counts[LineOutcome.TAKEN]},
        )


async def _finish(batch: IntakeBatch, state: BatchState, *, note: str) -> None:
    await IntakeBatch.filter(id=batch.id).update(state=state, note=note, finished_at=clock.now())


async def _own(batch_id: UUID, by: Principal) -> IntakeBatch:
    row = await IntakeBatch.get_or_none(id=batch_id)
    if row is None or not by.covers(row.department):
        raise BatchNotFound()
    return row


def _view(row: IntakeBatch) -> BatchView:
    finished = row.state is BatchState.FINISHED
    share = row.done_bytes / row.size if row.form == LINES and row.size else 0.0
    return BatchView(
        id=row.id,
        batch_no=row.batch_no,
        form=row.form,
        state=row.state.value,
        received_at=row.received_at,
        finished_at=row.finished_at,
        progress=1.0 if finished else round(share, 3),
        lines=row.done_lines,
        taken=row.taken,
        duplicates=row.duplicates,
        conflicts=row.conflicts,
        invalid=row.invalid,
        note=row.note,
    )
