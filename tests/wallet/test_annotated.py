"""Annotated copies: what a case gets instead of the original."""

import io
import zipfile
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from signing import verify_document
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import desk, issue_licence
from tests.wallet.test_status import PAPER
from wallet.errors import LicenceNotFound, LicenceNotInForce
from wallet.log import access_log, savings
from wallet.models import AnnotatedCopy, Licence
from wallet.register import status
from wallet.share import annotated
from wallet.share.annotated import CaseUse, Copy


def a_case() -> CaseUse:
    return CaseUse(
        case_id=uuid4(),
        case_no="SJ202611250009",
        material_code="residence",
        item_code="SJ-RSJ-01",
        purpose="失业登记（居住证）",
        fields=("name", "address"),
    )


async def opened(city: City, use: CaseUse, licence_id: object = None) -> Copy:
    reviewer = replace(city.officer("reviewer", department="RSJ"), name="钱审查")
    return await annotated.open_copy(
        licence_id or await issue_licence(city),  # type: ignore[arg-type]
        use,
        by=reviewer,
        desk=desk(city),
    )


def page_text(document: bytes) -> str:
    archive = zipfile.ZipFile(io.BytesIO(document))
    return archive.read("Doc_0/Pages/Page_0/Content.xml").decode()


async def test_copy_is_sealed_and_says_what_it_is_for(
    city: City, frozen_clock: FrozenClock
) -> None:
    copy = await opened(city, a_case())

    document = await city.blobs.get(copy.document)
    report = verify_document(document, trust=city.authority.trust, at=frozen_clock())
    assert report.verdict == "valid"
    text = page_text(document)
    for printed in ("失业登记（居住证）", "SJ202611250009", "钱审查", copy.valid_to.isoformat()):
        assert printed in text
    assert copy.document != (await Licence.all().first()).document  # type: ignore[union-attr]


async def test_copy_shows_only_what_the_material_asks_for(city: City) -> None:
    copy = await opened(city, a_case())

    assert [label for label, _ in copy.fields] == ["姓名", "居住地住址"]
    text = page_text(await city.blobs.get(copy.document))
    assert "岳阳街道" in text
    assert "310199199003071017" not in text


async def test_every_opening_is_told_to_the_holder_but_made_once(city: City) -> None:
    use, licence_id = a_case(), await issue_licence(city)

    first = await opened(city, use, licence_id)
    second = await opened(city, use, licence_id)

    assert first.id == second.id
    assert await AnnotatedCopy.all().count() == 1
    looks = await access_log.list_uses(city.zhang)
    assert [look.kind for look in looks] == ["copy", "copy"]
    assert (looks[0].who, looks[0].case_no) == ("钱审查", use.case_no)
    assert looks[0].fields_seen == ("姓名", "居住地住址")


async def test_copy_that_ended_is_made_anew(city: City, frozen_clock: FrozenClock) -> None:
    use, licence_id = a_case(), await issue_licence(city)
    first = await opened(city, use, licence_id)

    frozen_clock.advance(days=61)

    assert (await opened(city, use, licence_id)).id != first.id


async def test_no_copy_of_a_licence_out_of_force(city: City) -> None:
    licence_id = await issue_licence(city)
    await status.suspend(licence_id, by=city.officer("seal_keeper"), **PAPER)

    with pytest.raises(LicenceNotInForce):
        await opened(city, a_case(), licence_id)
    with pytest.raises(LicenceNotFound):
        await opened(city, a_case(), uuid4())
    assert await access_log.list_uses(city.zhang) == []


async def used(city: City, licence_id: UUID, use: CaseUse, **values: Any) -> None:
    holder = {"use_id": uuid4(), "subject_id": city.zhang, "who": "citizen:x", "who_name": "张演示"}
    await annotated.record_case_use(licence_id, use, **{**holder, **values})


async def test_what_was_saved_is_counted(city: City) -> None:
    licence_id, use = await issue_licence(city), a_case()
    await used(city, licence_id, use)
    await used(city, licence_id, replace(use, material_code="other"))

    saved = await savings.of_subject(city.zhang)

    assert (saved.materials, saved.cases) == (2, 1)
    assert (await savings.of_subject(city.li)).materials == 0
    assert (await savings.of_city()).materials == 2


async def test_use_that_is_told_twice_is_written_once(city: City) -> None:
    licence_id, use, use_id = await issue_licence(city), a_case(), uuid4()

    for _ in range(3):
        await used(city, licence_id, use, use_id=use_id)

    assert [look.id for look in await access_log.list_uses(city.zhang)] == [use_id]


async def test_use_of_somebody_elses_licence_is_refused(city: City) -> None:
    licence_id = await issue_licence(city)

    with pytest.raises(LicenceNotFound):
        await used(city, licence_id, a_case(), subject_id=city.li)

    assert await access_log.list_uses(city.li) == []
