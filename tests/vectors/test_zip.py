"""One sealed licence in many zip clothes: lawful ones are read, none shows another page unsaid."""

import json
from datetime import UTC, datetime

import pytest

from signing import MalformedDocument, Outcome, Policy, TrustList, verify_document
from tests.vectors.places import ABSENT, SHARED

FOLDER = SHARED / "zip"
AT = datetime(2026, 12, 2, tzinfo=UTC)
TRUST = TrustList.of()
# The root of these files is not at hand; everything else is judged as ever.
POLICY = Policy("zip", {"trust-absent": Outcome.WARNING})
EXPECTED: dict[str, dict[str, str]] = (
    json.loads((FOLDER / "expected.json").read_bytes()) if FOLDER.is_dir() else {}
)
HARMLESS = frozenset({"hostile/gap-other-central.ofd", "hostile/name-fullwidth-slash.ofd"})
"""Odd, but every reader sees the page that was signed."""
LAWFUL = [name for name, row in EXPECTED.items() if row["right"] == "read" and name not in HARMLESS]
REFUSED = [name for name, row in EXPECTED.items() if row["right"] == "refuse"]

pytestmark = pytest.mark.skipif(not EXPECTED, reason=ABSENT)


def verdict(name: str) -> str:
    data = (FOLDER / name).read_bytes()
    try:
        return verify_document(data, trust=TRUST, at=AT, policy=POLICY).verdict
    except MalformedDocument:
        return "invalid"


@pytest.mark.parametrize("name", LAWFUL)
def test_lawful_archive_is_read(name: str) -> None:
    assert verdict(name) == "valid"


@pytest.mark.parametrize("name", REFUSED)
def test_archive_that_readers_see_differently_is_refused(name: str) -> None:
    assert verdict(name) == "invalid"
