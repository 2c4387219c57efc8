"""A database of release 0.1.0, with 1,000 cases in every state, under the program of today."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise import connections

from core import database
from core.protection.vault import OLD_VERSION, VERSION
from core.settings import Settings
from tests.conftest import ROOT, on_postgres
from tests.journeys import upgrading

pytestmark = pytest.mark.slow

Rows = dict[str, dict[Any, dict[str, Any]]]
"""Table → value of the first column, which is its key → column → value."""

PLAIN_BEFORE = {
    ("cases_case", "outcome_text"),
    ("cases_material", "note"),
    ("cases_material_file", "name"),
    ("cases_supplement", "note"),
    ("cases_supplement", "answer_note"),
    ("cases_timeline_entry", "text"),
}
"""Words that people wrote, which that release kept as they were written."""

MOVE_ON = {
    ("core_audit_head", "sequence"),
    ("core_audit_head", "digest"),
    ("cases_case", "revision"),
}
"""Sealing the logs stands in the log; what is filled into a case is a change of it."""


def take(step: str, address: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.journeys.upgrading", step, address]
    environment = {**os.environ, "YUNJIAN_VAR": str(folder)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


async def rows_of(address: str, tables: dict[str, Any]) -> Rows:
    found: Rows = {}
    if address.startswith("sqlite://"):
        with closing(sqlite3.connect(address.removeprefix("sqlite://"))) as connection:
            connection.row_factory = sqlite3.Row
            for name, table in tables.items():
                rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
                found[name] = {row[table["columns"][0]]: dict(row) for row in rows}
        return found
    connection = await asyncpg.connect(address.replace("asyncpg://", "postgres://"))
    for name, table in tables.items():
        rows = await connection.fetch(f'SELECT * FROM "{name}"')
        found[name] = {plain(row[table["columns"][0]]): dict(row) for row in rows}
    await connection.close()
    return found


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def is_same(old: Any, new: Any) -> bool:
    """Whether what SQLite once held as text or number is this value."""
    if old is None or new is None:
        return old is new
    if isinstance(new, bytes | memoryview):
        return old == bytes(new).hex()
    if isinstance(new, datetime):
        return datetime.fromisoformat(old) == new
    if isinstance(new, date | UUID):
        return str(old) == str(new)
    if isinstance(new, Decimal):
        return Decimal(str(old)) == new
    if isinstance(old, str) and isinstance(new, str) and old != new:
        return as_json(old) == as_json(new) is not None
    return bool(old == new)


def as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def is_written_anew(column: tuple[str, str], old: Any, new: Any) -> bool:
    """Sealed again for its own cell, or sealed for the first time: what it says is compared in what
    people see."""
    was_sealed = str(old).startswith(OLD_VERSION)
    return str(new).startswith(VERSION) and (was_sealed or column in PLAIN_BEFORE)


async def test_release_before_is_taken_over_field_by_field(
    session_settings: Settings, db: None, tmp_path: Path
) -> None:
    address = f"sqlite://{tmp_path}/city.sqlite3"
    if on_postgres():
        await connections.get(database.CONNECTION).execute_script("CREATE DATABASE upgraded")
        address = session_settings.database_url.rpartition("/")[0] + "/upgraded"
    left = upgrading.left_behind()
    tables = left["tables"]

    take("lay", address, tmp_path)
    take("upgrade", address, tmp_path)

    now = await rows_of(address, tables)
    lost: set[tuple[str, str]] = set()
    changed: dict[tuple[str, str], Any] = {}
    anew = 0
    for name, table in tables.items():
        for values in table["rows"]:
            old = dict(zip(table["columns"], values, strict=True))
            new = now[name][values[0]]
            lost |= {(name, column) for column in old.keys() - new.keys()}
            for column in old.keys() & new.keys():
                if is_written_anew((name, column), old[column], new[column]):
                    anew += 1
                elif not is_same(old[column], new[column]) and (name, column) not in MOVE_ON:
                    changed.setdefault((name, column), (old[column], new[column]))
    assert lost == set()
    assert changed == {}
    assert anew > 4_000
    assert len(now["cases_case"]) == 1_008

    running = await rows_of(
        address, {name: {"columns": ["id"]} for name in ("core_clock", "core_clock_pause")}
    )
    assert clocks_of(running) == clocks_wanted(now)

    seen = json.loads(take("read", address, tmp_path))
    for kind, entries in left["seen"].items():
        assert seen[kind].keys() == entries.keys()
        for key, entry in entries.items():
            assert differences(entry, seen[kind][key]) == {}, (kind, key)


Clocks = set[tuple[Any, ...]]
"""Owner, kind, beginning, due date, state, and since when it stands still."""


def clocks_of(found: Rows) -> Clocks:
    stopped = {each["open_of"]: each["from_on"] for each in found["core_clock_pause"].values()}
    return {
        (
            str(row["owner_id"]),
            row["kind"],
            str(row["started_on"]),
            str(row["due_on"]),
            row["state"],
            str(stopped.get(number)),
        )
        for number, row in found["core_clock"].items()
    }


def clocks_wanted(now: Rows) -> Clocks:
    """One for each day that a running case is due by, and one for each open notice."""
    wanted: Clocks = set()
    for case in now["cases_case"].values():
        owner, since = str(case["id"]), str(case["paused_on"])
        if case["state"] == "submitted":
            days = (str(case["received_on"]), str(case["acceptance_due_on"]))
            wanted.add((owner, "acceptance", *days, "running", "None"))
        if "accepted" in (case["state"], case["state_before_supplement"]):
            stands = case["state"] == "supplement_requested"
            if case["state"] not in ("accepted", "supplement_requested"):
                continue
            how = ("paused", since) if stands else ("running", "None")
            for kind, column in (("promise", "due_on"), ("statute", "statutory_due_on")):
                wanted.add((owner, kind, str(case["accepted_on"]), str(case[column]), *how))
    for notice in now["cases_supplement"].values():
        if notice["state"] == "open":
            case = now["cases_case"][plain(notice["case_id"])]
            days = (str(case["paused_on"]), str(notice["due_on"]))
            wanted.add((str(notice["id"]), "answer", *days, "running", "None"))
    return wanted


NOT_COMPARED = {"value_masked", "days_left"}
"""Told by acts of their own since, and counted from the day of the look."""


def differences(old: Any, new: Any, path: str = "") -> dict[str, Any]:
    """Where what was shown is not what is shown; what came since is no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            where: pair
            for key, value in old.items()
            if key not in NOT_COMPARED
            for where, pair in differences(value, new.get(key, ...), f"{path}.{key}").items()
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return {
            where: pair
            for n, value in enumerate(old)
            for where, pair in differences(value, new[n], f"{path}[{n}]").items()
        }
    return {} if old == new else {path: (old, new)}
