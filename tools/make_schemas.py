"""Write the JSON Schemas of docs/schemas from the types that they describe.

    python tools/make_schemas.py [--check]

With --check nothing is written and the exit code says whether they are in step.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from signing.extract import schema as extract_schema
from signing.report import policy_schema, rendering

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"


def schemas() -> dict[Path, str]:
    """Every schema file with the content that it should have."""
    made = {
        "seal-report.schema.json": rendering.json_schema(),
        "extract.schema.json": extract_schema.json_schema(),
        "policy.schema.json": policy_schema.json_schema(),
    }
    return {
        FOLDER / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in made.items()
    }


def main() -> int:
    stale = [path for path, content in schemas().items() if _read(path) != content]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is out of step: run python tools/make_schemas.py")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(schemas()[path], encoding="utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
