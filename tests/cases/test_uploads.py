import asyncio
import hashlib
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from services.cases import errors
from services.cases.files import upload_files
from services.cases.files.staging import StagingStore
from services.cases.files.upload_files import Checksum, Folder
from services.cases.materials import quotas, uploads
from services.cases.materials.quotas import Limits
from services.cases.materials.uploads import UploadStatus
from services.cases.models import MaterialFile, Upload
from tests.cases.factories import LI, PHOTO, CaseMaker, blank_photo, person, photo
from tests.conftest import FrozenClock

MAX = 50 * 1024 * 1024
LIMITS = Limits(file=MAX, person=4 * MAX, case=2 * MAX)


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def broken_off(data: bytes) -> AsyncIterator[bytes]:
    yield data
    raise ConnectionResetError


class Sender:
    """One citizen's uploads, in one line each."""

    def __init__(self, cases: CaseMaker, staging: StagingStore | None = None) -> None:
        self.cases = cases
        self.staging = staging or Folder(cases.folder)

    async def open(
        self,
        length: int,
        code: str = PHOTO,
        *,
        limits: Limits | None = None,
        case_id: UUID | None = None,
    ) -> UploadStatus:
        return await uploads.open_upload(
            case_id or await self.cases.draft(),
            code=code,
            length=length,
            filename="照片.jpg",
            by=self.cases.by,
            staging=self.staging,
            limits=limits or LIMITS,
        )

    async def append(
        self, upload_id: UUID, offset: int, *data: bytes, checksum: Checksum | None = None
    ) -> UploadStatus:
        return await uploads.append(
            upload_id,
            offset=offset,
            chunks=pieces(*data),
            by=self.cases.by,
            staging=self.staging,
            checksum=checksum,
        )

    async def status(self, upload_id: UUID) -> UploadStatus:
        return await uploads.get_status(upload_id, by=self.cases.by, staging=self.staging)

    async def finish(self, upload_id: UUID) -> UploadStatus:
        return await uploads.finish(
            upload_id, by=self.cases.by, staging=self.staging, blobs=self.cases.blobs
        )


@pytest.fixture
def sender(cases: CaseMaker) -> Sender:
    return Sender(cases)


async def test_an_upload_in_pieces_becomes_a_file(sender: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))

    status = await sender.append(upload.id, 0, data[:1000], data[1000:2000])
    assert status.offset == 2000
    await sender.append(upload.id, 2000, data[2000:])
    status = await sender.finish(upload.id)

    assert status.file_id is not None
    stored = await MaterialFile.get(id=status.file_id)
    assert stored.name == "照片.jpg"
    assert list(sender.cases.folder.iterdir()) == []


async def test_a_finished_upload_can_be_finished_again(sender: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)

    first = await sender.finish(upload.id)
    again = await sender.finish(upload.id)

    assert first == again
    assert await MaterialFile.all().count() == 1


async def test_a_break_keeps_what_arrived(sender: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))

    with pytest.raises(ConnectionResetError):
        await uploads.append(
            upload.id,
            offset=0,
            chunks=broken_off(data[:777]),
            by=sender.cases.by,
            staging=sender.staging,
        )

    assert (await sender.status(upload.id)).offset == 777
    await sender.append(upload.id, 777, data[777:])
    assert (await sender.finish(upload.id)).file_id is not None


async def test_a_wrong_offset_conflicts_and_tells_the_right_one(sender: Sender) -> None:
    upload = await sender.open(100)
    await sender.append(upload.id, 0, b"x" * 10)

    for offset in (0, 9, 11):
        with pytest.raises(errors.WrongOffset) as refused:
            await sender.append(upload.id, offset, b"y")
        assert refused.value.members == {"offset": 10}
    assert (await sender.status(upload.id)).offset == 10


async def test_more_bytes_than_declared_are_refused(sender: Sender) -> None:
    upload = await sender.open(10)

    with pytest.raises(errors.FileTooLarge):
        await sender.append(upload.id, 0, b"x" * 8, b"y" * 8)

    assert (await sender.status(upload.id)).offset <= 10


