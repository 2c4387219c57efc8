"""`python -m signing inspect`: what is in a file, as lines or as one JSON object a file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signing.cli import extract, reading
from signing.cli.reading import Kind, Recognised
from signing.extract.document import Extract, extract_data
from signing.pdf import inspect_pdf
from signing.pki.trust import TrustList
from signing.report.rendering import visible

FORMAT = "yunjian-inspection/1"
# Digests and signatures are compared, and what time has to say is left to `verify`.
_SOME_DAY = datetime(9000, 1, 1, tzinfo=UTC)


def print_lines(path: Path, found: Recognised) -> None:
    print(f"{visible(str(path))}:")
    for label, value in reading.facts(found):
        print(f"  {visible(label)}: {visible(value)}")
    if found.kind is Kind.DOCUMENT:
        for line in extract.lines(_items(found).items):
            print(f"  {line}")


def print_json(path: Path, found: Recognised) -> None:
    """Facts as they are shown; a PDF has its structure beside them, an OFD its items."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "file": str(path),
        "kind": found.kind.value,
        "facts": [[label.strip(), value] for label, value in reading.facts(found)],
    }
    if found.kind is Kind.PDF:
        content["pdf"] = inspect_pdf(found.data).to_dict()
    if found.kind is Kind.DOCUMENT:
        content["items"] = _items(found).to_dict()["items"]
    print(json.dumps(content, ensure_ascii=False))


def _items(found: Recognised) -> Extract:
    return extract_data(found.data, trust=TrustList(), at=_SOME_DAY)
