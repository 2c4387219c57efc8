"""Offline passes: this verifier, and the OpenSSL command line, on the committed vectors.

The page's JavaScript is held to the same file in tests/web/test_passes_in_the_page.py.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from signing import MalformedTrustList, PassReport, TrustList, verify_pass
from signing.passes import base45, passes, readerlist, statuslist
from signing.passes.readerlist import ReaderList
from tests.signing.openssl import needs_openssl, verifies, verifies_p256

FILE = Path(__file__).resolve().parent / "passes" / "vectors.json"


@cache
def vectors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


SUITES = sorted(vectors()["suites"])
CASES = [
    pytest.param(suite, case, id=f"{suite}-{case['name']}")
    for suite in SUITES
    for case in vectors()["suites"][suite]["cases"]
]


class Readers:
    """Readers of one world; each remembers what it has read."""

    def __init__(self, suite: str, world: str) -> None:
        made = vectors()["suites"][suite]["worlds"][world]
        self._signers = [base64.b64decode(der) for der in made["certificates"]]
        self._trust = TrustList.from_bytes(json.dumps(made["trust"]).encode())
        self._lists = {}
        if made["status"]:
            token = statuslist.parse_token(base64.b64decode(made["status"]))
            self._lists[token.number] = token
        self._seen: set[tuple[str, bytes]] = set()

    def read(self, text: str, at: float, reader: str = "a") -> PassReport:
        def seen_before(key: bytes) -> bool:
            known = (reader, key) in self._seen
            self._seen.add((reader, key))
            return known

        return verify_pass(
            text,
            signers=self._signers,
            trust=self._trust,
            status_lists=self._lists,
            seen_before=seen_before,
            at=datetime.fromtimestamp(at, UTC),
        )


@pytest.mark.parametrize(("suite", "case"), CASES)
def test_verdict_is_that_of_the_vector(suite: str, case: dict[str, Any]) -> None:
    readers = Readers(suite, case["world"])
    for step in case["steps"]:
        report = readers.read(step["text"], step["at"], step["reader"])

        assert (report.verdict, list(report.reasons)) == (step["verdict"], step["reasons"])


@pytest.mark.parametrize("suite", SUITES)
def test_every_single_bit_flip_is_refused(suite: str) -> None:
    text = vectors()["suites"][suite]["flip"]
    at = vectors()["at"]
    assert Readers(suite, "good").read(text, at).verdict == "valid"
    envelope = base45.decode(text.removeprefix(passes.PREFIX))
    readers = Readers(suite, "good")
    for bit in range(8 * len(envelope)):
        flipped = bytearray(envelope)
        flipped[bit // 8] ^= 1 << bit % 8
        altered = passes.PREFIX + base45.encode(bytes(flipped))

        assert readers.read(altered, at).verdict != "valid", bit


@pytest.mark.parametrize("suite", SUITES)
def test_a_reader_takes_only_newer_lists_of_whom_it_knows(suite: str) -> None:
    held: ReaderList | None = None
    for step in vectors()["suites"][suite]["sequence"]:
        try:
            held = readerlist.accept(base64.b64decode(step["list"]), held)
        except MalformedTrustList:
            assert not step["taken"]
        else:
            assert step["taken"]


SIGNATURES = [
    pytest.param(signed, id=f"{suite}-{signed['what']}")
    for suite in SUITES
    for signed in vectors()["suites"][suite]["signatures"]
]


@needs_openssl
@pytest.mark.parametrize("signed", SIGNATURES)
def test_openssl_agrees_about_the_signatures(signed: dict[str, str], tmp_path: Path) -> None:
    spki, message, signature = (
        base64.b64decode(signed[part]) for part in ("spki", "message", "signature")
    )
    accepts = verifies if signed["suite"] == "sm2-sm3" else verifies_p256

    assert accepts(tmp_path, spki, message, signature)
    assert not accepts(tmp_path, spki, message + b"\0", signature)
