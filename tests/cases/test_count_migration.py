"""A city that was there before the counts: the migration counts what it finds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tortoise import connections

from core import database
from core.settings import Settings
from tests.conftest import ROOT, on_postgres

BEFORE = "0009_protected_words"

SCRIPT = """
import asyncio, json, sys
from datetime import timedelta
from uuid import uuid4
from tortoise import connections
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from core import clock, database
from core.clocks import holidays
from core.data import migrating
from core.protection import audit, protect
from resources import PACKAGES
from services.cases import counts
from services.guides import reading

CASE = '''INSERT INTO cases_case (id, case_no, item_code, item_version, item_digest, item_name,
 department, subject_id, person_id, applicant_masked, applicant_index, state, answers, provenance,
 timeline_length, revision, created_at, updated_at, submitted_at, received_on, acceptance_due_on,
 accepted_on, due_on, ended_at) VALUES ('{id}', '{id}', 'SJ-1', 1, 'd', 'n', '{department}', '{id}',
 '{id}', 'm', 'i', '{state}', '{{}}', '{{}}', 0, 0, '{now}', '{now}', {submitted}, '2026-11-02',
 '2026-11-09', '2026-11-03', '2026-12-01', {ended})'''
TALK = '''INSERT INTO cases_conversation (id, case_id, length, applicant_read, office_read,
 applicant_unread, office_unread) VALUES ('{talk}', '{id}', 1, 0, 0, 0, {unread})'''

async def main(address, before):
    await database.open_database(address, PACKAGES, migrating=True)
    connection = connections.get("default")
    apps = database.tortoise_config(address, PACKAGES)["apps"]
    with migrating.tables_without_queries():
        await MigrationExecutor(connection, apps).migrate([MigrationTarget("cases", before)])
    now = clock.now()
    for department, state, submitted, ended, unread in (
        ("SCJG", "draft", None, None, 0),
        ("SCJG", "withdrawn", None, now, 0),
        ("SCJG", "submitted", now, None, 2),
        ("SCJG", "submitted", now, None, 0),
        ("SCJG", "closed", now, now, 1),
        ("RSJ", "accepted", now, None, 1),
        ("RSJ", "closed", now, now - timedelta(days=40), 0),
    ):
        values = {
            "id": uuid4(), "talk": uuid4(), "department": department, "state": state, "now": now,
            "unread": unread,
            "submitted": f"'{submitted}'" if submitted else "NULL",
            "ended": f"'{ended}'" if ended else "NULL",
        }
        await connection.execute_script(CASE.format(**values))
        await connection.execute_script(TALK.format(**values))
    await database.apply_migrations(address, PACKAGES)
    protect.use(bytes(32))
    await audit.prepare()
    await holidays.load_shipped(reading.read_holidays())
    kept = {one: await counts.by_name(one) for one in await counts.departments()}
    filled = await counts.fill_turns()
    wrong = [await counts.differences(one, today=clock.today()) for one in kept]
    late = await counts.by_department(clock.local(now + timedelta(days=400)).date())
    print(json.dumps([kept, filled, sum(map(len, wrong)), late]))

async def closing(*arguments):
    try:
        await main(*arguments)
    finally:  # else the connection's thread keeps the process for ever
        await database.close_database()

asyncio.run(closing(*sys.argv[1:]))
"""


def migrated(address: str) -> Any:
    """What the counts say of a city of before, which is migrated in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, address, BEFORE]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.usefixtures("db")
async def test_migration_counts_the_cases_that_are_there(
    session_settings: Settings, tmp_path: Path
) -> None:
    address = f"sqlite://{tmp_path / 'before.sqlite3'}"
    if on_postgres():
        await connections.get(database.CONNECTION).execute_script("CREATE DATABASE before_counts")
        address = session_settings.database_url.rpartition("/")[0] + "/before_counts"

    kept, filled, wrong, late = migrated(address)

    assert kept == {
        "SCJG": {"submitted": 2, "closed": 1, "unread": 2},
        "RSJ": {"accepted": 1, "closed": 1, "unread": 1},
    }
    assert (filled, wrong) == (3, 0)
    assert (late["SCJG"]["yellow"], late["SCJG"]["red"]) == (2, 0)
    assert (late["RSJ"]["yellow"], late["RSJ"]["red"]) == (0, 1)
