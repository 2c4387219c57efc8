"""The files of web/ in memory: media type, gzip made once at start-up, one digest over all of them.

The digest is part of every address (`/s/<digest>/…`), so a browser may keep a file for ever and
still gets the new one after a release. Nothing here knows about requests.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}

NOT_SERVED = "miniprogram"
"""The shells go into the platforms' tools, not to browsers."""

SMALLEST_GZIP = 512
"""Below this many bytes compression saves nothing worth a header."""


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    compressed: bytes | None
    media_type: str


@dataclass(frozen=True)
class Assets:
    """All files by their path below web/, and the digest that names this set."""

    files: dict[str, Asset]
    digest: str

    @classmethod
    @functools.cache
    def load(cls, root: Path = WEB) -> Assets:
        """Read and compress everything with a known ending; unknown endings are not served.

        Once a process: what is served does not change while it runs.
        """
        paths = sorted(
            path
            for path in root.rglob("*")
            if path.suffix in MEDIA_TYPES and NOT_SERVED not in path.parts
        )
        seal = hashlib.sha256()
        files: dict[str, Asset] = {}
        for path in paths:
            name = path.relative_to(root).as_posix()
            body = path.read_bytes()
            seal.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
            files[name] = Asset(body, compress(body), MEDIA_TYPES[path.suffix])
        return cls(files, seal.hexdigest()[:8])


@functools.lru_cache(maxsize=512)
def compress(body: bytes) -> bytes | None:
    """Gzip without a time stamp, or None when it would not be smaller."""
    if len(body) < SMALLEST_GZIP:
        return None
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return packed if len(packed) < len(body) else None
