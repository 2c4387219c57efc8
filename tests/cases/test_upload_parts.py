"""Unfinished uploads in a bucket: the facts that hold for a folder, without a lock."""

import asyncio
import hashlib
import random
import sys
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import clock
from core.files.parts import PartExists, Parts, StoreUnavailable, UnsuitableStore
from core.ids import new_id
from services.cases import errors
from services.cases.files.staging import open_staging
from services.cases.files.upload_files import Checksum
from services.cases.files.upload_parts import PART_BYTES, Bucket, HeldParts
from services.cases.materials import uploads
from services.cases.models import MaterialFile
from tests.cases.factories import CaseMaker, photo
from tests.cases.sender import Sender, broken_off, pieces
from tests.conftest import FrozenClock
from tests.s3_server import S3Server


@pytest.fixture
async def s3() -> AsyncIterator[S3Server]:
    async with S3Server().running() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, tmp_path: Path) -> Bucket:
    return Bucket(Parts(s3.store("uploads")), scratch=tmp_path)


@pytest.fixture
def sender(cases: CaseMaker, bucket: Bucket) -> Sender:
    return Sender(cases, bucket)


@pytest.fixture
def elsewhere(cases: CaseMaker, s3: S3Server, tmp_path: Path) -> Sender:
    """The same person, served by a worker of another machine."""
    return Sender(cases, Bucket(Parts(s3.store("uploads")), scratch=tmp_path / "other"))


async def test_an_upload_goes_on_at_another_machine(
    sender: Sender, elsewhere: Sender, s3: S3Server
) -> None:
    data = photo()
    upload = await sender.open(len(data))

    assert (await sender.status(upload.id)).offset == 0
    await sender.append(upload.id, 0, data[:1000], data[1000:2000])
    assert (await elsewhere.status(upload.id)).offset == 2000
    await elsewhere.append(upload.id, 2000, data[2000:3000])
    await sender.append(upload.id, 3000, data[3000:])
    status = await elsewhere.finish(upload.id)

    assert status.file_id is not None
    assert await sender.cases.blobs.exists((await MaterialFile.get(id=status.file_id)).digest)
    assert s3.objects == {}
    assert list(sender.cases.folder.rglob("*.part")) == []


async def test_both_machines_may_finish_at_once(sender: Sender, elsewhere: Sender) -> None:
    data = photo()
    upload = await sender.open(len(data))
    await sender.append(upload.id, 0, data)

    first, second = await asyncio.gather(sender.finish(upload.id), elsewhere.finish(upload.id))

    assert first.file_id == second.file_id is not None
    assert await MaterialFile.all().count() == 1


async def test_a_break_keeps_what_arrived(sender: Sender) -> None:
    upload = await sender.open(2000)

    with pytest.raises(ConnectionResetError):
        await uploads.append(
            upload.id,
            offset=0,
            chunks=broken_off(b"x" * 777),
            by=sender.cases.by,
            staging=sender.staging,
        )

    assert (await sender.status(upload.id)).offset == 777


async def test_a_connection_thought_dead_spoils_nothing(sender: Sender, elsewhere: Sender) -> None:
    """Both send from 0; who writes second is told, and the chain stays whole."""
    upload = await sender.open(20)
    gathered, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 10
        gathered.set()
        await gate.wait()

    first = asyncio.create_task(
        uploads.append(
            upload.id, offset=0, chunks=slow(), by=sender.cases.by, staging=sender.staging
        )
    )
    await gathered.wait()
    await elsewhere.append(upload.id, 0, b"y" * 15)
    gate.set()

    with pytest.raises(errors.UploadBusy):
        await first
    assert (await sender.status(upload.id)).offset == 15


async def test_parts_behind_a_gap_do_not_count(sender: Sender, bucket: Bucket) -> None:
    upload = await sender.open(20)
    await sender.append(upload.id, 0, b"x" * 5)

    await bucket.put(upload.id, 9, bytearray(b"z"))

    assert (await sender.status(upload.id)).offset == 5


@pytest.mark.parametrize("algorithm", uploads.CHECKSUM_ALGORITHMS)
async def test_a_checksum_counts_for_all_or_nothing(
    sender: Sender, s3: S3Server, algorithm: str
) -> None:
    upload = await sender.open(100)
    right = Checksum(algorithm, hashlib.new(algorithm, b"abcdef").digest())

    with pytest.raises(errors.ChecksumMismatch):
        await sender.append(upload.id, 0, b"abc", b"xyz", checksum=right)
    assert s3.objects == {}

    assert (await sender.append(upload.id, 0, b"abc", b"def", checksum=right)).offset == 6


