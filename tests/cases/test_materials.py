from uuid import uuid4

import pytest

from services.cases import errors
from services.cases.acts import apply
from services.cases.materials import checking, papers
from services.cases.materials.papers import ReusedLicence
from services.cases.models import Material, MaterialFile
from services.cases.rules.completeness import MaterialStatus
from services.cases.shapes import MaterialView
from services.cases.views import case_files, queries
from tests.cases.factories import (
    LI,
    PHOTO,
    CaseMaker,
    blank_photo,
    officer,
    pdf,
    person,
    photo,
    told,
)


async def shown(cases: CaseMaker, case_id: object, code: str = PHOTO) -> MaterialView:
    detail = await queries.get_detail(case_id, by=cases.by)  # type: ignore[arg-type]
    return next(entry for entry in detail.materials if entry.code == code)


def licence(licence_type: str = "HHR") -> ReusedLicence:
    return ReusedLicence(
        id=uuid4(),
        type=licence_type,
        name="居民户口簿",
        number_masked="31****1",
        identifier="1.2.156.3005.2.X",
        face={"name": "张演示"},
    )


async def test_an_attached_file_is_received_and_told(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id, name="我的 照片.jpeg")

    material = await shown(cases, case_id)

    assert material.status == "received"
    assert [(page.name, page.page) for page in material.files] == [("我的 照片.jpg", 1)]
    assert material.files[0].url == f"/api/citizen/materials/{file_id}/content"
    assert (await told("MaterialReceived")).material_id == file_id
    stored = await MaterialFile.get(id=file_id)
    assert (await cases.blobs.get(stored.digest)).startswith(b"\xff\xd8\xff")


async def test_a_check_turns_the_material_green(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id)

    await checking.check(file_id, blobs=cases.blobs)
    await checking.check(file_id, blobs=cases.blobs)

    assert (await shown(cases, case_id)).status == "checked"
    assert (await told("MaterialChecked")).ok is True


async def test_a_blank_page_is_rejected_with_a_reason(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id, data=blank_photo())

    await checking.check(file_id, blobs=cases.blobs)

    material = await shown(cases, case_id)
    assert material.status == "rejected"
    assert "空白" in str(material.note)


