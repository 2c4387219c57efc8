"""PDF sealed and verified: three levels, three suites, and other people's opinion."""

import io
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing import (
    InvalidSignature,
    MalformedCertificate,
    MalformedDocument,
    SealRefused,
    SealReport,
    TrustList,
    UnsafeDocument,
    begin_pdf_seal,
    begin_seal,
    verify_document,
)
from signing.dev import devca, devtsa
from signing.dev.devtsa import DevelopmentStampAuthority
from signing.pki import certificates, ocsp_building
from signing.pki.timestamps import imprint_of
from signing.suites import P256_SHA256, RSA_SHA256, SM2_SM3
from tests.signing import answering, makers
from tests.signing.makers import AT, DEPARTMENT, OTHER
from tests.signing.pdf_foreign import foreign_signed, foreign_trust
from tests.signing.pdf_makers import BOX, authority, begin, picture, plain, seal, sealed

SUITES = (P256_SHA256.name, RSA_SHA256.name, SM2_SM3.name)


def stamp_authority() -> DevelopmentStampAuthority:
    return devtsa.make(
        organisation="云间市",
        begins=AT - timedelta(days=30),
        ends=AT + timedelta(days=3000),
        suite=P256_SHA256.name,
    )


def trust_with(tsa: DevelopmentStampAuthority, ca: devca.DevelopmentAuthority) -> TrustList:
    return TrustList.of(anchors=[ca.root_certificate, tsa.root_certificate])


def judged(document: bytes, **options: object) -> SealReport:
    settings: dict[str, object] = {"trust": authority().trust, "at": AT, **options}
    return verify_document(document, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("suite", SUITES)
def test_sealed_pdf_is_valid(suite: str) -> None:
    ca = authority(suite)

    report = verify_document(seal(plain(), ca), trust=ca.trust, at=AT)

    assert (report.verdict, report.reasons) == ("valid", ())
    (found,) = report.signatures
    assert (found.signer, found.suite, found.structure) == (
        "云间市行政审批局",
        suite,
        "pades-b-b",
    )
    assert found.signed_at == AT
    assert found.covers_signature_list


def test_checks_of_pdf_and_ofd_bear_the_same_names_in_the_same_order() -> None:
    issuer = makers.authority()
    draft = begin_seal(
        makers.licence(),
        seal=makers.make_seal(issuer),
        signer_certificate=issuer.signer_certificates[DEPARTMENT],
        at=AT,
        boundary=makers.BOX,
        provider="云间证",
    )
    ofd = draft.complete(issuer.keys.sign_now(devca.signer_key(DEPARTMENT), draft.to_sign))
    of_ofd = [check.name for check in verify_document(ofd, trust=issuer.trust, at=AT).checks]
    of_pdf = [check.name for check in judged(sealed()).checks]

    assert of_pdf == [name for name in of_ofd if name in of_pdf]


def test_pdf_without_a_seal_is_invalid_for_that_reason() -> None:
    report = judged(plain())

    assert (report.verdict, report.reasons) == ("invalid", ("no-seal",))


def test_pyhanko_itself_finds_the_seal_valid() -> None:
    ca = authority()
    from asn1crypto import x509

    root = x509.Certificate.load(ca.root_certificate)
    store = SimpleCertificateStore.from_certs([root])
    context = ValidationContext(trust_roots=list(store), moment=AT, allow_fetching=False)
    embedded = PdfFileReader(io.BytesIO(sealed())).embedded_signatures[0]

    status = validate_pdf_signature(embedded, context)

    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"


@pytest.mark.skipif(
    shutil.which("pdfsig") is None, reason="no pdfsig: apt-get install poppler-utils"
)
def test_poppler_finds_the_seal_valid(tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed())

    said = subprocess.run([str(shutil.which("pdfsig")), str(path)], capture_output=True, check=True)

    assert b"Signature Validation: Signature is Valid." in said.stdout
    assert b"Total document signed" in said.stdout


@pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="no pdftoppm: apt-get install poppler-utils"
)
def test_picture_fills_its_box_and_leaves_the_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed())
    command = [str(shutil.which("pdftoppm")), "-r", "25.4", "-png", str(path)]
    drawn = subprocess.run(command, capture_output=True, check=True).stdout
    page = Image.open(io.BytesIO(drawn)).convert("RGB")

    def is_red(x: int, y: int) -> bool:
        red, green, _ = page.getpixel((x, y))  # type: ignore[misc]
        return bool(red > green + 50)

    assert all(is_red(x, y) for x in (142, 180) for y in (202, 240))
    assert not any(is_red(x, y) for x, y in ((137, 220), (185, 220), (160, 197), (160, 245)))


