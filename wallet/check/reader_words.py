"""What a reader's page must know to speak without network: reasons, findings, types. Pure.

One source for both sides: a page that judges by itself says the same sentences as the API.
"""

from functools import cache
from typing import Any

from signing.report.findings import FINDINGS
from signing.report.findings_of_certificates import CERTIFICATES
from signing.report.findings_of_passes import PASSES
from wallet.show.passes import evidence_age
from wallet.types import catalogue, verdict


@cache
def for_page() -> dict[str, Any]:
    """Plain values, handed to the counter's page with its first HTML."""
    return {
        "reasons": {str(reason): list(words) for reason, words in verdict.WORDS.items()},
        "valid": list(verdict.VALID_CODE_WORDS),
        "checks": dict(verdict.CHECK_TITLES),
        "findings": {code: _finding(code) for code in (*PASSES, *CERTIFICATES)},
        "types": {
            type_.code: {
                "name": type_.name,
                "issuer": type_.issuer_name,
                "labels": {
                    field.key: field.label
                    for field in type_.fields
                    if field.key in type_.offline_claims
                },
                "age": int(evidence_age(type_.code).total_seconds()),
            }
            for type_ in catalogue.all_types()
        },
    }


def _finding(code: str) -> dict[str, str | None]:
    finding = FINDINGS[code]
    return {
        "check": finding.check.format(role="signer"),
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "detail": finding.detail,
    }
