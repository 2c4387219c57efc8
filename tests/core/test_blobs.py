"""Blobs: filed under their digest, once, in every kind of store."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from core.files.blobs import INLINE_BYTES, BlobNotFound, Blobs, DamagedBlob, digest_of
from tests.core.s3_store import S3Store

DATA = b"a photograph" * 1000


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs.open("memory:///" if request.param == "memory" else f"file://{tmp_path}/blobs")


async def test_name_is_the_sm3_digest(store: Blobs) -> None:
    name = await store.put(DATA)

    assert name == hashlib.new("sm3", DATA).hexdigest()
    assert await store.get(name) == DATA


async def test_same_bytes_twice_are_one_blob(store: Blobs) -> None:
    assert await store.put(DATA) == await store.put(DATA)


async def test_file_and_bytes_get_the_same_name(store: Blobs, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(DATA)

    assert await store.put_file(path) == await store.put(DATA)


async def test_missing_blob_is_said_so(store: Blobs) -> None:
    assert not await store.exists("0" * 64)
    with pytest.raises(BlobNotFound):
        await store.get("0" * 64)


async def test_deleted_blob_is_gone(store: Blobs) -> None:
    name = await store.put(DATA)
    await store.delete(name)

    assert not await store.exists(name)


async def test_damaged_file_is_never_given_out(tmp_path: Path) -> None:
    store = Blobs.open(f"file://{tmp_path}/blobs")
    name = await store.put(DATA)
    (tmp_path / "blobs" / name[:2] / name[2:4] / name).write_bytes(b"something else")

    with pytest.raises(DamagedBlob):
        await store.get(name)


async def test_an_s3_store_takes_large_files_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = S3Store()
    path = tmp_path / "large"
    path.write_bytes(DATA * 2000)
    async with s3.serve() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "local")
        store = Blobs.open("s3://bucket/materials")

        name = await store.put_file(path)
        small = await store.put(DATA)

        assert len(s3.parts) > 1
        assert sum(s3.parts) == path.stat().st_size
        assert await store.get(name) == path.read_bytes()
        assert await store.exists(small)
        assert not await store.exists("0" * 64)
        await store.delete(small)
        assert not await store.exists(small)


@pytest.mark.parametrize("size", [0, INLINE_BYTES, INLINE_BYTES + 1])
async def test_digest_is_the_same_wherever_it_is_computed(size: int) -> None:
    assert await digest_of(bytes(size)) == hashlib.new("sm3", bytes(size)).hexdigest()


async def test_loop_goes_on_while_a_large_digest_is_computed() -> None:
    running, turns = asyncio.create_task(digest_of(bytes(64 * 1024 * 1024))), 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 10  # on the loop itself it would be two
