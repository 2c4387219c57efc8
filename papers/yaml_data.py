"""Read the package's YAML data strictly: a wrong key or value names file, entry and line.

The data is part of the program: a fault raises `CatalogueFault` at start, it is no citizen's error.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

T = TypeVar("T")

_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]+)`")


class CatalogueFault(ValueError):
    """A data file of the package does not have the form its readers need."""


_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The compiled loader where PyYAML was built with it: seven times as fast."""


class _Loader(_Safe):  # type: ignore[misc]
    """Safe YAML in which dates stay text, as facts are plain JSON values."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_section(path: Path, section: str, type_: type[T]) -> T:
    """One top-level section of a file as `type_` (unknown keys are faults)."""
    # The loader is a SafeLoader: it makes plain values only, never objects.
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    node = _child(root, section)
    if node is None:
        raise CatalogueFault(f"{path.name}: section {section} is missing")
    plain: Any = _plain(node)
    try:
        return msgspec.convert(plain, type_)
    except msgspec.ValidationError as fault:
        raise CatalogueFault(_describe(path.name, section, node, str(fault))) from fault


def _plain(node: yaml.Node) -> object:
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item: yaml.Node = node.value[step]
        return item
    return None


def _describe(name: str, section: str, node: yaml.Node, fault: str) -> str:
    """The fault with the line it stands on and the code of the entry it belongs to."""
    message, _, path = fault.partition(" - at `")
    line, entry = node.start_mark.line, ""
    for step in _STEP.finditer(path):
        child = _child(node, step["key"] if step["key"] else int(step["index"].strip(".") or 0))
        if child is None:
            break
        node, line = child, child.start_mark.line
        entry = entry or _entry_name(node)
    if unknown := _UNKNOWN.search(message):
        line = _key_line(node, unknown["key"], line)
    where = f"{section} {entry}".rstrip()
    return f"{name}, line {line + 1}, {where}: {message} ({path.rstrip('`') or '$'})"


def _entry_name(node: yaml.Node) -> str:
    named = _child(node, "code") or _child(node, "key")
    return str(named.value) if isinstance(named, yaml.ScalarNode) else ""


def _key_line(node: yaml.Node, key: str, default: int) -> int:
    if not isinstance(node, yaml.MappingNode):
        return default
    lines = (found.start_mark.line for found, _ in node.value if found.value == key)
    return next(lines, default)


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything read from the data files."""
