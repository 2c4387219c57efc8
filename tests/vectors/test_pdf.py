"""PDF files kept as they were made once, so that a new pyHanko cannot change a verdict unseen."""

import json
from datetime import UTC, datetime

import pytest

from signing import TrustList, verify_document
from tests.vectors.places import HERE

FOLDER = HERE / "pdf"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
AT = datetime(2026, 12, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize("name", EXPECTED)
def test_verdict_and_reasons_are_as_expected(name: str) -> None:
    trust = TrustList.from_bytes((FOLDER / "trust.json").read_bytes())

    report = verify_document((FOLDER / f"{name}.pdf").read_bytes(), trust=trust, at=AT)

    assert report.verdict == EXPECTED[name]["verdict"]
    assert list(report.reasons) == EXPECTED[name]["reasons"]
