import asyncio
from uuid import UUID

import pytest

from core.models import AuditRecord
from services.cases import errors
from services.cases.acts import apply
from services.cases.materials import checking, straighten
from services.cases.models import Material, MaterialFile
from services.cases.views import case_files, queries
from tests.cases.factories import LI, PHOTO, CaseMaker, encoded, pdf, person, photo
from tests.cases.test_sheet import LAID, photographed

CORNERS = LAID["from below"]


class Desk:
    """A citizen's case with one photographed sheet."""

    def __init__(self, cases: CaseMaker, case_id: UUID, file_id: UUID) -> None:
        self.cases, self.case_id, self.file_id = cases, case_id, file_id

    async def straighten(self, corners: object = CORNERS) -> MaterialFile:
        await straighten.straighten(
            self.case_id,
            PHOTO,
            self.file_id,
            corners=corners,  # type: ignore[arg-type]
            by=self.cases.by,
            folder=self.cases.folder,
            blobs=self.cases.blobs,
        )
        return await MaterialFile.get(id=self.file_id)

    async def restore(self) -> MaterialFile:
        await straighten.restore(
            self.case_id, PHOTO, self.file_id, by=self.cases.by, blobs=self.cases.blobs
        )
        return await MaterialFile.get(id=self.file_id)


@pytest.fixture(scope="module")
def sheet_photo() -> bytes:
    return encoded(photographed(CORNERS), kind="JPEG")


@pytest.fixture
async def desk(cases: CaseMaker, sheet_photo: bytes) -> Desk:
    case_id = await cases.draft()
    return Desk(cases, case_id, await cases.attach(case_id, data=sheet_photo))


async def test_the_corners_of_the_sheet_are_suggested(desk: Desk) -> None:
    found = await straighten.suggest(
        desk.case_id, PHOTO, desk.file_id, by=desk.cases.by, blobs=desk.cases.blobs
    )

    assert found.found
    for (x, y), (true_x, true_y) in zip(found.corners, CORNERS, strict=True):
        assert abs(x - true_x) < 0.02
        assert abs(y - true_y) < 0.02


