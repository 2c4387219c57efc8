"""A city that was made once is served again: the folder, and how it is known to be the right one.

`YUNJIAN_BENCH_CITY` names the folder (default `var/bench-city`); each size and database has a place
of its own in it. A city is used again while the code that wrote it is the same, nothing but newer
migrations has come (they are run on it, at its full size), and it is young enough that the timers
find nothing due.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.city import making, postgres
from core import clock, database
from core.clocks import holidays
from core.settings import Settings
from resources import PACKAGES
from services.cases import counts
from services.guides.reading import read_holidays
from tests import services
from tools.setup_commands import opened as opened_for_command

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = "YUNJIAN_BENCH_CITY"
SECRET = bytes(range(32))
YOUNG = timedelta(days=2)
"""Supplements lapse and acceptances are deemed after that: timers would have work."""
POSTGRES = (
    "shared_buffers=1GB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
    "autovacuum=off",
    "random_page_cost=1.1",
    "effective_cache_size=6GB",
)
"""Of a server for a city; without autovacuum, so that runs can be compared."""


@dataclass(frozen=True, kw_only=True)
class City:
    """A city that is served."""

    settings: Settings
    people: int
    seconds: float
    """How long it took to make; 0 when it was there."""


@contextmanager
def opened(
    *, people: int, redis_url: str, on: str = "postgres", again: bool = False
) -> Iterator[City]:
    """The city of so many people on `postgres` or `sqlite`, made now unless it is kept."""
    place = _folder() / f"{on}-{people}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time: two servers would spoil the data
        if again or not _fits(place):
            _reap(place / "postgres")
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(exist_ok=True)
        with _database(place, on) as url:
            yield _ready(place, _settings(place, url, redis_url), people)


@contextmanager
def _database(folder: Path, on: str) -> Iterator[str]:
    if on == "sqlite":
        yield f"sqlite://{folder / 'city.sqlite'}"
        return
    place = folder / "postgres"
    place.mkdir(exist_ok=True)
    _reap(place)
    server = services.PostgresServer(place, more=POSTGRES)
    server.start()
    try:
        yield f"{server.url}?maxsize=20"
    finally:
        server.stop()


def _ready(folder: Path, settings: Settings, people: int) -> City:
    note, began = folder / "city.json", time.perf_counter()
    if note.exists():
        # Without the one-time walks of `manage.py migrate`, which read what opens nowhere here.
        asyncio.run(database.migrate(settings.database_url, PACKAGES))
        asyncio.run(_bring_up_to_date(settings))
        if not settings.database_url.startswith("sqlite"):
            asyncio.run(postgres.analyse(settings.database_url))
        seconds = 0.0
    else:
        asyncio.run(making.make(settings, people=people))
        seconds = time.perf_counter() - began
    made_on = _note(folder).get("made_on", clock.today().isoformat())
    written = {"code": _code(), "migrations": _migrations(), "made_on": made_on}
    note.write_text(json.dumps(written))
    return City(settings=settings, people=people, seconds=seconds)


async def _bring_up_to_date(settings: Settings) -> None:
    async with opened_for_command(settings):
        await holidays.load_shipped(read_holidays())
        while await counts.fill_turns():
            pass


def _settings(folder: Path, database_url: str, redis_url: str) -> Settings:
    return Settings(
        environment="demo",
        secret_key=SECRET,
        var_dir=folder / "var",
        database_url=database_url,
        redis_url=redis_url,
        blob_url=f"file://{folder / 'blobs'}",
        public_url="http://127.0.0.1:8800",
        log_level="WARNING",
    )


def _fits(folder: Path) -> bool:
    """Whether what lies there can be used."""
    note = _note(folder)
    if not note:
        return False
    same_code = note["code"] == _code()
    only_newer = set(note["migrations"]) <= set(_migrations())
    young = clock.today() - date.fromisoformat(note["made_on"]) < YOUNG
    return bool(same_code and only_newer and young)


def _note(folder: Path) -> dict[str, object]:
    file = folder / "city.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _code() -> str:
    """Digest of the modules that write the rows."""
    found = hashlib.sha256()
    for name in ("recipe", "molds", "sheets", "people", "cases", "licences", "looks", "notices"):
        found.update((HERE / f"{name}.py").read_bytes())
    for name in ("auditing", "making"):
        found.update((HERE / f"{name}.py").read_bytes())
    return found.hexdigest()


def _migrations() -> list[str]:
    """Every migration with a digest of what it says."""
    files = [
        file
        for package in PACKAGES
        for file in sorted((ROOT / package.replace(".", "/") / "migrations").glob("0*.py"))
    ]
    return [
        f"{file.relative_to(ROOT)}:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
        for file in files
    ]


def _folder() -> Path:
    return Path(os.environ.get(FOLDER) or ROOT / "var" / "bench-city")


def _reap(place: Path) -> None:
    """End the server of a run that was killed: it would hold the data."""
    lock = place / "data" / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split()[0])
    program = Path(f"/proc/{pid}/cmdline")
    if program.exists() and str(place).encode() in program.read_bytes():
        os.kill(pid, signal.SIGINT)
        while program.exists():
            time.sleep(0.1)