@pytest.mark.parametrize("algorithm", uploads.CHECKSUM_ALGORITHMS)
async def test_a_right_checksum_is_taken(sender: Sender, algorithm: str) -> None:
    upload = await sender.open(100)
    digest = hashlib.new(algorithm, b"abcdef").digest()

    status = await sender.append(upload.id, 0, b"abc", b"def", checksum=Checksum(algorithm, digest))

    assert status.offset == 6


async def test_a_wrong_checksum_takes_nothing(sender: Sender) -> None:
    upload = await sender.open(100)
    await sender.append(upload.id, 0, b"12345")

    with pytest.raises(errors.ChecksumMismatch):
        await sender.append(upload.id, 5, b"abc", checksum=Checksum("sha1", b"\x00" * 20))

    assert (await sender.status(upload.id)).offset == 5


async def test_a_break_under_a_checksum_takes_nothing(sender: Sender) -> None:
    upload = await sender.open(100)

    with pytest.raises(ConnectionResetError):
        await uploads.append(
            upload.id,
            offset=0,
            chunks=broken_off(b"abc"),
            by=sender.cases.by,
            staging=sender.staging,
            checksum=Checksum("sha256", b"\x00" * 32),
        )

    assert (await sender.status(upload.id)).offset == 0


async def test_a_kill_under_a_checksum_takes_nothing(sender: Sender) -> None:
    """What a worker had written and not compared when it was killed does not count."""
    upload = await sender.open(100)
    await sender.append(upload.id, 0, b"12345")
    path = upload_files.path_of(upload.id, sender.cases.folder)
    compared = Checksum("sha1", hashlib.sha1(b"abc").digest())  # noqa: S324 - tus demands it
    gate = asyncio.Event()

    async def killed() -> AsyncIterator[bytes]:
        yield b"abc"
        gate.set()
        await asyncio.Event().wait()

    worker = asyncio.create_task(
        uploads.append(
            upload.id,
            offset=5,
            chunks=killed(),
            by=sender.cases.by,
            staging=sender.staging,
            checksum=compared,
        )
    )
    await gate.wait()
    assert path.stat().st_size == 8
    left = {one.name: one.read_bytes() for one in sender.cases.folder.iterdir()}
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    for name, data in left.items():  # the disk as it was at the moment of the kill
        (sender.cases.folder / name).write_bytes(data)

    assert (await sender.status(upload.id)).offset == 5
    assert (await sender.append(upload.id, 5, b"abc", checksum=compared)).offset == 8
    assert [one.suffix for one in sender.cases.folder.iterdir()] == [".part"]


async def test_nothing_is_an_empty_file(sender: Sender) -> None:
    with pytest.raises(errors.EmptyFile):
        await sender.open(0)


async def test_a_declared_size_above_the_requirement_is_refused(sender: Sender) -> None:
    with pytest.raises(errors.FileTooLarge) as refused:
        await sender.open(200 * 1024 * 1024)

    assert refused.value.members == {"max_bytes": 10 * 1024 * 1024}
    assert await Upload.all().count() == 0


async def test_unfinished_uploads_are_bounded(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "MAX_OPEN", 2)
    first = await sender.open(10)
    await sender.open(10)

    with pytest.raises(errors.TooManyUploads):
        await sender.open(10)
    await uploads.abandon(first.id, by=sender.cases.by, staging=sender.staging)
    await sender.open(10)


async def test_somebody_elses_upload_does_not_exist(sender: Sender) -> None:
    upload = await sender.open(10)
    stranger = await person(LI)

    with pytest.raises(errors.UploadNotFound):
        await uploads.get_status(upload.id, by=stranger, staging=sender.staging)
    with pytest.raises(errors.UploadNotFound):
        await uploads.abandon(upload.id, by=stranger, staging=sender.staging)


