"""What an enterprise is told of a document or of values."""

import io
import zipfile
from dataclasses import replace
from random import Random

import pytest

from core.errors import Problem
from signing import TrustList
from tests.conftest import SHARED, FrozenClock
from tests.signing.test_declared_outcomes import as_document_stamp, hurt
from tests.vectors.places import ABSENT, HERE
from tests.wallet.city import TODAY, City
from tests.wallet.factories import issue_licence
from wallet.check import documents
from wallet.check.documents import DocumentAnswer
from wallet.errors import RequestKeyReused, UnreadableDocument, VerificationNotFound
from wallet.log import access_log
from wallet.models import Licence, Verification
from wallet.register import status

PAPER = {
    "cause": "信息待核实",
    "document_no": "松公证〔2026〕1号",
}

PDFS = HERE / "pdf"


async def document_of(city: City) -> bytes:
    licence = await Licence.get(id=await issue_licence(city))
    return await city.blobs.get(licence.document)


async def post(city: City, data: bytes, *, key: str | None = None) -> DocumentAnswer:
    return await documents.verify_document(
        data, by=city.client, trust=city.authority.trust, request_key=key
    )


async def test_issued_document_is_valid_with_its_state(city: City) -> None:
    answer = await post(city, await document_of(city))

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("valid", ())
    assert answer.licence_status is not None
    assert answer.licence_status.state == "valid"
    assert answer.signatures[0]["seal_name"] == "上海市公安局松江分局"
    assert "issued-document" in {check.name for check in answer.verdict.checks}


async def test_revoked_licence_is_invalid_though_its_seal_is_good(city: City) -> None:
    data = await document_of(city)
    await status.revoke((await Licence.get()).id, by=city.officer("seal_keeper"), **PAPER)

    answer = await post(city, data)

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("invalid", ("licence-revoked",))
    assert answer.licence_status is not None
    assert answer.licence_status.state_text == "已吊销"


async def test_expired_licence_is_invalid(city: City, frozen_clock: FrozenClock) -> None:
    data = await document_of(city)
    frozen_clock.advance(days=400)

    answer = await post(city, data)

    assert answer.verdict.reasons == ("licence-suspended",)


async def test_changed_content_is_found(city: City) -> None:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(await document_of(city))) as source,
        zipfile.ZipFile(target, "w") as changed,
    ):
        for name in source.namelist():
            changed.writestr(name, source.read(name).replace("张演示".encode(), "张改名".encode()))

    answer = await post(city, target.getvalue())

    assert answer.verdict.verdict == "invalid"
    assert "content-changed" in answer.verdict.reasons
    assert answer.licence_status is None


async def test_repacked_document_is_not_the_one_that_was_issued(city: City) -> None:
    """Same files, other ZIP: every digest holds, but these are not the issued bytes."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(await document_of(city))) as source,
        zipfile.ZipFile(target, "w") as repacked,
    ):
        for name in source.namelist():
            repacked.writestr(name, source.read(name))

    answer = await post(city, target.getvalue())

    assert "content-changed" in answer.verdict.reasons


@pytest.mark.parametrize("data", [b"", b"not an ofd", b"PK\x03\x04" + b"\0" * 64])
async def test_what_is_no_ofd_is_unreadable(city: City, data: bytes) -> None:
    with pytest.raises(UnreadableDocument) as refusal:
        await post(city, data)

    assert isinstance(refusal.value, Problem)
    assert refusal.value.status == 422
    assert await Verification.all().count() == 0


async def test_broken_pdf_is_answered_as_unreadable(city: City) -> None:
    answer = await post(city, b"%PDF-1.7 broken")

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("invalid", ("unreadable",))


async def test_untrusted_seal_is_not_valid(city: City) -> None:
    data = await document_of(city)
    stranger = replace(city, authority=replace(city.authority, trust=TrustList.of(anchors=[])))

    answer = await post(stranger, data)

    assert answer.verdict.verdict != "valid"


async def test_same_key_gets_the_same_answer(city: City) -> None:
    data = await document_of(city)

    first = await post(city, data, key="request-0001")
    second = await post(city, data, key="request-0001")

    assert first == second
    assert await Verification.all().count() == 1


async def test_same_key_for_another_document_is_refused(city: City) -> None:
    data = await document_of(city)
    await post(city, data, key="request-0001")

    with pytest.raises(RequestKeyReused):
        await post(city, data + b"\0", key="request-0001")


async def test_earlier_answer_is_found_by_its_caller_only(city: City) -> None:
    answer = await post(city, await document_of(city))
    other = replace(city.client, id=city.li)

    assert await documents.get_document_answer(answer.id, by=city.client) == answer
    with pytest.raises(VerificationNotFound):
        await documents.get_document_answer(answer.id, by=other)


async def test_holder_sees_that_an_enterprise_looked(city: City) -> None:
    await post(city, await document_of(city))

    (use,) = await access_log.list_uses(city.zhang)

    assert (use.who, use.verdict) == ("示例银行", "valid")


@pytest.mark.skipif(not (SHARED / "vectors" / "ofd").is_dir(), reason=ABSENT)
async def test_documents_of_others_are_judged_without_a_state(city: City) -> None:
    vectors = sorted((SHARED / "vectors" / "ofd").rglob("*.ofd"))[:12]
    for vector in vectors:
        try:
            answer = await post(city, vector.read_bytes())
        except UnreadableDocument:
            continue
        assert answer.verdict.verdict != "valid"
        assert answer.licence_status is None


async def test_right_values_are_confirmed(city: City) -> None:
    await issue_licence(city)
    licence = await Licence.get()

    answer = await documents.verify_values(
        identifier=licence.identifier,
        number=licence.number,
        holder_name="张演示",
        by=city.client,
    )

    assert (answer.verdict.verdict, answer.state) == ("valid", "valid")
    assert answer.at == TODAY


@pytest.mark.parametrize(
    "wrong", [{"number": "JZ31011799999999"}, {"holder_name": "李样例"}, {"identifier": "1.2.3"}]
)
async def test_wrong_values_are_all_answered_alike(city: City, wrong: dict[str, str]) -> None:
    await issue_licence(city)
    licence = await Licence.get()
    values = {
        "identifier": licence.identifier,
        "number": licence.number,
        "holder_name": "张演示",
        **wrong,
    }

    answer = await documents.verify_values(**values, by=city.client)

    assert (answer.verdict.verdict, answer.state) == ("invalid", None)
    assert answer.verdict.title == "没有与所填信息一致的证照"
    assert (await Verification.get()).licence_id is None


@pytest.mark.parametrize("kind", ["ofd", "pdf"])
async def test_mutated_document_gets_a_declared_outcome(city: City, kind: str) -> None:
    """Never another exception: the caller of the API would read a 500."""
    sample = await document_of(city) if kind == "ofd" else (PDFS / "b-t.pdf").read_bytes()
    random = Random(kind)
    for _ in range(12):
        try:
            answer = await post(city, hurt(sample, random))
        except UnreadableDocument:
            continue
        assert answer.verdict.verdict in ("valid", "invalid", "cannot_tell")


async def test_time_stamp_that_cannot_be_parsed_is_a_verdict(city: City) -> None:
    answer = await post(city, as_document_stamp("b-t").replace(b"<3082", b"<3080"))

    assert answer.verdict.verdict == "invalid"
