"""Items taken out of the catalogue while cases run."""

import re
import shutil
from pathlib import Path

from services.guides import catalogue, reading

ITEM = re.compile(r"^  - code: (?P<code>\S+)$", re.MULTILINE)


async def retire(folder: Path, *codes: str) -> None:
    """Load the shipped catalogue with these items retired; with all of them when none is named."""
    copy = folder / "retired"
    shutil.copytree(reading.FOLDER, copy, dirs_exist_ok=True)
    for file in sorted((copy / "items").glob("*.yaml")):
        head, *pieces = re.split(r"(?=^  - code: SJ-)", file.read_text(), flags=re.MULTILINE)
        file.write_text(head + "".join(_retired(piece, codes) for piece in pieces))
    await catalogue.load(copy)


def _retired(piece: str, codes: tuple[str, ...]) -> str:
    found = ITEM.match(piece)
    assert found is not None
    if codes and found["code"] not in codes:
        return piece
    assert piece.count("status: published") == 1
    return piece.replace("status: published", "status: retired")
