"""Compared days and their differences come in pages; how many differ is kept with the day."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tortoise import connections

from core import clock, database, ids
from core.data.pages import WrongPlace
from core.settings import Settings
from identity.errors import RoleMissing
from payments import queries
from payments.lifecycle import DifferenceKind
from payments.models import Difference, Statement
from tests import plans
from tests.conftest import ROOT, on_postgres
from tests.payments.till import officer
from tests.wallet.many import walk

BEFORE = "0005_pages"

SCRIPT = """
import asyncio, json, sys
from uuid import uuid4
from tortoise import connections
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from core import clock, database
from core.data import migrating
from payments.models import Statement
from resources import PACKAGES

DAY = '''INSERT INTO payments_statement (id, provider, day, lines, paid, refunded, mended,
 compared_at) VALUES ('{id}', 'cashier', '2026-11-{day}', 1, 1, 0, 0, '{now}')'''
LEFT = '''INSERT INTO payments_difference (id, statement_id, kind, number)
 VALUES ('{id}', '{statement}', 'amount', 'x')'''

async def main(address, before):
    await database.open_database(address, PACKAGES, migrating=True)
    connection = connections.get("default")
    apps = database.tortoise_config(address, PACKAGES)["apps"]
    with migrating.tables_without_queries():
        await MigrationExecutor(connection, apps).migrate([MigrationTarget("payments", before)])
    for day, left in ((10, 3), (11, 0), (12, 1)):
        statement = uuid4()
        await connection.execute_script(DAY.format(id=statement, day=day, now=clock.now()))
        for _ in range(left):
            await connection.execute_script(LEFT.format(id=uuid4(), statement=statement))
    await database.apply_migrations(address, PACKAGES)
    found = await Statement.all().order_by("day").values_list("differing", flat=True)
    await database.close_database()
    print(json.dumps(list(found)))

asyncio.run(main(*sys.argv[1:]))
"""


async def compared(days: int) -> list[Statement]:
    """Two platforms a day; every third day differs."""
    rows = [
        Statement(
            id=ids.new_id(), provider=provider, day=clock.today() - timedelta(days=n), lines=9,
            paid=900, refunded=0, differing=0 if n % 3 else 45,
        )
        for n in range(days)
        for provider in ("cashier", "wechat_pay")
    ]  # fmt: skip
    await Statement.bulk_create(rows)
    return rows


async def left_over(statement_id: UUID, count: int) -> None:
    await Difference.bulk_create(
        [
            Difference(
                id=ids.new_id(), statement_id=statement_id, kind=DifferenceKind.AMOUNT,
                number=f"P{n}", ours=n, theirs=None,
            )
            for n in range(count)
        ]
    )  # fmt: skip


@pytest.mark.usefixtures("db")
async def test_compared_days_come_once_and_the_newest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = await compared(40)
    sections = plans.watch(monkeypatch)

    shown = await walk(lambda after: queries.list_statements(officer(), after=after, limit=7))

    assert sorted(str(one.id) for one in shown) == sorted(str(row.id) for row in rows)
    days = [one.day for one in shown]
    assert days == sorted(days, reverse=True)
    assert await plans.faults(sections[0]) == []
    assert await queries.list_statements(officer("SCJG")) == []


@pytest.mark.usefixtures("db")
async def test_differences_of_a_bad_day_come_in_pages_and_of_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, other, *_ = await compared(3)
    await left_over(bad.id, 45)
    await left_over(other.id, 5)
    sections = plans.watch(monkeypatch)

    shown = await walk(lambda at: queries.list_differences(bad.id, officer(), after=at))

    assert [one.number for one in shown] == sorted(f"P{n}" for n in range(45))
    assert await plans.faults(sections[0]) == []
    with pytest.raises(RoleMissing):
        await queries.list_differences(bad.id, officer("SCJG"))
    with pytest.raises(WrongPlace):
        await queries.list_differences(bad.id, officer(), after="bm90aGluZw")
    assert await queries.list_differences(ids.new_id(), officer()) == []


def migrated(address: str) -> Any:
    """What is kept of days of before, migrated in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, address, BEFORE]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.usefixtures("db")
async def test_migration_counts_the_differences_that_are_there(
    session_settings: Settings, tmp_path: Path
) -> None:
    address = f"sqlite://{tmp_path / 'before.sqlite3'}"
    if on_postgres():
        await connections.get(database.CONNECTION).execute_script("CREATE DATABASE before_days")
        address = session_settings.database_url.rpartition("/")[0] + "/before_days"

    assert migrated(address) == [3, 0, 1]
