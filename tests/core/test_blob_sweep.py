"""Blobs that no row names go, days later; what somebody needs meanwhile is never lost."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core import clock
from core.files import blob_sweep
from core.files.blob_sweep import ASIDE, GRACE, BlobSweep
from core.files.blobs import BlobNotFound, Blobs
from core.ids import new_id
from core.protection.audit import AuditRecord
from services.cases.blob_columns import COLUMNS
from services.cases.models import Case, MessagePicture

pytestmark = pytest.mark.usefixtures("db")


class Later:
    """A clock that goes on from now: stores of the test know only the real time."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(tz=clock.UTC) + self.ahead


@pytest.fixture
def later() -> Iterator[Later]:
    moved = Later()
    clock.use(moved)
    yield moved
    clock.use(None)


@pytest.fixture(params=["memory", "file"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs.open("memory:///" if request.param == "memory" else f"file://{tmp_path}/blobs")


async def named(digest: str) -> MessagePicture:
    """A row that names the blob."""
    at = clock.now()
    case = await Case.create(
        item_code="X", item_version=1, item_digest="", item_name="", department="GA",
        subject_id=new_id(), person_id=new_id(), applicant_masked="", applicant_index="",
        answers={}, provenance={}, created_at=at, updated_at=at,
    )  # fmt: skip
    return await MessagePicture.create(
        id=new_id(), case_id=case.id, media_type="image/jpeg", size=1, digest=digest,
        uploaded_by=new_id(), created_at=at,
    )  # fmt: skip


async def swept(blobs: Blobs, limit: int = blob_sweep.LIMIT) -> tuple[int, int, int]:
    done = await blob_sweep.sweep(blobs, COLUMNS, limit=limit)
    return done.set_aside, done.deleted, done.brought_back


async def test_what_no_row_names_is_gone_after_both_graces(blobs: Blobs, later: Later) -> None:
    kept, lost = await blobs.put(b"named"), await blobs.put(b"unnamed")
    await named(kept)

    assert await swept(blobs) == (0, 0, 0)
    later.ahead += GRACE + timedelta(minutes=1)
    assert await swept(blobs) == (1, 0, 0)
    later.ahead += ASIDE - timedelta(days=1)
    assert await swept(blobs) == (0, 0, 0)
    later.ahead += timedelta(days=2)
    assert await swept(blobs) == (0, 1, 0)

    assert await blobs.get(kept) == b"named"
    with pytest.raises(BlobNotFound):
        await blobs.get(lost)
    record = await AuditRecord.get(action="blobs.delete")
    assert record.detail == {"count": 1, "digests": [lost]}


async def test_a_young_blob_is_left_alone(blobs: Blobs, later: Later) -> None:
    await blobs.put(b"on its way")
    later.ahead += GRACE - timedelta(hours=1)

    assert await swept(blobs) == (0, 0, 0)


async def test_storing_the_same_bytes_again_makes_a_blob_young(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}/blobs")
    data = b"a page" * 100
    digest = await blobs.put(data)
    stored = tmp_path / "blobs" / digest[:2] / digest[2:4] / digest
    old = (clock.now() - GRACE * 2).timestamp()
    again = tmp_path / "again"
    again.write_bytes(data)

    for store_again in (blobs.put(data), blobs.put_file(again)):
        os.utime(stored, (old, old))
        await store_again
        assert await swept(blobs) == (0, 0, 0)


async def test_a_file_that_took_days_to_arrive_is_young(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}/blobs")
    arrived = tmp_path / "upload"
    arrived.write_bytes(b"a page" * 100)
    old = (clock.now() - GRACE * 2).timestamp()
    os.utime(arrived, (old, old))
    await blobs.put_file(arrived)

    assert await swept(blobs) == (0, 0, 0)


async def test_a_row_written_after_the_blob_was_set_aside_loses_nothing(
    blobs: Blobs, later: Later
) -> None:
    digest = await blobs.put(b"slow act")
    later.ahead += GRACE * 2
    assert await swept(blobs) == (1, 0, 0)

    await named(digest)
    later.ahead += ASIDE * 2
    assert await swept(blobs) == (0, 0, 1)

    assert await blobs.get(digest) == b"slow act"


async def test_who_asks_for_what_was_set_aside_gets_it(
    blobs: Blobs, later: Later, tmp_path: Path
) -> None:
    digest = await blobs.put(b"wanted")
    for step in (1, 2):
        later.ahead += GRACE * 2
        assert await swept(blobs) == (1, 0, 0), step
        if step == 1:
            assert await blobs.get(digest) == b"wanted"
        else:
            await blobs.fetch(digest, tmp_path / "fetched")
            assert (tmp_path / "fetched").read_bytes() == b"wanted"
    assert await blobs.exists(digest)


async def test_the_same_bytes_stored_during_the_sweep_stay(blobs: Blobs, later: Later) -> None:
    """Whichever step of the sweep the second upload meets, its row has its bytes."""
    digest = await blobs.put(b"twice")
    later.ahead += GRACE * 2

    # The sweep has decided and sets aside; the upload comes just before, and just after.
    await blobs.put(b"twice")
    assert await blobs.set_aside(digest, on=clock.today())
    picture = await named(digest)
    assert await blobs.get(digest) == b"twice"
    await picture.delete()

    # The last step deletes what was set aside; the upload of just before is not that.
    assert await blobs.set_aside(digest, on=clock.today())
    await blobs.put(b"twice")
    await named(digest)
    await blobs.forget_aside(digest, on=clock.today())
    assert await blobs.get(digest) == b"twice"


async def test_a_run_is_bounded_and_the_next_goes_on(blobs: Blobs, later: Later) -> None:
    for n in range(12):
        await blobs.put(b"%d" % n)
    later.ahead += GRACE * 2

    first = await blob_sweep.sweep(blobs, COLUMNS, limit=3)
    assert 3 <= first.seen < 12
    runs = 1
    while (await blob_sweep.sweep(blobs, COLUMNS, limit=3)).seen:
        runs += 1
    assert runs >= 3
    assert await BlobSweep.all().count() == 1
    assert len([name async for name, _ in blobs.aside_until(clock.today())]) == 12


async def test_a_crash_between_record_and_deletion_is_repeated(
    blobs: Blobs, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = await blobs.put(b"unnamed")
    later.ahead += GRACE * 2
    await swept(blobs)
    later.ahead += ASIDE * 2

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(blobs, "forget_aside", dies)
        with pytest.raises(ConnectionError):
            await swept(blobs)
    assert await swept(blobs) == (0, 1, 0)

    assert await AuditRecord.filter(action="blobs.delete").count() == 2
    with pytest.raises(BlobNotFound):
        await blobs.get(digest)


async def test_check_names_what_is_missing_and_counts_what_nobody_names(
    blobs: Blobs, later: Later
) -> None:
    kept, missing = await blobs.put(b"named"), "0" * 64
    await blobs.put(b"unnamed")
    await named(kept)
    await named(kept)
    await named(missing)
    later.ahead += GRACE * 2

    found = await blob_sweep.check(blobs, COLUMNS)

    assert (found.blobs, found.named, found.unnamed) == (2, 2, 1)
    assert found.missing == (("cases_message_picture.digest", missing),)