async def test_submission_looks_at_files_nobody_looked_at(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    await cases.fill(case_id)
    await cases.attach(case_id, data=blank_photo())

    with pytest.raises(errors.CaseIncomplete) as refused:
        await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    assert refused.value.members["materials"] == [
        {"code": PHOTO, "message": "证件照片：不符合要求，请重新提供"}
    ]


async def test_pages_are_numbered(cases: CaseMaker) -> None:
    case_id = await cases.draft("SJ-SCJG-03", {"S1": ["rent"], "S2": ["no"]})
    code = next(
        entry.code
        for entry in (await queries.get_detail(case_id, by=cases.by)).materials
        if "pdf" in entry.accept and entry.status == "missing"
    )

    for _ in range(3):
        await cases.attach(case_id, code, data=pdf(), name="合同.pdf")

    assert [page.page for page in (await shown(cases, case_id, code)).files] == [1, 2, 3]


async def test_a_new_file_replaces_a_rejected_version(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    await checking.check(await cases.attach(case_id, data=blank_photo()), blobs=cases.blobs)

    await cases.attach(case_id)

    material = await shown(cases, case_id)
    assert (material.status, material.note, len(material.files)) == ("received", None, 1)
    assert await MaterialFile.all().count() == 2


async def test_a_script_named_jpg_is_not_accepted(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    with pytest.raises(errors.NotAnAcceptedType):
        await cases.attach(case_id, data=b"#!/bin/sh\n", name="照片.jpg")

    assert await Material.all().count() == 0
    assert list(cases.folder.iterdir()) == []


async def test_an_empty_file_is_refused(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    with pytest.raises(errors.EmptyFile):
        await cases.attach(case_id, data=b"")


async def test_a_hostile_name_becomes_harmless(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    await cases.attach(case_id, name="../../etc/pass\nwd\x00.php")

    assert (await shown(cases, case_id)).files[0].name == "passwd.jpg"


async def test_a_licence_stands_for_a_material(cases: CaseMaker) -> None:
    case_id = await cases.draft(answers={"S1": ["child"], "S2": ["bank"]})
    used = licence()

    await papers.reuse_licence(case_id, "SJ-RSJ-03-M04", licence=used, by=cases.by)

    material = await shown(cases, case_id, "SJ-RSJ-03-M04")
    assert material.status == "reused"
    assert material.licence is not None
    assert (material.licence.id, material.licence.face) == (used.id, None)
    assert await papers.reused_licences(case_id) == [used.id]
    event = await told("LicenceUsed")
    assert (event.licence_id, event.material_code) == (used.id, "SJ-RSJ-03-M04")


async def test_a_licence_of_another_type_cannot_stand_for_it(cases: CaseMaker) -> None:
    case_id = await cases.draft(answers={"S1": ["child"], "S2": ["bank"]})

    with pytest.raises(errors.WayNotOffered):
        await papers.reuse_licence(case_id, "SJ-RSJ-03-M04", licence=licence("BL"), by=cases.by)


async def test_a_file_takes_the_place_of_a_licence(cases: CaseMaker) -> None:
    case_id = await cases.draft(answers={"S1": ["child"], "S2": ["bank"]})
    await papers.reuse_licence(case_id, "SJ-RSJ-03-M04", licence=licence(), by=cases.by)

    await cases.attach(case_id, "SJ-RSJ-03-M04")

    material = await shown(cases, case_id, "SJ-RSJ-03-M04")
    assert (material.status, material.licence, len(material.files)) == ("received", None, 1)


async def test_a_promise_counts_where_it_is_offered(cases: CaseMaker) -> None:
    case_id = await cases.draft("SJ-SCJG-01", {"S2": ["own"]})

    await papers.commit(case_id, "SJ-SCJG-01-M04", by=cases.by)

    assert (await shown(cases, case_id, "SJ-SCJG-01-M04")).status == "committed"
    with pytest.raises(errors.WayNotOffered):
        await papers.commit(case_id, "SJ-SCJG-01-M01", by=cases.by)


async def test_the_platform_makes_form_and_real_name_itself(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    assert (await shown(cases, case_id, "SJ-RSJ-03-M01")).status == "generated"
    assert (await shown(cases, case_id, "SJ-RSJ-03-M02")).status == "realname"


async def test_what_was_attached_can_be_removed(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id)

    await papers.remove(case_id, PHOTO, by=cases.by)
    await checking.check(file_id, blobs=cases.blobs)

    assert (await shown(cases, case_id)).status == "missing"


async def test_a_material_outside_the_guide_is_refused(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    with pytest.raises(errors.MaterialNotFound):
        await cases.attach(case_id, "SJ-RSJ-03-M99")
    with pytest.raises(errors.MaterialNotApplicable):
        await cases.attach(case_id, "SJ-RSJ-03-M04")


async def test_a_submitted_case_lets_no_material_in(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.MaterialsLocked) as refused:
        await cases.attach(case_id)
    assert refused.value.members["state"] == "submitted"
    with pytest.raises(errors.MaterialsLocked):
        await papers.remove(case_id, PHOTO, by=cases.by)


async def test_an_officer_rejects_a_material(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    await papers.reject(case_id, PHOTO, reason="不是本人", by=cases.officer)

    material = await shown(cases, case_id)
    assert (material.status, material.note) == (MaterialStatus.REJECTED, "不是本人")


async def test_an_officer_of_another_department_sees_no_case(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.CaseNotFound):
        await papers.reject(case_id, PHOTO, reason="x", by=officer("SCJG"))


async def test_files_are_read_by_their_owner_and_the_office_only(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id, data=photo())
    stranger = await person(LI)

    assert (await case_files.get_own_file(file_id, by=cases.by)).media_type == "image/jpeg"
    with pytest.raises(errors.FileNotFound):
        await case_files.get_own_file(file_id, by=stranger)
    with pytest.raises(errors.FileNotFound):
        await case_files.get_staff_file(file_id, by=cases.officer)

    await cases.fill(case_id)
    await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    assert (await case_files.get_staff_file(file_id, by=cases.officer)).size > 0
    with pytest.raises(errors.FileNotFound):
        await case_files.get_staff_file(file_id, by=officer("SCJG"))
