"""The steps of an upgrade from release 0.1.0, each in a process of its own, as operators take them.

``python -m tests.journeys.upgrading STEP ADDRESS`` with YUNJIAN_VAR for what lies beside it

`lay` makes the tables of that release and fills them with what its program left there
(tests/data/release-0.1.0); `upgrade` takes the steps of the changelog; `read` prints what the
program of today shows to their own people.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from tortoise import connections
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from core import database
from core.settings import Settings
from identity.principal import Principal, PrincipalKind
from resources import PACKAGES
from services.cases.models import Case
from services.cases.talk import conversation
from services.cases.views import queries as cases
from services.guides import catalogue
from tools import operator_commands, setup_commands
from wallet.models import Licence
from wallet.register import queries as wallet

ROWS = Path(__file__).resolve().parents[1] / "data" / "release-0.1.0" / "rows.json.xz"
SECRET_KEY = bytes(range(32))
LAST = (
    ("core", "0001_initial"),
    ("identity", "0004_channel_of_session"),
    ("cases", "0006_pictures_of_materials"),
    ("wallet", "0007_use_head_without_time"),
    ("push", "0003_consents"),
    ("payments", "0001_initial"),
)


def left_behind() -> dict[str, Any]:
    """`tables`: name → columns, rows, which hold bytes (as hex); `seen`: what people were shown."""
    found: dict[str, Any] = json.loads(lzma.decompress(ROWS.read_bytes()))
    return found


async def lay(address: str) -> None:
    """The tables as release 0.1.0 made them, with its rows."""
    await database.open_database(address, PACKAGES, migrating=True)
    apps = database.tortoise_config(address, PACKAGES)["apps"]
    targets = [MigrationTarget(*step) for step in LAST]
    with database.migrating.tables_without_queries():
        await MigrationExecutor(connections.get(database.CONNECTION), apps).migrate(targets)
    postgres = not address.startswith("sqlite")
    off, on = (
        ("SET session_replication_role = replica", "RESET session_replication_role")
        if postgres
        else ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON")
    )
    connection = connections.get(database.CONNECTION)
    for name, table in left_behind()["tables"].items():
        insert = _insert_of(name, table, postgres=postgres)
        rows = table["rows"]
        for start in range(0, len(rows), 200):
            values = ",".join(insert(row) for row in rows[start : start + 200])
            columns = ",".join(f'"{column}"' for column in table["columns"])
            await connection.execute_script(
                f'{off}; INSERT INTO "{name}" ({columns}) VALUES {values}; {on}'
            )
        if postgres:
            await _move_sequence(connection, name, table["columns"][0])
    await database.close_database()


def _insert_of(name: str, table: dict[str, Any], *, postgres: bool) -> Any:
    holds_bytes = [column in table["bytes"] for column in table["columns"]]

    def literal(value: Any, is_bytes: bool) -> str:
        if value is None:
            return "NULL"
        if is_bytes:
            return f"'\\x{value}'" if postgres else f"X'{value}'"
        quoted = str(value).replace("'", "''")
        return f"'{quoted}'" if postgres or isinstance(value, str) else quoted

    return lambda row: f"({','.join(map(literal, row, holds_bytes))})"


async def _move_sequence(connection: Any, table: str, column: str) -> None:
    """Rows that came with their numbers do not move what gives the next number."""
    sequence = f"pg_get_serial_sequence('\"{table}\"', '{column}')"
    (found,) = await connection.execute_query_dict(f"SELECT {sequence} AS name")
    if found["name"]:
        await connection.execute_query_dict(
            f'SELECT setval({sequence}, (SELECT max("{column}") FROM "{table}"))'
        )


async def upgrade(address: str) -> None:
    """`migrate`, `reencrypt` and `seal-logs`, as an operator of a city takes them."""
    allowed = _settings(address, old_values=True)
    await setup_commands.migrate(allowed)
    await setup_commands.reencrypt(allowed)
    await operator_commands.seal_logs(allowed)


async def read(address: str) -> None:
    """Print cases, messages and licences as JSON, in the shape of `seen`."""
    async with setup_commands.opened(_settings(address)):
        print(json.dumps(await _shown(), ensure_ascii=False))


async def _shown() -> dict[str, Any]:
    await catalogue.load()
    found: dict[str, Any] = {"cases": {}, "messages": {}, "licences": {}}
    async for case in Case.all().order_by("id"):
        by = _holder(case.subject_id)
        talk = await conversation.read(case.id, after=0, limit=50, by=by)
        found["cases"][str(case.id)] = msgspec.to_builtins(await cases.get_detail(case.id, by=by))
        found["messages"][str(case.id)] = msgspec.to_builtins(talk)
    async for licence in Licence.all().order_by("id"):
        shown = await wallet.reveal(licence.id, by=_holder(licence.subject_id))
        found["licences"][str(licence.id)] = msgspec.to_builtins(shown)
    return found


def _holder(subject: UUID) -> Principal:
    kind = PrincipalKind.CITIZEN
    return Principal(kind=kind, id=subject, name="", subject_id=subject, assurance=3)


def _settings(address: str, *, old_values: bool = False) -> Settings:
    """As an operator sets them; old values are only read until they were written anew."""
    nowhere = {"redis_url": "", "blob_url": "memory:///", "public_url": "http://127.0.0.1"}
    return Settings(
        environment="test",
        secret_key=SECRET_KEY,
        var_dir=Path(os.environ["YUNJIAN_VAR"]),
        database_url=address,
        read_old_values=old_values,
        **nowhere,
    )


if __name__ == "__main__":
    asyncio.run(globals()[sys.argv[1]](sys.argv[2]))
