"""Names from a document made fit for a folder on any file system: no path, no trick, no clash."""

import re
import unicodedata

_LONGEST = 100
"""Bytes, so that a suffix and a number still fit into the 255 of common file systems."""
_UNFIT = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")


def safe_name(name: str, suffix: str = "") -> str:
    """The last part of a name, without what leaves a folder, hides, or acts instead of showing.

    `suffix` is what the file is said to be; it is added unless the name ends in it already.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(
        "_" if unicodedata.category(character)[0] in "CZ" and character != " " else character
        for character in _UNFIT.sub("_", last)
    )
    stem = shown.strip(" .")
    ending = suffix.strip(" .").lower()
    ending = f".{ending}" if _SUFFIX.fullmatch(ending) else ""
    if ending and stem.lower().endswith(ending):
        ending, stem = stem[-len(ending) :], stem[: -len(ending)]
    stem = stem.encode()[:_LONGEST].decode(errors="ignore").strip(" .") or "unnamed"
    return f"_{stem}{ending}" if _RESERVED.fullmatch(stem) else f"{stem}{ending}"


class SafeNames:
    """Gives every file a name that differs from all before, also by letter case."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def choose(self, name: str, suffix: str = "") -> str:
        wanted = safe_name(name, suffix)
        stem, dot, ending = wanted.rpartition(".")
        if not dot:
            stem, ending = wanted, ""
        chosen = wanted
        while chosen.casefold() in self._taken:
            self._taken[wanted.casefold()] += 1
            chosen = f"{stem}-{self._taken[wanted.casefold()]}{dot}{ending}"
        self._taken[chosen.casefold()] = 1
        return chosen
