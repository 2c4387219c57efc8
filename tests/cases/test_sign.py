"""The signed form: whose it is, what it covers, and who has to sign."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.files.blobs import Blobs
from core.protection.audit import AuditRecord
from identity.errors import StepUpRequired
from services.cases import errors
from services.cases.acts import apply, sign
from services.cases.models import Case, FormSignature
from services.cases.views import queries
from services.guides import catalogue
from services.guides.reading import FOLDER
from tests.cases.factories import ITEM, LI, CaseMaker, person


async def sure(maker: CaseMaker) -> CaseMaker:
    """The same applicant, just confirmed."""
    return replace(maker, by=replace(maker.by, assurance=3))


async def filled(maker: CaseMaker) -> Case:
    case_id = await maker.draft()
    await apply.fill(case_id, values={"bank": "上海银行"}, by=maker.by)
    return await Case.get(id=case_id)


async def test_signing_asks_for_a_confirmed_person(cases: CaseMaker) -> None:
    case = await filled(cases)

    with pytest.raises(StepUpRequired) as refusal:
        await sign.sign(case.id, by=cases.by)

    assert refusal.value.members == {"needed": 3, "act": "sign_form"}
    assert await FormSignature.all().count() == 0


async def test_signature_covers_the_form_and_a_change_takes_it_away(cases: CaseMaker) -> None:
    maker = await sure(cases)
    case = await filled(maker)
    await sign.sign(case.id, by=maker.by)
    await sign.sign(case.id, by=maker.by)

    signed = (await queries.get_detail(case.id, by=maker.by)).signature
    assert signed is not None
    assert (signed.signer, signed.by_certificate, signed.valid) == ("张演示", False, True)
    assert await AuditRecord.filter(action="case.sign-form").count() == 1

    await apply.fill(case.id, values={"bank": "中国银行"}, by=maker.by)
    changed = (await queries.get_detail(case.id, by=maker.by)).signature
    assert changed is not None
    assert not changed.valid

    await sign.sign(case.id, by=maker.by)
    renewed = (await queries.get_detail(case.id, by=maker.by)).signature
    assert renewed is not None
    assert renewed.valid
    assert await FormSignature.all().count() == 1


async def test_form_with_gaps_is_not_signed(cases: CaseMaker) -> None:
    maker = await sure(cases)
    case_id = await maker.draft()

    with pytest.raises(errors.CaseIncomplete) as refusal:
        await sign.sign(case_id, by=maker.by)

    assert [one["field"] for one in refusal.value.members["errors"]] == ["bank"]  # type: ignore[attr-defined]


async def test_nobody_signs_for_another_person(cases: CaseMaker) -> None:
    maker = await sure(cases)
    case = await filled(maker)
    stranger = replace(await person(LI), assurance=3)

    with pytest.raises(errors.CaseNotFound):
        await sign.sign(case.id, by=stranger)


async def test_item_that_asks_for_it_is_not_handed_in_unsigned(
    cases: CaseMaker, blobs: Blobs, tmp_path: Path
) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(FOLDER, folder)
    file = folder / "items" / "RSJ.yaml"
    before, rest = file.read_text("utf-8").split(f"- code: {ITEM}\n", 1)
    rest = rest.replace(
        "    status: published\n", "    status: published\n    sign_form: true\n", 1
    )
    file.write_text(f"{before}- code: {ITEM}\n{rest}", "utf-8")
    await catalogue.load(folder)
    maker = await sure(cases)
    case_id = await maker.draft()
    await maker.fill(case_id)
    await maker.attach(case_id)
    with pytest.raises(errors.FormNotSigned):
        await apply.submit(case_id, by=maker.by, blobs=blobs)

    await sign.sign(case_id, by=maker.by)
    await apply.submit(case_id, by=maker.by, blobs=blobs)

    detail = await queries.get_detail(case_id, by=maker.by)
    assert detail.must_sign
    assert detail.signature is not None
    assert detail.signature.valid
