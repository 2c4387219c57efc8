"""JSON Schema (2020-12) of a policy file (`policy_files`)."""

from dataclasses import asdict
from typing import Any

from signing.report.findings import FINDINGS
from signing.report.policy import POLICIES
from signing.report.policy_files import FORMAT, LONGEST_SKEW
from signing.report.policy_model import Limits
from signing.report.report import Outcome

SCHEMA_ID = "https://yunjian.example/schemas/policy.schema.json"


def json_schema() -> dict[str, Any]:
    """Schema of the files in `policies/` and of those an office writes for itself."""
    outcome = {"enum": [outcome.value for outcome in Outcome]}
    limit = {"type": "integer", "minimum": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "How strict a verification is",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "name": {"type": "string", "minLength": 1},
            "description": {"type": "string"},
            "based_on": {"enum": sorted(POLICIES)},
            "outcomes": {
                "type": "object",
                "description": "what a finding counts as, by its code",
                "properties": dict.fromkeys(sorted(FINDINGS), outcome),
                "additionalProperties": False,
            },
            "clock_skew_seconds": {"type": "integer", "minimum": 0, "maximum": LONGEST_SKEW},
            "limits": {
                "type": "object",
                "description": "what a package may cost to read; sizes in bytes",
                "properties": dict.fromkeys(asdict(Limits()), limit),
                "additionalProperties": False,
            },
        },
        "required": ["format", "name"],
        "additionalProperties": False,
    }
