"""Migrations that copy no table they do not touch make the same tables."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

from core.data import migrating
from tests.conftest import ROOT

SCRIPT = """
import asyncio, sys
from tortoise import connections
from tortoise.migrations.executor import MigrationExecutor
from core import database

PACKAGES = ("core", "push")  # few tables, and every kind of operation that ours have

async def main(address, way):
    await database.open_database(address, PACKAGES, migrating=True)
    try:
        if way == "ours":
            await database.apply_migrations(address, PACKAGES)
        else:
            apps = database.tortoise_config(address, PACKAGES)["apps"]
            await MigrationExecutor(connections.get(database.CONNECTION), apps).migrate()
    finally:
        await database.close_database()

asyncio.run(main(*sys.argv[1:]))
"""


def migrated(file: Path, way: str) -> list[str]:
    """The schema of a database that a process of its own migrates from nothing."""
    command = [sys.executable, "-c", SCRIPT, f"sqlite://{file}", way]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(file) as connection:
        return sorted(sql or "" for (sql,) in connection.execute("SELECT sql FROM sqlite_master"))


def test_tables_are_those_that_tortoise_makes_its_own_way(tmp_path: Path) -> None:
    ours = migrated(tmp_path / "ours.sqlite3", "ours")
    theirs = migrated(tmp_path / "theirs.sqlite3", "theirs")

    assert len(ours) > 40
    assert ours == theirs


def test_what_is_replaced_is_there_and_comes_back() -> None:
    """Private names of Tortoise: a release that renames one is seen here and not at a start."""

    def present() -> list[object]:
        return [
            ModelState.render,
            State.clone,
            StateApps.unregister_model,
            StateApps._build_initial_querysets,
        ]

    before = present()
    with pytest.raises(ZeroDivisionError), migrating.tables_without_queries():
        assert not set(before) & set(present())
        raise ZeroDivisionError

    assert present() == before
    assert callable(getattr(migrating.tortoise_models, migrating._FILTERS))
