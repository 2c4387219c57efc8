"""What keeps a server from its work is named; what it cannot help is only a warning."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core import clock, readiness
from core.files.blobs import Blobs
from core.files.full_disk import StorageFull, is_full, refusing
from core.ids import new_id
from core.outbox import OutboxMessage
from core.readiness import Readiness
from core.valkey import redis_client
from core.valkey.embedded import free_port
from resources import WORRIES, questions
from wallet.log import alarms


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip(
            "no right to mount a small disk: run as root, in a container with CAP_SYS_ADMIN"
        )
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


async def yes() -> bool:
    return True


async def never() -> bool:
    await asyncio.sleep(3600)
    return True


async def broken() -> bool:
    raise ConnectionResetError


async def event(*, age: float, **more: Any) -> None:
    at = clock.now() - timedelta(seconds=age)
    await OutboxMessage.create(
        event_id=new_id(), name="x", key="k", payload="{}", created_at=at, due_at=at, **more
    )


async def test_what_does_not_answer_in_time_is_missing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ASKED_FOR_SECONDS", 0.2)

    state = await Readiness({"database": yes, "redis": never, "blobs": broken}).state()

    assert state.missing == ("redis", "blobs")
    assert not state.ready


async def test_late_events_are_told_and_keep_nobody_from_work(db: None) -> None:
    await event(age=7200, done_at=clock.now())
    await event(age=7200, parked_at=clock.now())
    await event(age=900)

    state = await Readiness({"database": yes}).state()

    assert state.ready
    assert state.warnings == ("events-late",)
    assert state.oldest_event_seconds == pytest.approx(900, abs=60)


async def test_many_askers_cost_one_question(db: None) -> None:
    asked = 0

    async def count() -> bool:
        nonlocal asked
        asked += 1
        return True

    found = Readiness({"database": count})
    await asyncio.gather(*(found.state() for _ in range(50)))

    assert asked == 1


async def test_full_disk_is_missing_and_refuses_with_a_sentence(small_disk: Path) -> None:
    blobs = Blobs.open(f"file://{small_disk}")
    kept = await blobs.put(b"kept")

    with pytest.raises(StorageFull):
        await blobs.put(os.urandom(2 * 1024 * 1024))
    filler = small_disk / "filler"
    with pytest.raises(StorageFull), refusing(), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))

    assert not await blobs.is_writable()
    assert not readiness.have_room([small_disk])
    assert await blobs.get(kept) == b"kept"
    filler.unlink()
    assert await blobs.is_writable()


def test_other_errors_are_no_full_disk() -> None:
    assert is_full(OSError(errno.EDQUOT, "quota"))
    assert not is_full(OSError(errno.EACCES, "no"))
    assert not is_full(ValueError("(os error 28)"))
    with pytest.raises(PermissionError), refusing():
        raise PermissionError(errno.EACCES, "no")


async def test_server_with_all_its_stores_is_ready(
    client: aiohttp.ClientSession, resources: Any
) -> None:
    async with client.get("/api/ready") as answer:
        assert answer.status == 200
        assert (await answer.json())["missing"] == []


async def test_server_whose_redis_is_away_is_alive_and_not_ready(
    settings: Any, resources: Any
) -> None:
    nowhere = redis_client.connect(f"redis://127.0.0.1:{free_port()}/0")
    state = await Readiness(questions(replace(resources, redis=nowhere))).state()
    await nowhere.aclose()

    assert state.missing == ("redis",)


async def test_what_operators_should_look_at_is_told_and_keeps_nobody_from_work(db: None) -> None:
    state = await Readiness({"database": yes}, worries={"a": broken, "b": yes}).state()

    assert (state.ready, state.warnings) == (True, ("a",))


async def test_open_alarm_of_the_logs_is_a_warning(db: None) -> None:
    async def warnings() -> tuple[str, ...]:
        return (await Readiness({"database": yes}, worries=WORRIES).state()).warnings

    assert await warnings() == ()
    await alarms.sound(alarms.ANCHOR, about="log:anchors", detail="anchor 1 is missing")
    assert await warnings() == ("log-alarms",)
    await alarms.resolve(alarms.ANCHOR, about="log:anchors", by="officer:1")
    assert await warnings() == ()
