"""Insert many rows at once: COPY on PostgreSQL, batched inserts elsewhere.

COPY takes a tenth of the time of single inserts and no statement per row; encryption and checks of
the columns happen all the same, since values pass through their fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tortoise.models import Model

from core import database

SLICE = 100
"""Rows encoded before the event loop gets a turn."""
BATCH = 200


async def insert_many(rows: Sequence[Model]) -> None:
    """Insert rows of one table, in the current transaction. Generated keys are not read back."""
    if not database.in_progress():
        raise RuntimeError("insert_many() belongs inside transaction()")
    if not rows:
        return
    model = type(rows[0])
    if database.dialect() != "postgres":
        await model.bulk_create(rows, batch_size=BATCH)
        return
    columns = _columns(model)
    records: list[tuple[Any, ...]] = []
    for start in range(0, len(rows), SLICE):
        records += [_record(row, columns) for row in rows[start : start + SLICE]]
        await asyncio.sleep(0)
    async with database.transaction() as connection:
        driver: Any = connection
        await driver._connection.copy_records_to_table(
            model._meta.db_table,
            records=records,
            columns=[model._meta.fields_db_projection[name] for name in columns],
        )


def _columns(model: type[Model]) -> list[str]:
    """Every column but a key that the database makes."""
    meta = model._meta
    return [name for name in meta.fields_db_projection if not meta.fields_map[name].generated]


def _record(row: Model, columns: Sequence[str]) -> tuple[Any, ...]:
    fields = row._meta.fields_map
    return tuple(fields[name].to_db_value(getattr(row, name), row) for name in columns)
