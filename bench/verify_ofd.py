"""Verify: one-page licences a second of one core, against the bare SM2 work inside them."""

from __future__ import annotations

from bench.result import Result, per_cpu_second
from bench.sm2 import MESSAGE
from signing import sm2, verify_document
from tests.factories import sealed_licence

SIGNATURES_PER_DOCUMENT = 1
"""What no cache may answer: the signature over this document. The seal's own signature and the
certificates are the same in all documents of an office, and are kept by digest."""


def run() -> Result:
    document, trust, at = sealed_licence()
    key = sm2.PrivateKey.generate()
    signature = key.sign(MESSAGE)
    bare = per_cpu_second(lambda: key.public.verify(signature, MESSAGE))
    report = verify_document(document, trust=trust, at=at)
    documents = per_cpu_second(lambda: verify_document(document, trust=trust, at=at), seconds=2.0)
    return Result(
        bench="verify-ofd",
        figure=documents,
        unit="documents/s per core",
        limit=bare / SIGNATURES_PER_DOCUMENT,
        limit_is=f"bare SM2 verifications, {SIGNATURES_PER_DOCUMENT} a document",
        details={"verdict": str(report.verdict), "document_bytes": len(document)},
    )
