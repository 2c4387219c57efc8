"""Parts of an upload under a checksum: taken as a whole or not at all."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator

import pytest

from services.cases import errors
from services.cases.files import upload_files
from services.cases.files.upload_files import Checksum
from services.cases.materials import uploads
from tests.cases.sender import Sender, broken_off


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
