"""The names of zip entries: how they are read, and which must not stand side by side.

An entry has one name for every reader, or the archive is refused: whoever could give a file a
second name could show it in place of another.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from signing.errors import UnsafeDocument
from signing.ofd import extra_fields

_UTF8 = 0x0800
_LONGEST_NAME = 512
# What nearly every entry is called; anything else is looked at step by step.
_PLAIN_NAME = re.compile(rb"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What Windows drops from the end of a name.
_DROPPED, _DROPPED_INSIDE = (".", " "), ("./", " /")
# How readers decode a name that is not ASCII, by the flag of the entry or by their own habit.
_READINGS = ("utf-8", "gb18030", "cp437")


def decode_name(raw: bytes, flags: int, extra: bytes) -> str:
    """UTF-8 where it is, otherwise GBK as Chinese tools write it."""
    if not extra and len(raw) <= _LONGEST_NAME and _PLAIN_NAME.fullmatch(raw):
        return raw.decode("ascii")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8:
            raise UnsafeDocument("an entry name is not UTF-8") from None
        name = raw.decode("gb18030", "replace")
    if len(raw) > _LONGEST_NAME or not name or name.startswith("/") or "\\" in name or ":" in name:
        raise UnsafeDocument("an entry name is absolute or malformed")
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise UnsafeDocument("an entry name leaves its folder")
    if _CONTROL.search(name):
        raise UnsafeDocument("an entry name holds control characters")
    refuse_second_name(raw, name, extra)
    return name


def refuse_second_name(raw: bytes, name: str, extra: bytes) -> None:
    """The Info-ZIP Unicode path field gives some readers a name of its own. It stands in the
    directory, in the local header or in both, and `unzip` follows the local one."""
    for kind, body in extra_fields.blocks(extra):
        if kind == extra_fields.UNICODE_PATH and body[5:] not in (raw, name.encode()):
            raise UnsafeDocument("an entry has two names")


def refuse_collisions(names: Iterable[tuple[str, bytes]]) -> None:
    """Names, with the bytes they were read from, that fall together on some file system or in some
    encoding, and files that are folders as well. A folder may be listed twice."""
    seen: dict[str, str] = {}
    for name, raw in names:
        for key in _keys(name, raw):
            if key in seen and not (name.endswith("/") and seen[key] == name):
                raise UnsafeDocument("two entries share a name")
            seen[key] = name
    for key in seen:
        folder, _, _ = key.rpartition("/")
        if folder in seen and not seen[folder].endswith("/"):
            raise UnsafeDocument("an entry is file and folder at once")


def _keys(name: str, raw: bytes) -> Iterable[str]:
    if name.isascii():
        return (_folded(name),)
    return {_folded(reading) for reading in (name, *_readings(raw))}


def _readings(raw: bytes) -> Iterator[str]:
    for encoding in _READINGS:
        try:
            yield raw.decode(encoding)
        except UnicodeDecodeError:
            continue


def _folded(name: str) -> str:
    """The name as the most forgetful file system keeps it: without letter case, without width and
    composition of characters, without invisible ones, without dots and blanks at the end."""
    key = name.casefold().removesuffix("/")
    if not key.isascii():
        visible = (character for character in key if unicodedata.category(character) != "Cf")
        key = unicodedata.normalize("NFKC", "".join(visible)).casefold()
    if key.endswith(_DROPPED) or any(part in key for part in _DROPPED_INSIDE):
        key = "/".join(part.rstrip(". ") for part in key.split("/"))
    return key