async def test_more_bytes_than_declared_are_refused(sender: Sender) -> None:
    upload = await sender.open(10)

    with pytest.raises(errors.FileTooLarge):
        await sender.append(upload.id, 0, b"x" * 8, b"y" * 8)

    assert (await sender.status(upload.id)).offset == 8


async def test_an_abandoned_upload_leaves_nothing(sender: Sender, s3: S3Server) -> None:
    upload = await sender.open(10)
    await sender.append(upload.id, 0, b"x" * 5)

    await uploads.abandon(upload.id, by=sender.cases.by, staging=sender.staging)

    with pytest.raises(errors.UploadGone):
        await sender.status(upload.id)
    assert s3.objects == {}


async def test_what_expired_and_what_was_left_behind_is_swept(
    sender: Sender, bucket: Bucket, s3: S3Server, frozen_clock: FrozenClock
) -> None:
    upload = await sender.open(10)
    await sender.append(upload.id, 0, b"x" * 5)
    await bucket.put(new_id(), 0, bytearray(b"left behind"))
    s3.objects = {key: (data, clock.now()) for key, (data, _) in s3.objects.items()}

    frozen_clock.advance(hours=25)
    assert await uploads.expire(staging=bucket) == 1
    assert len(s3.objects) == 1

    frozen_clock.advance(hours=24)
    await uploads.sweep(staging=bucket)
    assert s3.objects == {}


WRITER = """
import asyncio, sys
from uuid import UUID
from pathlib import Path
from services.cases.files.upload_parts import Bucket, PART_BYTES
from core.files.parts import Parts
from tests.s3_server import S3Server

async def chunks():
    for _ in range(3):
        yield bytes(PART_BYTES // 2)
    print("two and a half sent", flush=True)
    await asyncio.Event().wait()

async def main():
    server = S3Server()
    server.address = sys.argv[1]
    bucket = Bucket(Parts(server.store("uploads")), scratch=Path(sys.argv[3]))
    async with bucket.hold(UUID(sys.argv[2])) as held:
        await held.append(chunks(), start=0, room=100_000_000, checksum=None)

asyncio.run(main())
"""


async def test_a_killed_worker_leaves_the_offset_of_its_last_part(
    sender: Sender, s3: S3Server, tmp_path: Path
) -> None:
    upload = await sender.open(10_000_000)
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITER,
        s3.address,
        str(upload.id),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert worker.stdout is not None
    await worker.stdout.readline()

    worker.kill()
    await worker.wait()

    assert (await sender.status(upload.id)).offset == PART_BYTES
    assert (await sender.append(upload.id, PART_BYTES, b"on")).offset == PART_BYTES + 2


class Drain(Parts):
    """Takes parts and keeps their sizes only."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def put(self, name: str, data: bytes | bytearray) -> None:
        self.sizes.append(len(data))


async def test_memory_does_not_grow_with_the_body(tmp_path: Path) -> None:
    drain, piece = Drain(), random.Random(1).randbytes(1024 * 1024)
    held = HeldParts(Bucket(drain, scratch=tmp_path), new_id())

    tracemalloc.start()
    end = await held.append(pieces(*[piece] * 64), start=0, room=64 * len(piece), checksum=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert end == sum(drain.sizes) == 64 * len(piece)
    assert set(drain.sizes) == {PART_BYTES}
    assert peak < 4 * PART_BYTES


async def test_a_store_that_writes_over_parts_is_refused(s3: S3Server) -> None:
    parts = Parts(s3.store())
    await parts.prepare()
    s3.heeds_conditions = False

    with pytest.raises(UnsuitableStore):
        await parts.prepare()
    assert s3.objects == {}


async def test_a_store_that_is_away_is_said_so() -> None:
    server = S3Server()
    server.address = "http://127.0.0.1:9"
    parts = Parts(server.store(retries=0))

    with pytest.raises(StoreUnavailable):
        await parts.put("x", b"x")
    with pytest.raises(StoreUnavailable):
        await parts.list("x")


async def test_a_part_is_written_once_in_memory_too() -> None:
    parts = Parts.open("memory:///")
    await parts.prepare()
    await parts.put("a/1", b"x")

    with pytest.raises(PartExists):
        await parts.put("a/1", b"y")
    assert [part.size for part in await parts.list("a")] == [1]


def test_the_settings_choose_the_staging_store(tmp_path: Path) -> None:
    assert type(open_staging(tmp_path)).__name__ == "Folder"
    assert type(open_staging(tmp_path, Parts.open("memory:///"))).__name__ == "Bucket"
