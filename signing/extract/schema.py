"""JSON Schema (2020-12) of what `python -m signing extract --json` prints and writes."""

from typing import Any

from signing.extract.document import FORMAT, ItemKind
from signing.report.findings import REASONS
from signing.report.report import Verdict

SCHEMA_ID = "https://yunjian.example/schemas/extract.schema.json"
_TEXT = {"type": "string"}


def json_schema() -> dict[str, Any]:
    """Schema of `Extract.to_dict`, on the command line with the name of the file in front."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Seal pictures and licence data of a document",
        **_object(
            {
                "format": {"const": FORMAT},
                "file": {**_TEXT, "description": "as given to the command"},
                "verdict": {"enum": [verdict.value for verdict in Verdict]},
                "reasons": {"type": "array", "items": {"enum": sorted(REASONS)}},
                "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            },
            optional=("file",),
        ),
        "$defs": {
            "Item": _object(
                {
                    "kind": {"enum": [kind.value for kind in ItemKind]},
                    "name": {**_TEXT, "description": "as the document states it"},
                    "value": {**_TEXT, "description": "of custom data and tags"},
                    "file": {**_TEXT, "description": "path in the folder of --to, or empty"},
                    "covered": {
                        "type": "boolean",
                        "description": "whether a signature protects it and all that leads to it",
                    },
                    "covered_by": {"type": "array", "items": _TEXT},
                    "facts": {"type": "object", "additionalProperties": _TEXT},
                }
            )
        },
    }


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }
