"""Blobs: filed under their digest, once, in every kind of store."""

import hashlib
from pathlib import Path

import pytest

from core.blobs import BlobNotFound, Blobs, DamagedBlob

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
