"""归集: take existing licences in from departments and the city library, in batches.

A batch is a file; it is kept as a blob, read in pieces, and each piece is one transaction that also
notes how far the reading has come. So a crash costs at most one piece, a repeat finds its place,
and a bad line never holds up a good one. The same file under its number again changes nothing.
"""

import asyncio
import itertools
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core import clock, database, offload, outbox
from core.data import pages
from core.data.pages import Page, Section
from core.files.blobs import Blobs
from core.protection import audit
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from signing import TrustList
from wallet import second_person
from wallet.document import lines as intake_lines
from wallet.document.lines import Incoming
from wallet.errors import (
    BatchDecided,
    BatchNotFound,
    BatchNumberReused,
    BatchUnreadable,
)
from wallet.events import IntakeReceived
from wallet.intake import rows as intake_rows
from wallet.intake.shapes import BatchView, LineView, SampleLine
from wallet.share_models import BatchState, IntakeBatch, IntakeLine, LineOutcome
from wallet.types import catalogue

INTAKE = "intake"
"""The kind of the job that reads a batch."""

PIECE = 200
"""Lines a transaction: some tens of milliseconds of the loop, on which others wait."""
PIECE_OF_DOCUMENTS = 50
LARGEST_FILE = 512 * 1024 * 1024
LARGEST_DOCUMENT = 8 * 1024 * 1024
LINES, DOCUMENTS = "lines", "documents"
SAMPLE = 50
"""Lines that the second officer is shown."""


async def receive(
    path: Path, *, batch_no: str, form: str, by: Principal, department: str, blobs: Blobs
) -> UUID:
    """Keep a complete file; the same file under its number gives the same batch.

    Documents bear a seal and are queued. Lines are data: they wait for a second officer, see
    `approve`. Raises RoleMissing, BatchUnreadable, BatchNumberReused.
    """
    roles.insist(by, Act.SEND_BATCHES, department=department)
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
                state=BatchState.WAITING if form == LINES else BatchState.RECEIVED,
            )
            if form != LINES:
                await _queue(row)
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


async def approve(batch_id: UUID, *, by: Principal) -> None:
    """Stand for a batch of lines as the second officer; it is read after that.

    Raises RoleMissing, BatchNotFound, SecondPersonNeeded (for who sent it), BatchDecided.
    """
    batch = await _own(batch_id, by, act=Act.VOUCH)
    if batch.sent_by == by.actor:
        raise await second_person.refuse(
            by.actor,
            action="intake.vouch",
            target=f"intake:{batch.id}",
            why="发送批次的工作人员不能复核自己的批次，请由另一名工作人员复核",
        )
    async with database.transaction():
        await _decide(batch, BatchState.RECEIVED, by=by)
        await _queue(batch)
        await audit.record(
            actor=by.actor,
            action="intake.approve",
            target=f"intake:{batch.id}",
            detail={"digest": batch.digest},
        )


async def refuse(batch_id: UUID, *, cause: str, by: Principal) -> None:
    """Turn a waiting batch down, or take one's own back; nothing of it is taken in.

    Raises RoleMissing, BatchNotFound, BatchDecided.
    """
    batch = await _own(batch_id, by, act=Act.READ_BATCHES)
    if batch.sent_by != by.actor:
        roles.insist(by, Act.VOUCH)
    async with database.transaction():
        await _decide(batch, BatchState.REFUSED, by=by, note=f"复核未通过：{cause.strip()}"[:200])
        await audit.record(
            actor=by.actor,
            action="intake.refuse",
            target=f"intake:{batch.id}",
            detail={"cause": cause.strip()[:200]},
        )


async def sample(batch_id: UUID, *, by: Principal, blobs: Blobs, folder: Path) -> list[SampleLine]:
    """The first lines of a batch that waits, for who is to stand for it; the look is recorded.

    Raises RoleMissing, BatchNotFound.
    """
    batch = await _own(batch_id, by, act=Act.READ_BATCHES)
    await audit.record_read(actor=by.actor, action="intake.sample", target=f"intake:{batch.id}")
    if batch.form != LINES:
        return []
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".sample") as file:
        await blobs.fetch(batch.digest, Path(file.name))
        lines = await asyncio.to_thread(_first_lines, Path(file.name))
    read = await offload.run(
        intake_lines.read_lines, lines, department=batch.department, today=clock.today()
    )
    return [_sample_line(number, one) for number, one in enumerate(read, start=1)]


