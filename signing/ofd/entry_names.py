"""The names of zip entries: how they are read, and which must not stand side by side."""

import re
import struct
import unicodedata

from signing.errors import UnsafeDocument

_UTF8, _UNICODE_PATH = 0x0800, 0x7075
_LONGEST_NAME = 512
# What nearly every entry is called; anything else is looked at step by step.
_PLAIN_NAME = re.compile(rb"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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
    _refuse_second_name(raw, extra)
    return name


def _refuse_second_name(raw: bytes, extra: bytes) -> None:
    """The Info-ZIP Unicode path field may give another name to some readers."""
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        if kind == _UNICODE_PATH and extra[position + 9 : position + 4 + size] != raw:
            raise UnsafeDocument("an entry has two names")
        position += 4 + size


def refuse_collisions(names: list[str]) -> None:
    """Names that fall together on some file system, and files that are folders as well."""
    seen: dict[str, str] = {}
    for name in names:
        plain = name if name.isascii() else unicodedata.normalize("NFC", name)
        key = plain.casefold().removesuffix("/")
        if key in seen:
            raise UnsafeDocument("two entries share a name")
        seen[key] = name
    for key in seen:
        folder, _, _ = key.rpartition("/")
        if folder in seen and not seen[folder].endswith("/"):
            raise UnsafeDocument("an entry is file and folder at once")
