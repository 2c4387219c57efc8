"""Make tests/vectors/passes/vectors.json: what every verifier of offline passes must say.

    python -m tests.vectors.make_passes

Keys are made anew each time, so the file changes as a whole; it is committed, and the tests of both
verifiers and the OpenSSL command line read the committed one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from signing import suites
from signing.passes import cose, passes
from signing.passes.readerlist import SignerState
from signing.passes.statuslist import Status
from signing.pki import certificates
from signing.suites import P256_SHA256
from tests.vectors.pass_cases import (
    hostile_cases,
    key_cases,
    shape_cases,
    time_cases,
    unbound_cases,
)
from tests.vectors.pass_maker import AT, LIST, P256, PLACE, SM2, Maker, b64, worlds

FILE = Path(__file__).resolve().parent / "passes" / "vectors.json"


def cases(maker: Maker) -> list[dict[str, Any]]:
    made = [
        {"name": name, "world": reader, "steps": [step.to_dict() for step in steps]}
        for kind in (time_cases, key_cases, unbound_cases, shape_cases, hostile_cases)
        for name, reader, steps in kind(maker)
    ]
    assert len({case["name"] for case in made}) == len(made)
    return made


def sequence_cases(maker: Maker) -> list[dict[str, Any]]:
    """Trust lists one after the other: which of them a reader takes."""
    ten = maker.signers(SignerState.GOOD, sequence=10)
    nine = maker.signers(SignerState.GOOD, sequence=9)
    eleven = maker.signers(SignerState.REVOKED, AT, sequence=11)
    foreign = Maker(SM2).signers(SignerState.GOOD, sequence=12)
    altered = bytearray(eleven)
    altered[-1] ^= 1
    return [
        {"list": b64(data), "taken": taken}
        for data, taken in (
            (ten, True),
            (nine, False),
            (foreign, False),
            (bytes(altered), False),
            (eleven, True),
            (ten, False),
            (b"", False),
        )
    ]


def signature_cases(maker: Maker) -> list[dict[str, str]]:
    """What the OpenSSL command line checks: message, signature and key of pass, proof and lists."""
    data = maker.issue()
    message = cose.parse(data)
    issuer = certificates.parse(maker.certificate)
    shown_at = int(AT.timestamp())
    proof_message = passes.proof_message(data, shown_at)
    proof = P256_SHA256.sign(maker.phone, proof_message)
    found = [
        {
            "what": "pass",
            "suite": suites.by_public_key(issuer.spki).name,
            "spki": b64(issuer.spki),
            "message": b64(message.to_sign),
            "signature": b64(suites.from_raw(message.signature)),
        },
        {
            "what": "proof",
            "suite": P256_SHA256.name,
            "spki": b64(P256_SHA256.public_key(maker.phone)),
            "message": b64(proof_message),
            "signature": b64(proof),
        },
    ]
    lists = certificates.parse(maker.lists_certificate)
    for what, token in (
        ("status list", maker.status(Status.VALID)),
        ("trust list", maker.signers(SignerState.GOOD, sequence=1)),
    ):
        signed = cose.parse(token)
        found.append(
            {
                "what": what,
                "suite": suites.by_public_key(lists.spki).name,
                "spki": b64(lists.spki),
                "message": b64(signed.to_sign),
                "signature": b64(suites.from_raw(signed.signature)),
            }
        )
    return found


def build() -> dict[str, Any]:
    made = {}
    for suite in (SM2, P256):
        maker = Maker(suite)
        made[suite] = {
            "worlds": worlds(maker),
            "cases": cases(maker),
            "sequence": sequence_cases(maker),
            "signatures": signature_cases(maker),
            "flip": maker.show(maker.issue()),
        }
    return {"at": AT.timestamp(), "list": LIST, "place": PLACE, "suites": made}


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(build(), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