def _first_lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return list(itertools.islice(_lines(file), SAMPLE))


def _sample_line(number: int, one: Incoming | str) -> SampleLine:
    if isinstance(one, str):
        return SampleLine(line=number, fault=one)
    return SampleLine(
        line=number,
        licence_name=catalogue.get_type(one.licence_type).name,
        number=one.number,
        holder_name=one.holder_name,
        issued_on=one.issued_on,
        sensitive=catalogue.get_type(one.licence_type).sensitivity == "sensitive",
    )


async def _decide(batch: IntakeBatch, state: BatchState, *, by: Principal, note: str = "") -> None:
    """Compare-and-set, in the current transaction: of two who decide, one does."""
    decided = await IntakeBatch.filter(id=batch.id, state=BatchState.WAITING).update(
        state=state, decided_by=by.actor, decided_at=clock.now(), note=note
    )
    if not decided:
        present = await IntakeBatch.get(id=batch.id)
        raise BatchDecided(state=present.state.value)


async def _queue(batch: IntakeBatch) -> None:
    event = IntakeReceived(batch_id=batch.id, department=batch.department)
    await outbox.publish(event, key=f"intake:{batch.department}")


async def process(batch_id: UUID, *, trust: TrustList, blobs: Blobs, folder: Path) -> None:
    """Read a batch to its end from wherever it stands; a finished or undecided one is left alone.

    Lines that nobody vouched for (a batch of an older version that was under way) wait again.
    """
    batch = await IntakeBatch.get(id=batch_id)
    if batch.state in (BatchState.FINISHED, BatchState.REFUSED, BatchState.WAITING):
        return
    if batch.form == LINES and not batch.decided_by:
        await IntakeBatch.filter(id=batch_id).update(state=BatchState.WAITING)
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


async def list_batches(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[BatchView]:
    """The batches of the officer's department, newest first. Raises RoleMissing, WrongPlace."""
    roles.insist(by, Act.READ_BATCHES)
    rows = IntakeBatch.all()
    if by.department is not None:
        rows = rows.filter(department=by.department)
    newest = Section("batches", rows, ("received_at", "id"))
    found = await pages.read(newest, after=after, limit=limit)
    return found.map(lambda row: _view(row, by))


async def get_batch(batch_id: UUID, *, by: Principal) -> BatchView:
    """A batch of the officer's department. Raises RoleMissing, BatchNotFound."""
    return _view(await _own(batch_id, by, act=Act.READ_BATCHES), by)


async def list_lines(
    batch_id: UUID, *, by: Principal, after: str | None = None, limit: int = 100
) -> Page[LineView]:
    """Lines that were not simply taken, in order. Raises BatchNotFound, WrongPlace."""
    await _own(batch_id, by, act=Act.READ_BATCHES)
    rows = IntakeLine.filter(batch_id=batch_id)
    lines = Section("batch.lines", rows, ("line",), newest_first=False)
    found = await pages.read(lines, after=after, limit=limit)
    return found.map(
        lambda row: LineView(line=row.line, outcome=row.outcome.value, message=row.message)
    )


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
        counts, report = await intake_rows.store(
            batch.id, read, first=first, vouched_by=batch.decided_by
        )
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


async def _own(batch_id: UUID, by: Principal, *, act: Act) -> IntakeBatch:
    roles.insist(by, act)
    row = await IntakeBatch.get_or_none(id=batch_id)
    if row is None or not by.covers(row.department):
        raise BatchNotFound()
    return row


def _view(row: IntakeBatch, by: Principal) -> BatchView:
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
        may_approve=row.state is BatchState.WAITING
        and row.sent_by != by.actor
        and roles.allows(by, Act.VOUCH, department=row.department),
    )
