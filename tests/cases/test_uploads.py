"""Uploads in a folder: begun, continued and finished, within limits, swept when left behind."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from services.cases import errors
from services.cases.files import upload_files
from services.cases.files.upload_files import Folder
from services.cases.materials import quotas, uploads
from services.cases.materials.quotas import Limits
from services.cases.models import MaterialFile, Upload
from tests.cases.factories import LI, CaseMaker, blank_photo, person, photo
from tests.cases.sender import MAX, Sender, broken_off
from tests.conftest import FrozenClock


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


async def test_uploads_that_ended_are_forgotten_a_week_later_and_their_files_stay(
    sender: Sender, frozen_clock: FrozenClock
) -> None:
    case_id = await sender.cases.draft()
    data = photo()
    whole = await sender.open(len(data), case_id=case_id)
    await sender.append(whole.id, 0, data)
    stored = (await sender.finish(whole.id)).file_id
    given_up = await sender.open(10, case_id=case_id)
    await uploads.abandon(given_up.id, by=sender.cases.by, staging=sender.staging)
    await sender.open(10, case_id=case_id)
    frozen_clock.advance(hours=25)
    await uploads.expire(staging=sender.staging)
    frozen_clock.advance(days=uploads.KEPT.days - 2)
    running = await sender.open(10, case_id=case_id)

    assert await uploads.forget_old() == 0
    assert (await sender.status(whole.id)).file_id == stored
    frozen_clock.advance(days=2)
    assert await uploads.forget_old() == 3
    assert await uploads.forget_old() == 0

    assert [row.id for row in await Upload.all()] == [running.id]
    assert await MaterialFile.exists(id=stored)
    with pytest.raises(errors.UploadNotFound):
        await sender.status(whole.id)


async def test_an_upload_that_is_open_is_never_forgotten(
    sender: Sender, frozen_clock: FrozenClock
) -> None:
    upload = await sender.open(10)
    frozen_clock.advance(days=90)

    assert await uploads.forget_old() == 0
    assert await uploads.expire(staging=sender.staging) == 1
    assert await uploads.forget_old() == 1
    assert not await Upload.exists(id=upload.id)


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