def test_stamped_seal_is_level_b_t_and_outlives_its_certificate() -> None:
    ca, tsa = authority(), stamp_authority()
    unsigned = begin(plain())
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    token = tsa.stamp(unsigned.timestamp_imprint(signature), at=AT)

    report = verify_document(
        unsigned.complete(signature, timestamp=token),
        trust=trust_with(tsa, ca),
        at=AT + timedelta(days=4000),
    )

    assert report.verdict == "valid"
    assert report.signatures[0].structure == "pades-b-t"
    assert "timestamp-good" in {check.evidence["finding"] for check in report.checks}


def test_foreign_stamp_does_not_go_in() -> None:
    unsigned = begin(plain())
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    token = stamp_authority().stamp(imprint_of(b"other", P256_SHA256.digest_oid), at=AT)

    with pytest.raises(InvalidSignature):
        unsigned.complete(signature, timestamp=token)
    with pytest.raises(InvalidSignature):
        unsigned.complete(signature[:-1] + bytes([signature[-1] ^ 1]))


def test_kept_revocation_list_is_enough_once_the_time_is_proven() -> None:
    """B-LT: years later the list in the document speaks for the time of the stamp."""
    ca, tsa = authority(), stamp_authority()
    unsigned = begin(plain())
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    token = tsa.stamp(unsigned.timestamp_imprint(signature), at=AT)
    kept = unsigned.complete(signature, timestamp=token, crls=[ca.crl])
    unstamped = unsigned.complete(signature, crls=[ca.crl])
    later = AT + timedelta(days=4000)
    trust = trust_with(tsa, ca)

    report = verify_document(kept, trust=trust, at=later)

    assert (report.verdict, report.signatures[0].structure) == ("valid", "pades-b-lt")
    assert "revocation-good" in {check.evidence["finding"] for check in report.checks}
    stale = verify_document(unstamped, trust=trust, at=later)
    assert (stale.verdict, stale.reasons) == ("cannot_tell", ("evidence-too-old",))


def test_kept_answer_of_a_status_service_is_enough_once_the_time_is_proven() -> None:
    """The answer was fetched after the stamp, and counts all the same years later."""
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    tsa, unsigned = stamp_authority(), begin(plain(), ca)
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    token = tsa.stamp(unsigned.timestamp_imprint(signature), at=AT)
    question = ocsp_building.request(
        certificates.parse(ca.signer_certificates[DEPARTMENT]),
        certificates.parse(ca.root_certificate),
    )
    answer = service.answer(question, at=AT + timedelta(hours=3))
    kept = unsigned.complete(signature, timestamp=token, ocsp=[answer])
    unstamped = unsigned.complete(signature, ocsp=[answer])
    trust = trust_with(tsa, ca)

    report = verify_document(kept, trust=trust, at=AT + timedelta(days=4000))
    stale = verify_document(unstamped, trust=trust, at=AT + timedelta(days=4000))
    early = verify_document(unstamped, trust=trust, at=AT)

    assert (report.verdict, report.signatures[0].structure) == ("valid", "pades-b-lt")
    assert "revocation-good" in {check.evidence["finding"] for check in report.checks}
    assert (stale.verdict, stale.reasons) == ("cannot_tell", ("evidence-too-old",))
    assert (early.verdict, early.reasons) == ("cannot_tell", ("status-unreachable",))
    with pytest.raises(MalformedCertificate):
        unsigned.complete(signature, ocsp=[b"no answer"])


