"""`inspect` of PDF files: revisions, what each signature covers, time stamps, evidence."""

import json
from pathlib import Path
from typing import Any

import pytest

from signing.cli import main
from signing.dev import devca
from signing.pdf import inspect_pdf
from signing.pki import certificates, ocsp_building
from signing.suites import P256_SHA256
from tests.signing import answering
from tests.signing.makers import AT, DEPARTMENT, OTHER
from tests.signing.pdf_foreign import foreign_signed
from tests.signing.pdf_makers import PAGE, begin, plain, seal, sealed, update
from tests.vectors.places import HERE

PDF = HERE / "pdf"


def inspected(capsys: pytest.CaptureFixture[str], path: Path) -> dict[str, Any]:
    assert main.main(["inspect", "--json", str(path)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_levels_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """B-LT: the seal, a stamp over it, and a further revision with the evidence."""
    found = inspected(capsys, PDF / "b-lt.pdf")["pdf"]

    (signature,) = found["signatures"]
    assert [revision["closed_by"] for revision in found["revisions"]] == [[], ["Seal1"], []]
    assert signature["coverage"] == "revisions 1 to 2 of 3"
    assert signature["covered"] == sum(signature["byte_range"][1::2])
    assert signature["digest_matches"] is True
    assert signature["later_changes"] == ""
    assert signature["signer"].startswith("云间市行政审批局")
    assert signature["timestamp"]["stamped_at"] == "2026-12-01T04:00:00+00:00"
    assert len(found["store"]["lists"]) == len(found["store"]["certificates"]) == 1
    assert found["store"]["answers"] == []


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("b-b.pdf", "coverage", "whole file"),
        ("byte-changed.pdf", "digest_matches", False),
        ("annotation-added.pdf", "later_changes", "1 later revisions"),
        ("bytes-appended.pdf", "coverage", "nothing: data at the end belongs to no revision"),
        ("wrapped.pdf", "covered", 0),
        ("no-contents.pdf", "kind", "unreadable"),
    ],
)
def test_attack_is_seen(
    capsys: pytest.CaptureFixture[str], name: str, field: str, expected: object
) -> None:
    (signature,) = inspected(capsys, PDF / name)["pdf"]["signatures"]

    assert signature[field] == expected


def test_document_without_a_signature_has_its_revisions() -> None:
    found = inspect_pdf(update(plain(), {90: b"<< /Title (spare) >>"}))

    assert found.signatures == ()
    assert [revision.objects for revision in found.revisions] == [6, 1]
    assert found.revisions[-1].end <= found.size


def test_two_signatures_cover_each_their_own() -> None:
    found = inspect_pdf(seal(foreign_signed(plain()), department=OTHER))

    first, second = found.signatures
    assert (first.name, first.coverage) == ("Foreign", "revisions 1 to 2 of 3")
    assert (second.name, second.coverage) == ("Seal1", "whole file")
    assert first.closes is second.closes is False
    assert first.signed_at != ""


def test_answer_of_a_status_service_in_the_store_is_told() -> None:
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    leaf = certificates.parse(ca.signer_certificates[DEPARTMENT])
    root = certificates.parse(ca.root_certificate)
    answer = service.answer(ocsp_building.request(leaf, root), at=AT)
    unsigned = begin(plain(), ca)
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)

    found = inspect_pdf(unsigned.complete(signature, ocsp=[answer]))

    assert found.store.answers == (f"{AT.isoformat()}: {leaf.serial_hex} good",)


def test_lines_name_the_same_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "changed.pdf"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    path.write_bytes(update(sealed(), {PAGE: page}))

    assert main.main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "covers: revisions 1 to 2 of 3" in shown
    assert "forbidden changes afterwards: 1 later revisions" in shown
    assert main.main(["dump", str(path)]) == 0
    assert "OBJECT IDENTIFIER  1.2.840.113549.1.7.2" in capsys.readouterr().out


def test_other_kinds_are_json_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    keys = HERE / "ofd" / "keys" / "own-test-ca"
    certificate = inspected(capsys, keys / "maker.pem")
    document = inspected(capsys, HERE / "ofd" / "own-made" / "own-v4-valid.ofd")

    assert certificate["kind"] == "certificate"
    assert ["subject", "测试电子印章制作系统, 测试制章机构"] in certificate["facts"]
    assert document["format"] == "yunjian-inspection/1"
    assert {item["kind"] for item in document["items"]} > {"custom-tag"}


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7 and nothing more")

    assert main.main(["inspect", str(path)]) == 1
    assert "unsafe-document" in capsys.readouterr().err
