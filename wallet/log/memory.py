"""What is remembered of the logs outside of the database: how far they had come.

Who puts an older copy of all tables back leaves a database that agrees with itself. A small file
beside it (`YUNJIAN_LOG_MEMORY`), which no backup of the database holds, still knows the last
anchor and the last checkpoint; so does every outside auditor. The file only ever moves forward.
"""

import asyncio
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from wallet.log import transparency
from wallet.models import Anchor


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The transparency log as it was seen last."""

    size: int
    root: str
    anchor: int
    """Number of the newest anchor."""


class RolledBack(Exception):
    """The database is older than what was seen; the message says by how much."""


async def read(path: Path) -> Seen | None:
    """What is remembered; None when nothing is. Raises RolledBack for a file that is no memory."""

    def load() -> Seen | None:
        try:
            return Seen(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise RolledBack(f"{path.name} cannot be read") from None

    return await asyncio.to_thread(load)


async def compare(path: Path) -> Seen | None:
    """Raises RolledBack when the logs do not go on from what is remembered; else gives that."""
    seen = await read(path)
    if seen is None:
        return None
    latest = await transparency.latest()
    size = 0 if latest is None else latest.size
    if size < seen.size:
        raise RolledBack(f"the log has {size} entries, and had {seen.size}")
    if seen.size and (await transparency.root_at(seen.size)).hex() != seen.root:
        raise RolledBack(f"the first {seen.size} entries are not those that were there")
    if await newest_anchor() < seen.anchor:
        raise RolledBack(f"anchor {seen.anchor} is missing")
    return seen


async def remember(path: Path) -> None:
    """Keep how far the logs have come. Raises RolledBack, and then keeps what it knew."""
    before = await compare(path)
    latest = await transparency.latest()
    if latest is None:
        return
    seen = Seen(size=latest.size, root=latest.root.hex(), anchor=await newest_anchor())
    if seen != before:
        await asyncio.to_thread(_write, path, seen)


async def forget(path: Path) -> None:
    """An operator has seen what was lost: the logs are remembered anew as they are now."""
    await asyncio.to_thread(path.unlink, missing_ok=True)
    await remember(path)


async def newest_anchor() -> int:
    """The number of the newest anchor; 0 before the first."""
    row = await Anchor.all().order_by("-number").first()
    return 0 if row is None else row.number


def _write(path: Path, seen: Seen) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    with unfinished.open("w") as file:
        json.dump(asdict(seen), file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
