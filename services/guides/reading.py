"""Reads the catalogue folder strictly: a wrong key or value names file, entry and line.

`read_catalogue` gives one merged `Catalogue`; what the entries say about each other is checked in
`consistency.py`. Holiday files (`holidays-<year>.yaml`) lie in the same folder; they become rows
(`core.clocks.holidays`).
"""

import functools
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from core.clocks.workdays import Year
from services.guides import errors
from services.guides.definitions import Catalogue, CatalogueFile

FOLDER = Path(__file__).parent / "catalogue_data"
"""The catalogue that comes with the project."""

T = TypeVar("T")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The compiled loader where PyYAML was built with it: seven times as fast."""

_LISTS = (
    "departments",
    "windows",
    "sites",
    "line_systems",
    "data_resources",
    "themes",
    "items",
)
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<field>[^`]*)`")
_PATH = re.compile(r" - at `(?:key in )?(?P<path>\$[^`]*)`")
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")


def read_catalogue(folder: Path = FOLDER) -> Catalogue:
    """All files of the folder as one catalogue; raises `InvalidCatalogue`."""
    merged: dict[str, list[Any]] = {name: [] for name in _LISTS}
    enumerations: dict[str, dict[str, str]] = {}
    synonyms: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        if path.name.startswith("holidays-"):
            continue
        part = read_file(path, CatalogueFile)
        for name in _LISTS:
            merged[name].extend(getattr(part, name))
        enumerations |= part.enumerations
        synonyms |= part.synonyms
    if not merged["items"]:
        raise errors.InvalidCatalogue(f"{folder.name}: 目录中没有任何事项")
    lists = {name: tuple(entries) for name, entries in merged.items()}
    return Catalogue(**lists, enumerations=enumerations, synonyms=synonyms)


def read_holidays(folder: Path = FOLDER) -> list[Year]:
    """The working calendars in the folder, one per year; raises `InvalidCatalogue`."""
    return [read_file(path, Year) for path in sorted(folder.glob("holidays-*.yaml"))]


def read_year(path: Path) -> Year:
    """One year of the working calendar; raises `InvalidCatalogue`, OSError."""
    return read_file(path, Year)


def read_file(path: Path, kind: type[T]) -> T:
    """One YAML file as `kind`; raises `InvalidCatalogue` naming file, entry and line."""
    text = path.read_text(encoding="utf-8")
    try:
        value = _parse(text)
    except yaml.YAMLError as error:
        raise errors.InvalidCatalogue(f"{path.name}: 不是有效的 YAML({error})") from error
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        node = yaml.compose(text, Loader=_Loader)
        raise errors.InvalidCatalogue(_explain(path.name, node, str(error))) from error


@functools.lru_cache(maxsize=128)
def _parse(text: str) -> Any:
    """Plain values, to be read only: the same words are parsed once."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, the compiled one


def _explain(name: str, node: yaml.Node | None, message: str) -> str:
    """`file:line (entry): what is wrong`, found by walking the error's path through the YAML."""
    found = _PATH.search(message)
    line, entry = _locate(node, found.group("path") if found else "$")
    unknown = _UNKNOWN_FIELD.search(message)
    if unknown and node is not None:
        line = _line_of_key(_walk(node, found.group("path") if found else "$")[-1], unknown) or line
    where = f"{name}:{line}" + (f" ({entry})" if entry else "")
    return f"{where}: {message}"


def _locate(node: yaml.Node | None, path: str) -> tuple[int, str | None]:
    """Line (from 1) and code of the innermost entry on the path."""
    if node is None:
        return 1, None
    entry = None
    nodes = _walk(node, path)
    for step in nodes:
        entry = _code_of(step) or entry
    return nodes[-1].start_mark.line + 1, entry


def _walk(node: yaml.Node, path: str) -> list[yaml.Node]:
    """The nodes from the root to the one the path names, as far as it can be followed."""
    nodes = [node]
    for step in _STEP.finditer(path):
        child = _child(nodes[-1], step.group("key"), step.group("index"))
        if child is None:
            break
        nodes.append(child)
    return nodes


def _child(node: yaml.Node, key: str | None, index: str | None) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and index is not None and index.isdigit():
        return node.value[int(index)] if int(index) < len(node.value) else None
    if isinstance(node, yaml.MappingNode) and key is not None:
        return next((value for name, value in node.value if name.value == key), None)
    return None


def _code_of(node: yaml.Node) -> str | None:
    """The code of the entry, if the node is one; a question's S1 or a field key names no entry."""
    if not isinstance(node, yaml.MappingNode):
        return None
    names = {name.value: value.value for name, value in node.value}
    if "name" not in names:
        return None
    code = names.get("key", names.get("code"))
    return code if isinstance(code, str) else None


def _line_of_key(node: yaml.Node, unknown: re.Match[str]) -> int | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    lines = (
        name.start_mark.line + 1 for name, _ in node.value if name.value == unknown.group("field")
    )
    return next(lines, None)
