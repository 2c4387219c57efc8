"""Paths inside the package (ST_Loc of GB/T 33190): `/x` from the root, else from the file's
folder. Results have no leading slash and never leave the package."""

from functools import lru_cache

_KEEPABLE = 256


def folder_of(name: str) -> str:
    """The folder of a file, without a trailing slash; the root is the empty string."""
    return name.rpartition("/")[0]


def resolve(location: str, folder: str = "") -> str | None:
    """The entry name a location means, seen from a folder; None when it climbs out or is void."""
    location = location.strip()
    return (_kept if len(location) + len(folder) <= _KEEPABLE else _resolve)(location, folder)


def _resolve(location: str, folder: str) -> str | None:
    if not location or "\\" in location or "\x00" in location:
        return None
    parts = [] if location.startswith("/") or not folder else folder.split("/")
    for part in location.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or None


# All documents of an issuer use the same few paths.
_kept = lru_cache(maxsize=2048)(_resolve)
