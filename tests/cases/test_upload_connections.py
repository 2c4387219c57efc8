"""Two connections for one upload, and workers that die: who waits, who goes on, who is told."""

import asyncio
import sys
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from services.cases import errors
from services.cases.files import upload_files
from services.cases.materials import uploads
from services.cases.models import Upload
from tests.cases.factories import photo
from tests.cases.sender import Sender
from tests.waiting import until


async def test_a_second_connection_waits_for_the_first(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_files, "SILENT_SECONDS", 60.0)  # the first one is not taken for dead
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
    await waiting_for(sender, upload.id)
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


async def waiting_for(sender: Sender, upload_id: UUID) -> None:
    """Until the second request waits for the first."""
    note = upload_files.path_of(upload_id, sender.cases.folder).with_suffix(".ask")
    await until(note.exists)


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
