"""Tables carry their package's name, and the migrations make exactly what the models say."""

import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise, connections
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.utils import get_schema_sql

from core import database
from core.settings import Settings
from resources import PACKAGES
from tests.conftest import ROOT, on_postgres


@pytest.mark.usefixtures("db")
def test_tables_begin_with_their_package() -> None:
    assert Tortoise.apps is not None
    for package, models in Tortoise.apps.items():
        for model in models.values():
            assert model._meta.db_table.startswith(f"{package}_"), model


@pytest.mark.usefixtures("db")
async def test_no_model_has_changed_without_a_migration(session_settings: Settings) -> None:
    assert Tortoise.apps is not None

    detector = database.detector(Tortoise.apps, session_settings.database_url, PACKAGES)
    changes = await detector.changes()

    assert [Path(change.path()).name for change in changes] == []


FEW_ROWS = {"identity_counter", "identity_enrolment_code", "identity_officer"}
"""A city has hundreds: they may be read from one end to the other."""


@pytest.mark.usefixtures("db")
def test_every_reference_to_another_row_begins_an_index() -> None:
    """Who asks for the rows that belong to one would read all rows of the city; PostgreSQL makes no
    such index by itself. Accounts of a person and people of an organisation had none."""
    assert Tortoise.apps is not None
    without = {
        (model._meta.db_table, name)
        for models in Tortoise.apps.values()
        for model in models.values()
        for name, column in model._meta.fields_map.items()
        if isinstance(column, ForeignKeyFieldInstance)
        and model._meta.db_table not in FEW_ROWS
        and not (column.unique or column.index)
        and not {name, column.source_field} & _first_columns(model)
    }
    assert without == set()


def _first_columns(model: type[Model]) -> set[str]:
    """Columns that an index or a unique key of several begins with."""
    keys = [*model._meta.unique_together, *model._meta.indexes]
    return {(list(key.fields) if isinstance(key, Index) else list(key))[0] for key in keys}


def test_no_migration_asks_the_tables_it_is_given() -> None:
    """They are rendered without what queries need, which takes a fifth of the time."""
    asking = ("RunPython", "get_model(")
    for package in PACKAGES:
        for file in (ROOT / Path(*package.split(".")) / "migrations").glob("0*.py"):
            assert not any(word in file.read_text(encoding="utf-8") for word in asking), file


MIGRATES = """
import asyncio, sys
from core import database
from resources import PACKAGES
asyncio.run(database.migrate(sys.argv[1], PACKAGES))
"""


@pytest.mark.usefixtures("db")
async def test_migrated_tables_are_those_of_the_models(
    session_settings: Settings, tmp_path: Path
) -> None:
    """Column by column and key by key: altering a table on SQLite once lost a unique constraint.

    Tests work on tables made from the models; a city's are made by these migrations.
    """
    if on_postgres():
        connection = connections.get(database.CONNECTION)
        await connection.execute_script("CREATE DATABASE migrated")
        address = session_settings.database_url.rpartition("/")[0] + "/migrated"
        migrate(address)
        migrated = await facts_of_postgres(address)
        wanted = await facts_of_postgres(session_settings.database_url)
    else:
        file = tmp_path / "migrated.sqlite3"
        migrate(f"sqlite://{file}")
        migrated = facts_of_sqlite(sqlite3.connect(file))
        drawn = sqlite3.connect(":memory:")
        drawn.executescript(get_schema_sql(connections.get(database.CONNECTION), safe=False))
        wanted = facts_of_sqlite(drawn)

    assert len(wanted) > len(PACKAGES)
    for table, facts in wanted.items():
        assert migrated[table] == facts, table


def migrate(address: str) -> None:
    subprocess.run([sys.executable, "-c", MIGRATES, address], cwd=ROOT, check=True)


async def facts_of_postgres(address: str) -> dict[str, set[Any]]:
    connection = await asyncpg.connect(address.replace("asyncpg://", "postgres://"))
    found: defaultdict[str, set[Any]] = defaultdict(set)
    for row in await connection.fetch(POSTGRES_FACTS):
        found[row["name"]].add(tuple(row.values()))
    await connection.close()
    return found


def facts_of_sqlite(connection: sqlite3.Connection) -> dict[str, set[Any]]:
    """Columns with type and whether they may be empty; keys with their columns."""
    found: dict[str, set[Any]] = {}
    with closing(connection):
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in tables.fetchall():
            columns = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
            found[name] = {(what, kind, more, key) for _, what, kind, more, _, key in columns}
            keys = connection.execute(f'PRAGMA index_list("{name}")').fetchall()
            for _, index, unique, *_ in keys:
                places = connection.execute(f'PRAGMA index_info("{index}")').fetchall()
                found[name].add((bool(unique), *(what for _, _, what in places)))
    return found


POSTGRES_FACTS = """
SELECT table_name AS name, column_name AS what, data_type AS kind, is_nullable AS more,
       coalesce(character_maximum_length, 0) AS size
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT tables.relname, string_agg(columns.attname, ',' ORDER BY place.at),
       CASE WHEN keys.indisunique THEN 'unique' ELSE 'index' END, '', 0
FROM pg_index keys
JOIN pg_class tables ON tables.oid = keys.indrelid
JOIN pg_namespace spaces ON spaces.oid = tables.relnamespace AND spaces.nspname = 'public'
CROSS JOIN LATERAL unnest(keys.indkey) WITH ORDINALITY AS place(number, at)
JOIN pg_attribute columns ON columns.attrelid = tables.oid AND columns.attnum = place.number
GROUP BY tables.relname, keys.indexrelid, keys.indisunique
"""
