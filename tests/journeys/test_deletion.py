"""What a person gave and no longer needs to give really goes: rows, and the photographs too."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import timers
from core import clock
from core.files.blob_sweep import ASIDE, GRACE, sweep
from core.files.blobs import BlobNotFound, Blobs
from core.protection.audit import AuditRecord
from services.cases.acts import apply
from services.cases.materials import papers, thumbnails
from services.cases.models import MaterialFile
from tests import decrypted
from tests.cases.conftest import cases, loaded
from tests.cases.factories import PHOTO, CaseMaker, photo
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.conftest import city
from tests.wallet.factories import issue_licence
from wallet.models import IntakeBatch, Licence, LicencePicture
from wallet.register import pictures
from wallet.register.pictures import register_old
from wallet.share_models import BatchState

__all__ = ["cases", "city", "loaded"]


async def both_steps(blobs: Blobs, frozen_clock: FrozenClock) -> None:
    """Nights go by."""
    for days in (GRACE, ASIDE):
        frozen_clock.advance(days=days.days + 1)
        await sweep(blobs, timers.BLOB_COLUMNS)


@pytest.fixture(autouse=True)
def today(frozen_clock: FrozenClock) -> None:
    """The store of the test stamps what it stores with the real time."""
    frozen_clock.set(datetime.now(tz=UTC))


async def digests_of(case_id: UUID) -> list[str]:
    rows = await MaterialFile.filter(material__case_id=case_id)
    named = [(row.digest, row.thumbnail_digest, row.original_digest) for row in rows]
    return [digest for three in named for digest in three if digest]


async def test_the_photographs_of_a_forgotten_draft_go(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.draft()
    await cases.attach(case_id)
    for page in await MaterialFile.filter(material__case_id=case_id):
        assert await thumbnails.make(page.id, blobs=cases.blobs)
    digests = await digests_of(case_id)
    assert len(digests) >= 2

    frozen_clock.advance(days=apply.DRAFT_LIFE.days + 1)
    assert await apply.forget_drafts(clock.now()) == 1
    await both_steps(cases.blobs, frozen_clock)

    for digest in digests:
        with pytest.raises(BlobNotFound):
            await cases.blobs.get(digest)
    (deleted,) = await AuditRecord.filter(action="blobs.delete")
    assert set(deleted.detail["digests"]) == set(digests)


async def test_what_another_case_names_too_stays(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    forgotten = await cases.draft()
    await cases.attach(forgotten)
    frozen_clock.advance(days=apply.DRAFT_LIFE.days - 1)
    alive = await cases.draft()
    await cases.attach(alive)
    frozen_clock.advance(days=2)
    assert await apply.forget_drafts(clock.now()) == 1
    await both_steps(cases.blobs, frozen_clock)

    for digest in await digests_of(alive):
        assert await cases.blobs.get(digest)


async def test_a_removed_photograph_goes_and_a_submitted_one_stays(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.draft()
    await cases.fill(case_id)
    await cases.attach(case_id)
    (gone,) = await digests_of(case_id)
    await papers.remove(case_id, PHOTO, by=cases.by)
    await cases.attach(case_id, data=photo(width=700))
    await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    await both_steps(cases.blobs, frozen_clock)

    with pytest.raises(BlobNotFound):
        await cases.blobs.get(gone)
    for digest in await digests_of(case_id):
        assert await cases.blobs.get(digest)


async def test_a_picture_on_a_licence_stays_when_its_case_is_gone(
    city: City, frozen_clock: FrozenClock
) -> None:
    picture = await city.blobs.put(photo())
    licence_id = await issue_licence(city, "RES", facts={"photo": picture})
    document = (await Licence.get(id=licence_id)).document

    await both_steps(city.blobs, frozen_clock)

    assert await city.blobs.get(picture) == photo()
    assert await city.blobs.get(document)


async def test_pictures_of_licences_of_before_are_noted_once(city: City) -> None:
    picture = await city.blobs.put(photo())
    await issue_licence(city, "RES", facts={"photo": picture})
    await issue_licence(city)
    await LicencePicture.all().delete()

    assert await register_old() == 1
    assert await register_old() == 0

    assert [row.digest for row in await LicencePicture.all()] == [picture]


async def test_each_licence_of_before_is_opened_once_however_often_it_is_migrated(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = await city.blobs.put(photo())
    ids = [await issue_licence(city, "RES", facts={"photo": picture}) for _ in range(3)]
    await LicencePicture.exclude(licence_id=min(ids)).delete()
    monkeypatch.setattr(pictures, "_BATCH", 1)
    inner, turns = pictures.register, iter(range(2))

    async def killed(licences: Iterable[Licence]) -> int:
        number = await inner(licences)
        next(turns)
        return number

    seen = decrypted.watch(monkeypatch)

    with monkeypatch.context() as short, pytest.raises(RuntimeError):
        short.setattr(pictures, "register", killed)
        await register_old()
    assert seen == ["wallet_licence.facts"] * 2, "the first was noted already"
    assert await register_old() == 1
    assert await LicencePicture.all().count() == 3
    done = len(seen)

    assert await register_old() == 0
    assert seen == ["wallet_licence.facts"] * done
    assert done == 3


async def test_a_file_of_an_intake_is_kept_while_its_lines_may_be_disputed(
    city: City, frozen_clock: FrozenClock
) -> None:
    digest = await city.blobs.put(b"a file of a whole department")
    batch = await IntakeBatch.create(
        department="GA", batch_no="1", form="lines", digest=digest, size=1, sent_by="",
        received_at=clock.now(), state=BatchState.RUNNING,
    )  # fmt: skip
    frozen_clock.advance(days=200)
    await both_steps(city.blobs, frozen_clock)
    assert await city.blobs.get(digest)

    await IntakeBatch.filter(id=batch.id).update(finished_at=clock.now())
    await both_steps(city.blobs, frozen_clock)
    assert await city.blobs.get(digest)

    frozen_clock.advance(days=90)
    await both_steps(city.blobs, frozen_clock)
    with pytest.raises(BlobNotFound):
        await city.blobs.get(digest)


async def test_the_sweep_rests_by_day(resources: Any, frozen_clock: FrozenClock) -> None:
    lost = await resources.blobs.put(b"unnamed")
    frozen_clock.advance(days=10)
    for hour, there in ((12, True), (2, False)):
        night = clock.local(clock.now()).replace(hour=hour)
        frozen_clock.set(night)
        await timers.sweep_blobs(resources)
        aside = [name async for name, _ in resources.blobs.aside_until(clock.today())]
        assert (aside == [lost]) is not there
