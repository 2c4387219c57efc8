"""Every OFD vector gets the verdict a careful verifier gives with two anchors only."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signing import MalformedDocument, TrustList, verify_document
from tests.vectors.places import ABSENT, HERE, SHARED

AT = datetime(2026, 12, 1, tzinfo=UTC)
VERDICTS = {
    "VALID": "valid",
    "INVALID": "invalid",
    "UNSIGNED": "invalid",
    "INDETERMINATE": "cannot_tell",
}


def load(folder: Path) -> list[tuple[str, str]]:
    path = folder / "ofd" / "expected.json"
    if not path.exists():
        return []
    return [(entry["file"], entry["overall"]) for entry in json.loads(path.read_bytes())]


def trust(folder: Path) -> TrustList:
    keys = folder / "ofd" / "keys" / "own-test-ca"
    pem = (keys / "root.pem").read_bytes() + (keys / "tsaroot.pem").read_bytes()
    return TrustList.from_bytes(pem)


def verdict(folder: Path, file: str) -> str:
    data = (folder / "ofd" / file).read_bytes()
    try:
        return verify_document(data, trust=trust(folder), at=AT).verdict
    except MalformedDocument:
        return "invalid"


@pytest.mark.parametrize(("file", "overall"), load(HERE))
def test_vector_made_here_gets_its_verdict(file: str, overall: str) -> None:
    assert verdict(HERE, file) == VERDICTS[overall]


@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
@pytest.mark.parametrize(("file", "overall"), load(SHARED))
def test_shared_vector_gets_its_verdict(file: str, overall: str) -> None:
    assert verdict(SHARED, file) == VERDICTS[overall]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("own-made/licence-unsigned.ofd", "no-seal"),
        ("tampered/t01-page-byte.ofd", "content-changed"),
        ("tampered/t05-signature-value-bit.ofd", "bad-signature"),
        ("tampered/t09-page-and-digest-edited.ofd", "content-changed"),
        ("tampered/t12-seal-file-swapped.ofd", "seal-mismatch"),
        ("tampered/t17-signature-list-emptied.ofd", "no-seal"),
        ("tampered/t21-forged-seal-picture.ofd", "bad-seal"),
        ("tampered/t22-rogue-ca.ofd", "untrusted"),
        ("tampered/t24-seal-expired-at-signing.ofd", "seal-expired"),
        ("tampered/t25-wrong-key-usage.ofd", "untrusted"),
        ("tampered/t27-docroot-redirected.ofd", "not-covered"),
        ("tampered/t30-md5-references.ofd", "weak-digest"),
        ("tampered/t31-path-traversal-ref.ofd", "content-changed"),
        ("tampered/t32-xxe-ofdxml.ofd", "unreadable"),
        ("tampered/t34-wrong-signature-oid.ofd", "bad-signature"),
    ],
)
def test_reason_names_what_is_wrong(file: str, reason: str) -> None:
    data = (HERE / "ofd" / file).read_bytes()

    report = verify_document(data, trust=trust(HERE), at=AT)

    assert reason in report.reasons


@pytest.mark.parametrize(
    ("file", "check"),
    [
        ("own-made/own-v4-raw64-signature.ofd", "encoding"),
        ("own-made/own-v4-ofdxml-uncovered.ofd", "coverage"),
        ("tampered/t18-second-seal-dropped.ofd", "coverage"),
        ("tampered/t28-uncovered-customdata-edited.ofd", "coverage"),
        ("tampered/t35-extra-unreferenced-file.ofd", "coverage"),
    ],
)
def test_valid_but_odd_file_is_warned_about(file: str, check: str) -> None:
    data = (HERE / "ofd" / file).read_bytes()

    report = verify_document(data, trust=trust(HERE), at=AT)

    assert report.verdict == "valid"
    assert any(found.name == check and found.outcome == "warning" for found in report.checks)
