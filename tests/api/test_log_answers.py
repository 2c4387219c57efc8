"""The public log over HTTP: anchors, proofs of them, limits; what operators see of the logs."""

from pathlib import Path

import aiohttp
import pytest

import timers
from core import database
from core.protection import audit
from core.protection.audit import AuditRecord
from core.settings import Settings
from resources import Resources
from tests.conftest import FrozenClock
from tools import log_commands
from wallet.log import alarms, transparency
from wallet.log_models import LogCheckpoint, LogHead

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def nothing_remembered(settings: Settings) -> None:
    """The database of the test before is gone, and that is no alarm."""
    settings.log_memory_file.unlink(missing_ok=True)


async def a_minute(resources: Resources) -> None:
    async with database.transaction():
        await audit.record(actor="officer:7", action="licence.read", target="licence:1")
    await timers.anchor_logs(resources)
    await transparency.integrate(keys=resources.keys)


async def test_auditor_outside_finds_a_cut_by_http(
    client: aiohttp.ClientSession,
    address: str,
    resources: Resources,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = tmp_path / "auditor.json"
    for _ in range(2):
        await a_minute(resources)
        await log_commands.audit_log(address, state)
    assert "2 anchors still stand" in capsys.readouterr().out

    newest = await AuditRecord.filter(target="licence:1").order_by("-sequence").first()
    assert newest is not None
    await newest.delete()

    with pytest.raises(SystemExit, match="anchor 2: 1 logs were cut"):
        await log_commands.audit_log(address, state)


async def test_costly_questions_are_limited(
    client: aiohttp.ClientSession, resources: Resources
) -> None:
    await a_minute(resources)
    statuses = []
    for _ in range(62):
        async with client.get("/api/transparency/anchors/1/heads") as response:
            statuses.append(response.status)

    assert set(statuses[:60]) == {200}
    assert statuses[-1] == 429


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999"])
async def test_unknown_anchor_is_told(client: aiohttp.ClientSession, number: str) -> None:
    async with client.get(f"/api/transparency/anchors/{number}/heads") as response:
        assert response.status == 404


async def test_rolled_back_database_raises_an_alarm(
    frozen_clock: FrozenClock, resources: Resources
) -> None:
    await a_minute(resources)
    await a_minute(resources)
    await timers.anchor_logs(resources)
    last = await LogCheckpoint.all().order_by("-size").first()
    assert last is not None
    await last.delete()
    await LogHead.all().update(size=last.size - 1)

    await timers.anchor_logs(resources)

    (alarm,) = await alarms.list_open()
    assert alarm.kind == "rollback"