async def test_a_refused_file_ends_its_upload(sender: Sender) -> None:
    data = b"#!/bin/sh\necho\n"
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)

    with pytest.raises(errors.NotAnAcceptedType):
        await sender.finish(upload.id)

    with pytest.raises(errors.UploadGone):
        await sender.status(upload.id)
    assert list(sender.cases.folder.iterdir()) == []


async def test_an_abandoned_upload_is_gone(sender: Sender) -> None:
    upload = await sender.open(10)

    await uploads.abandon(upload.id, by=sender.cases.by, staging=sender.staging)

    with pytest.raises(errors.UploadGone):
        await sender.append(upload.id, 0, b"x")
    assert list(sender.cases.folder.iterdir()) == []


async def test_an_unfinished_upload_expires(sender: Sender, frozen_clock: FrozenClock) -> None:
    upload = await sender.open(10)
    frozen_clock.advance(hours=25)

    with pytest.raises(errors.UploadGone):
        await sender.status(upload.id)
    assert await uploads.expire(staging=sender.staging) == 1
    assert await uploads.expire(staging=sender.staging) == 0
    assert not upload_files.path_of(upload.id, sender.cases.folder).exists()


async def test_a_second_connection_waits_for_the_first(sender: Sender) -> None:
    upload = await sender.open(20)
    written, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 10
        written.set()
        await gate.wait()

    first = asyncio.create_task(
        uploads.append(
            upload.id,
            offset=0,
            chunks=slow(),
            by=sender.cases.by,
            staging=sender.staging,
        )
    )
    await written.wait()
    second = asyncio.create_task(sender.append(upload.id, 10, b"y" * 10))
    await asyncio.sleep(0)
    gate.set()

    assert (await first).offset == 10
    assert (await second).offset == 20


async def test_a_connection_that_keeps_the_file_makes_others_busy(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_files, "_LOCK_TRIES", 1)
    upload = await sender.open(20)

    async with upload_files.exclusive(upload_files.path_of(upload.id, sender.cases.folder)):
        with pytest.raises(errors.UploadBusy):
            await sender.append(upload.id, 0, b"x")


