"""`python -m signing extract`: seal pictures and licence data of an OFD, shown or put in a folder.

What no good signature protects goes into a folder `unprotected` of its own, so that nobody takes it
for sealed. The folder appears whole or not at all.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from signing.errors import SigningError
from signing.extract.document import Extract, Item
from signing.report.rendering import Language, headline, visible

INDEX = "extract.json"
_Parser = TypeVar("_Parser", bound=argparse.ArgumentParser)


class FolderInUse(SigningError):
    slug = "folder-in-use"


def register(
    commands: "argparse._SubParsersAction[_Parser]",
    add_trust: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], int],
) -> None:
    extract = commands.add_parser(
        "extract", help="take seal pictures and licence data out of an OFD"
    )
    add_trust(extract)
    extract.add_argument("--to", type=Path, metavar="FOLDER", help="new folder for the files")
    extract.add_argument("--json", action="store_true", help="one JSON object")
    extract.add_argument("file", type=Path, metavar="FILE")
    extract.set_defaults(run=run)


def show(path: Path, found: Extract, options: argparse.Namespace) -> None:
    """Print what was found and, when --to asks for it, write the files first."""
    if options.to is not None:
        write(found, options.to)
    if options.json:
        print(as_json(path, found))
        return
    print(f"{visible(str(path))}: {headline(found.report, Language.BOTH)}")
    for line in lines(found.items):
        print(f"  {line}")


def as_json(path: Path, found: Extract) -> str:
    return json.dumps({"file": str(path), **found.to_dict()}, ensure_ascii=False)


def lines(items: Sequence[Item]) -> Iterator[str]:
    """One line for each item, with a warning before what nothing protects."""
    for item in items:
        size = f" {item.facts['bytes']} bytes" if item.file else ""
        stated = item.value or item.place
        by = f"[{', '.join(item.covered_by)}]" if item.covered else "不受签章保护 NOT PROTECTED"
        mark = "✓" if item.covered else "!"
        yield visible(f"{mark} {item.kind}: {item.name or '-'} = {stated}{size} {by}")


def write(found: Extract, folder: Path) -> None:
    """Raises FolderInUse when there is something in the folder already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderInUse(f"{folder} exists and is not empty")
    made = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}."))
    try:
        made.chmod(0o755)
        _fill(made, found)
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made)
        raise


def _fill(made: Path, found: Extract) -> None:
    (made / INDEX).write_text(
        json.dumps(found.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    for item in found.items:
        if not item.file:
            continue
        target = made / item.place
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            target.write_bytes(found.content(item))