async def test_without_a_sheet_the_whole_picture_is_suggested(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(
        case_id, data=encoded(photographed(CORNERS).convert("L").point([128] * 256), kind="JPEG")
    )

    found = await straighten.suggest(case_id, PHOTO, file_id, by=cases.by, blobs=cases.blobs)

    assert not found.found
    assert found.corners == ((0, 0), (1, 0), (1, 1), (0, 1))


async def test_a_straightened_page_is_looked_at_again(desk: Desk) -> None:
    await checking.check(desk.file_id, blobs=desk.cases.blobs)
    before = await MaterialFile.get(id=desk.file_id)

    after = await desk.straighten()

    assert (after.id, after.page, after.version) == (before.id, before.page, before.version)
    assert after.original_digest == before.digest != after.digest
    assert (after.status, (await Material.get()).status) == ("received", "received")
    await checking.check(desk.file_id, blobs=desk.cases.blobs)
    assert (await Material.get()).status == "checked"
    assert list(desk.cases.folder.glob("*.clean")) == []


async def test_the_trail_has_both_digests(desk: Desk) -> None:
    before = await MaterialFile.get(id=desk.file_id)
    after = await desk.straighten()

    record = await AuditRecord.get(action="material.straighten")
    assert record.detail["from"] == before.digest
    assert record.detail["to"] == after.digest


async def test_it_is_done_again_from_what_was_handed_in(desk: Desk) -> None:
    first = await desk.straighten()
    handed_in = first.original_digest

    again = await desk.straighten(LAID["upright"])
    same = await desk.straighten()

    assert again.original_digest == same.original_digest == handed_in
    assert again.digest != first.digest == same.digest


async def test_it_is_taken_back(desk: Desk) -> None:
    before = await MaterialFile.get(id=desk.file_id)
    await desk.straighten()

    back = await desk.restore()
    await desk.restore()

    assert (back.digest, back.size, back.original_digest) == (before.digest, before.size, None)
    assert await AuditRecord.filter(action="material.restore").count() == 1


async def test_of_two_at_once_none_is_lost_unseen(desk: Desk) -> None:
    done = await asyncio.gather(
        desk.straighten(), desk.straighten(LAID["upright"]), return_exceptions=True
    )

    taken = [one for one in done if isinstance(one, MaterialFile)]
    refused = [one for one in done if not isinstance(one, MaterialFile)]
    assert taken
    assert all(isinstance(one, errors.CaseChanged) for one in refused)
    assert await AuditRecord.filter(action="material.straighten").count() == len(taken)


async def test_a_verdict_on_the_old_picture_is_not_that_of_the_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over, gate = asyncio.Event(), asyncio.Event()
    get = desk.cases.blobs.get

    async def slow(digest: str) -> bytes:
        handed_over.set()
        await gate.wait()
        return await get(digest)

    with monkeypatch.context() as patched:
        patched.setattr(desk.cases.blobs, "get", slow)
        running = asyncio.create_task(checking.check(desk.file_id, blobs=desk.cases.blobs))
        await handed_over.wait()
    await desk.straighten()
    gate.set()
    await running

    assert (await MaterialFile.get(id=desk.file_id)).status == "received"


async def test_bad_corners_are_refused(desk: Desk) -> None:
    with pytest.raises(errors.BadCorners):
        await desk.straighten(((0, 0), (1, 1), (1, 0), (0, 1)))


async def test_a_document_is_not_straightened(desk: Desk) -> None:
    digest = await desk.cases.blobs.put(pdf())
    changed = MaterialFile.filter(id=desk.file_id)
    await changed.update(digest=digest, media_type="application/pdf")

    with pytest.raises(errors.CannotStraighten):
        await desk.straighten()


async def test_what_was_rejected_stays_as_it_was_seen(desk: Desk) -> None:
    await Material.all().update(status="rejected")

    with pytest.raises(errors.CannotStraighten):
        await desk.straighten()


async def test_after_submission_nothing_changes(desk: Desk) -> None:
    case_id = await desk.cases.submitted()
    file_id = (await MaterialFile.get(material__case_id=case_id)).id

    with pytest.raises(errors.MaterialsLocked):
        await Desk(desk.cases, case_id, file_id).straighten()


async def test_an_officer_may_see_what_was_handed_in(desk: Desk) -> None:
    case_id = await desk.cases.draft()
    await desk.cases.fill(case_id)
    file_id = await desk.cases.attach(case_id, data=photo(width=900, height=900))
    cut = await Desk(desk.cases, case_id, file_id).straighten()
    await apply.submit(case_id, by=desk.cases.by, blobs=desk.cases.blobs)

    shown = await case_files.get_staff_file(file_id, by=desk.cases.officer)
    before = await case_files.get_staff_file(file_id, by=desk.cases.officer, as_handed_in=True)

    assert shown.digest == cut.digest
    assert before.digest == cut.original_digest
    assert await AuditRecord.exists(action="case.file-read")


async def test_somebody_elses_file_and_case_do_not_exist(desk: Desk) -> None:
    other = await desk.cases.draft()
    await desk.cases.attach(other, data=photo())

    with pytest.raises(errors.FileNotFound):
        await Desk(desk.cases, other, desk.file_id).straighten()
    desk.cases.by = await person(LI)
    with pytest.raises(errors.CaseNotFound):
        await desk.straighten()


async def test_the_address_says_that_it_is_another_picture(desk: Desk) -> None:
    stored = await desk.straighten()

    shown = await queries.get_detail(desk.case_id, by=desk.cases.by)

    (page,) = [file for material in shown.materials for file in material.files]
    assert page.straightened
    assert page.url.endswith(f"/content?v={stored.digest[:8]}")
    assert page.thumbnail_url is not None
    assert page.thumbnail_url.endswith(f"/thumbnail?v={stored.digest[:8]}")
