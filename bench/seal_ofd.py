"""Seal: drawn one-page licences sealed a second of one core, against the SM2 work inside."""

from __future__ import annotations

from bench.result import Result, per_cpu_second
from bench.sm2 import MESSAGE
from signing import sm2
from tests.factories import begun_licence, department_signs, drawn_licence


def seal() -> bytes:
    """Begin, sign, complete: as the wallet does it, in one process."""
    unsigned = begun_licence()
    return unsigned.complete(department_signs(unsigned))


def run() -> Result:
    key = sm2.PrivateKey.generate()
    signature = key.sign(MESSAGE)
    sign = per_cpu_second(lambda: key.sign(MESSAGE))
    verify = per_cpu_second(lambda: key.public.verify(signature, MESSAGE))
    return Result(
        bench="seal-ofd",
        figure=per_cpu_second(seal, seconds=2.0),
        unit="documents/s per core",
        limit=1 / (1 / sign + 1 / verify),
        limit_is="one bare SM2 signature, and one verification of it, a document",
        details={"document_bytes": len(drawn_licence())},
    )