def test_list_in_the_document_does_not_outweigh_a_newer_one() -> None:
    departments = {DEPARTMENT: "云间市行政审批局"}
    ca = devca.make(
        organisation="云间市",
        departments=departments,
        at=AT - timedelta(days=30),
        suite=P256_SHA256.name,
    )
    unsigned = begin(plain(), ca)
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    document = unsigned.complete(signature, crls=[ca.crl])
    revoked = ca.revoke(ca.signer_certificates[DEPARTMENT], at=AT - timedelta(days=1))

    report = verify_document(document, trust=revoked.trust, at=AT)

    assert (report.verdict, report.reasons) == ("invalid", ("certificate-revoked",))


def test_unknown_authority_cannot_be_told() -> None:
    stranger = devca.make(
        organisation="外地市",
        departments={DEPARTMENT: "外地局"},
        at=AT - timedelta(days=30),
        suite=P256_SHA256.name,
    )

    report = judged(seal(plain(), stranger))

    assert (report.verdict, report.reasons) == ("cannot_tell", ("unknown-issuer",))


def test_signature_by_other_software_is_valid_and_takes_a_second_seal() -> None:
    document, trust = foreign_signed(plain()), foreign_trust()
    at = AT + timedelta(days=3650)

    once = verify_document(document, trust=trust, at=at)
    both = TrustList.of(anchors=[*trust.anchors, authority().root_certificate])
    twice = verify_document(seal(document), trust=both, at=at)

    assert (once.verdict, once.reasons) == ("valid", ())
    assert once.signatures[0].structure == "pkcs7"
    assert (twice.verdict, twice.reasons) == ("valid", ())
    assert [found.id for found in twice.signatures] == ["Foreign", "Seal1"]


def test_modern_file_with_object_streams_is_sealed_and_checked() -> None:
    """PDF 1.5 and later: cross-reference streams and objects packed into streams."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain(form=True))))
    writer.stream_xrefs = True
    packed = writer.prepare_object_stream()
    title = writer.add_object(pdf_string("packed"), obj_stream=packed)
    writer.root["/PieceInfo"] = DictionaryObject({pdf_name("/Title"): title})
    out = io.BytesIO()
    writer.write(out)
    assert b"/ObjStm" in out.getvalue()
    assert b"/XRef" in out.getvalue()

    document = seal(out.getvalue())

    assert judged(document).verdict == "valid"
    late = IncrementalPdfFileWriter(io.BytesIO(document))
    late.root["/PieceInfo"]["/Title"] = pdf_string("changed")
    late.update_root()
    changed = io.BytesIO()
    late.write(changed)
    assert judged(changed.getvalue()).reasons == ("content-changed",)


def test_sealed_pdf_takes_no_second_seal() -> None:
    with pytest.raises(SealRefused, match="closes"):
        begin(sealed(), department=OTHER)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"page": 2}, "no page 2"),
        ({"page": 0}, "no page 0"),
        ({"boundary": (200.0, 10.0, 42.0, 42.0)}, "outside the page"),
        ({"boundary": (1.0, 1.0, 0.0, 5.0)}, "not a box"),
        ({"picture": b"no picture"}, "picture"),
        ({"at": AT + timedelta(days=9000)}, "not valid at this time"),
    ],
)
def test_seal_that_cannot_be_is_refused(changed: dict[str, object], problem: str) -> None:
    arguments: dict[str, object] = {
        "signer_certificate": authority().signer_certificates[DEPARTMENT],
        "at": AT,
        "picture": picture(),
        "boundary": BOX,
        **changed,
    }

    with pytest.raises(SealRefused, match=problem):
        begin_pdf_seal(plain(), **arguments)  # type: ignore[arg-type]


def test_what_is_no_pdf_is_refused_by_name() -> None:
    with pytest.raises(UnsafeDocument):
        begin(b"%PDF-1.7 and nothing more")
    with pytest.raises(MalformedDocument):
        judged(b"plain text")


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    judged(sealed() + b"garbage")
    judged(sealed()[:-200])
    judged(sealed())

    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
