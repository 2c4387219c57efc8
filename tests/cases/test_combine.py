import pytest

from services.cases import errors
from services.cases.files import pdf_checks
from services.cases.materials import checking, combine
from services.cases.models import Material, MaterialFile
from tests.cases.factories import CaseMaker, pdf, photo

ITEM, ANSWERS, PAPER = "SJ-SCJG-03", {"S1": ["net"], "S2": ["no"]}, "SJ-SCJG-03-M04"


async def test_two_photos_become_one_pdf(cases: CaseMaker) -> None:
    case_id = await cases.draft(ITEM, ANSWERS)
    for kind in ("JPEG", "PNG"):
        await cases.attach(case_id, PAPER, photo(kind=kind))

    file_id = await combine.combine_pictures(
        case_id, PAPER, by=cases.by, folder=cases.folder, blobs=cases.blobs
    )

    stored = await MaterialFile.get(id=file_id)
    data = await cases.blobs.get(stored.digest)
    path = cases.folder / "combined"
    path.write_bytes(data)
    assert pdf_checks.examine(path) is None
    assert data.count(b"/Type /Page\n") == 2
    assert (stored.version, stored.page, stored.name) == (2, 1, "网络经营场所证明.pdf")
    await checking.check(file_id, blobs=cases.blobs)
    assert (await Material.get()).status == "checked"
    assert await MaterialFile.all().count() == 3
    assert list(cases.folder.glob("*.clean")) == []


async def test_one_photo_is_nothing_to_combine(cases: CaseMaker) -> None:
    case_id = await cases.draft(ITEM, ANSWERS)
    await cases.attach(case_id, PAPER)

    with pytest.raises(errors.NothingToCombine):
        await combine.combine_pictures(
            case_id, PAPER, by=cases.by, folder=cases.folder, blobs=cases.blobs
        )


async def test_documents_are_not_combined(cases: CaseMaker) -> None:
    case_id = await cases.draft(ITEM, ANSWERS)
    for data in (photo(), photo(), pdf()):
        await cases.attach(case_id, PAPER, data)

    with pytest.raises(errors.NothingToCombine):
        await combine.combine_pictures(
            case_id, PAPER, by=cases.by, folder=cases.folder, blobs=cases.blobs
        )


async def test_a_picture_that_could_be_better_passes_with_a_hint(cases: CaseMaker) -> None:
    case_id = await cases.draft(ITEM, ANSWERS)
    file_id = await cases.attach(case_id, PAPER, photo(width=500, height=300))

    await checking.check(file_id, blobs=cases.blobs)

    material = await Material.get()
    assert material.status == "checked"
    assert "图片较小" in str(material.note)