WRITER = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(file, fcntl.LOCK_EX)
os.write(file, b"x" * 700)
print("written", flush=True)
sys.stdin.read()
"""


async def test_a_killed_worker_leaves_offset_and_lock_free(sender: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))
    path = upload_files.path_of(upload.id, sender.cases.folder)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE, stdin=-1
    )
    assert worker.stdout is not None
    await worker.stdout.readline()

    worker.kill()
    await worker.wait()

    assert (await sender.status(upload.id)).offset == 700
    assert (await sender.append(upload.id, 700, data[700:])).offset == len(data)


async def test_a_crash_between_blob_and_row_is_repaired_by_finishing_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = photo()
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr("core.outbox.publish", crash)
        with pytest.raises(RuntimeError):
            await sender.finish(upload.id)
    assert await MaterialFile.all().count() == 0
    assert (await sender.status(upload.id)).offset == len(data)

    assert (await sender.finish(upload.id)).file_id is not None


async def test_a_blank_picture_is_taken_and_judged_later(sender: Sender) -> None:
    data = blank_photo()
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)

    assert (await sender.finish(upload.id)).file_id is not None


async def test_left_over_files_are_swept(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    left = cases.folder / "0.part"
    left.write_bytes(b"x")
    at = frozen_clock().timestamp()
    os.utime(left, (at, at))
    await uploads.sweep(staging=Folder(cases.folder))
    assert left.exists()

    frozen_clock.advance(days=3)
    await uploads.sweep(staging=Folder(cases.folder))

    assert not left.exists()


def test_the_path_tells_nothing_but_the_upload() -> None:
    upload_id = UUID(int=1)

    assert upload_files.path_of(upload_id, Path("/x")) == Path(f"/x/{upload_id.hex}.part")


async def test_a_dead_connection_hands_over_to_the_next(sender: Sender) -> None:
    """It holds the lock and says nothing: the newcomer goes on within two seconds."""
    upload = await sender.open(20)
    written = asyncio.Event()

    async def dead() -> AsyncIterator[bytes]:
        yield b"x" * 10
        written.set()
        await asyncio.Event().wait()

    by, folder = sender.cases.by, sender.cases.folder
    first = asyncio.create_task(
        uploads.append(upload.id, offset=0, chunks=dead(), by=by, staging=sender.staging)
    )
    await written.wait()

    async with asyncio.timeout(2):
        status = await sender.append(upload.id, 10, b"y" * 10)

    assert status.offset == 20
    with pytest.raises(errors.UploadBusy):
        await first
    assert [path.suffix for path in folder.iterdir()] == [".part"]


async def test_a_person_has_a_quota(sender: Sender) -> None:
    small = Limits(file=MAX, person=1000, case=MAX)

    await sender.open(600, limits=small)
    with pytest.raises(errors.QuotaReached):
        await sender.open(401, limits=small)
    await sender.open(400, limits=small)


async def test_a_case_has_a_quota(sender: Sender) -> None:
    data = photo()
    case_id = await sender.cases.draft()
    await sender.cases.attach(case_id, data=data)
    stored = (await MaterialFile.get()).size
    small = Limits(file=MAX, person=MAX, case=stored + 100)

    with pytest.raises(errors.QuotaReached):
        await sender.open(101, limits=small, case_id=case_id)
    await sender.open(100, limits=small, case_id=case_id)


async def test_what_was_sent_long_ago_no_longer_counts_against_a_person(
    sender: Sender, frozen_clock: FrozenClock
) -> None:
    small = Limits(file=MAX, person=1000, case=MAX)
    await sender.open(1000, limits=small)

    frozen_clock.advance(hours=25)

    await sender.open(1000, limits=small)


async def test_a_given_up_upload_is_gone_even_when_it_was_finished(sender: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)
    await sender.finish(upload.id)

    await uploads.abandon(upload.id, by=sender.cases.by, staging=sender.staging)

    with pytest.raises(errors.UploadGone):
        await sender.status(upload.id)
    assert await MaterialFile.all().count() == 1


@pytest.mark.parametrize("good", [True, False])
async def test_a_large_part_is_digested_beside_receiving(sender: Sender, good: bool) -> None:
    data = random.Random(3).randbytes(3_000_001)
    upload = await sender.open(len(data) + 1)
    digest = hashlib.new("sm3", data if good else data[1:]).digest()
    cut = [data[start : start + 65_536] for start in range(0, len(data), 65_536)]

    if good:
        await sender.append(upload.id, 0, *cut, checksum=Checksum("sm3", digest))
    else:
        with pytest.raises(errors.ChecksumMismatch):
            await sender.append(upload.id, 0, *cut, checksum=Checksum("sm3", digest))

    assert (await sender.status(upload.id)).offset == (len(data) if good else 0)


async def waiting_for(sender: Sender, upload_id: UUID) -> None:
    """Until the second request waits for the first."""
    note = upload_files.path_of(upload_id, sender.cases.folder).with_suffix(".ask")
    for _ in range(1000):
        if note.exists():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the second request does not wait")


async def test_a_repeated_last_part_meets_a_finished_upload(sender: Sender) -> None:
    """A phone that timed out on its last part sends it again while the first is being stored."""
    data = photo()
    upload = await sender.open(len(data))

    async with sender.staging.hold(upload.id):
        repeated = asyncio.create_task(sender.append(upload.id, 0, data))
        await waiting_for(sender, upload.id)
        upload_files.path_of(upload.id, sender.cases.folder).unlink()
        await Upload.filter(id=upload.id).update(state="finished", file_id=upload.id)
    with pytest.raises(errors.WrongOffset):
        await repeated


async def test_an_upload_whose_file_is_gone_is_said_so(sender: Sender) -> None:
    upload = await sender.open(10)

    async with sender.staging.hold(upload.id):
        waiting = asyncio.create_task(sender.append(upload.id, 0, b"0123456789"))
        await waiting_for(sender, upload.id)
        upload_files.path_of(upload.id, sender.cases.folder).unlink()
    with pytest.raises(errors.UploadGone):
        await waiting
