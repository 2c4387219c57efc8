"""Passes: bound offline passes a second of one core, against the signatures they carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.result import Result, per_cpu_second
from bench.sm2 import MESSAGE
from signing import PassReport, suites, verify_pass
from signing.suites import P256_SHA256, SM2_SM3, Suite
from tests.factories import shown_pass


def bare(suite: Suite) -> float:
    """Verifications a second with a key that is loaded."""
    secret = suite.generate()
    spki, signature = suite.public_key(secret), suite.sign(secret, MESSAGE)
    return per_cpu_second(lambda: suite.verify(spki, MESSAGE, signature))


def read_by_counter(suite: Suite) -> Callable[[], PassReport]:
    """What a counter does with the text of a code."""
    shown = shown_pass(suite.name)

    def read() -> PassReport:
        return verify_pass(
            shown.text,
            signers=[shown.signer_certificate],
            trust=shown.trust,
            status_lists={3: shown.status},
            seen_before=lambda key: False,
            at=shown.at,
        )

    return read


def measure(name: str, suite: Suite) -> Result:
    read = read_by_counter(suite)
    verdict = read().verdict
    issuer, phone = bare(suite), bare(suites.P256_SHA256)
    return Result(
        bench=name,
        figure=per_cpu_second(read),
        unit="passes/s per core",
        limit=1 / (1 / issuer + 1 / phone),
        limit_is=f"one bare {suite.name} verification and one of the phone's P-256 proof",
        details={"verdict": str(verdict), "issuer_bare": issuer, "phone_bare": phone},
    )


def run() -> Result:
    """Both suites in one result: ES256 is the figure, SM2 stands in the details."""
    es256, sm2 = measure("verify-pass", P256_SHA256), measure("verify-pass", SM2_SM3)
    return replace(
        es256,
        unit="ES256 passes/s per core",
        details={
            **es256.details,
            "sm2_figure": sm2.figure,
            "sm2_limit": sm2.limit,
            "sm2_ratio": sm2.ratio,
            "sm2_verdict": sm2.details["verdict"],
        },
    )
