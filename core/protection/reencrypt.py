"""Write every protected value anew: under the current master key and for its own cell.

Run beside a serving system and as often as one likes. Rows are taken in batches by their key; a
cell is only written where it still holds what was read (compare and set), so that a change made
meanwhile wins. What is done needs no doing again: a run that was stopped goes on where values are
still old. Blind indexes of the row are computed anew in the same statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tortoise import Tortoise, connections

from core import database
from core.protection.protect import ProtectedModel, ProtectionError, blind_index, context_of, vault

BATCH = 200

Report = Callable[[str], None]


@dataclass
class Count:
    """What a run did to one table."""

    table: str
    seen: int = 0
    rewritten: int = 0
    overtaken: int = 0
    """Changed by somebody else meanwhile: in the current form already."""
    unreadable: int = 0
    """Sealed under no key at hand, or for another place. They are left as they are."""


def models() -> Iterator[type[ProtectedModel]]:
    """Every table with protected columns."""
    for package in (Tortoise.apps or {}).values():
        for model in package.values():
            if issubclass(model, ProtectedModel):
                yield model


async def run(report: Report = print) -> list[Count]:
    """All tables, one after another. The settings must allow what is to be read: the previous
    keys, and the old form (YUNJIAN_OLD_VALUES=read)."""
    counts = []
    for model in models():
        count = await _table(model, report)
        counts.append(count)
        report(
            f"{count.table}: {count.seen} rows, {count.rewritten} written anew, "
            f"{count.overtaken} changed meanwhile, {count.unreadable} unreadable"
        )
    return counts


async def left(report: Report = print) -> int:
    """How many rows are not in the current form yet."""
    total = 0
    for model in models():
        count = await _table(model, report, write=False)
        total += count.rewritten + count.unreadable
    return total


async def _table(model: type[ProtectedModel], report: Report, *, write: bool = True) -> Count:
    count = Count(model._meta.db_table)
    key = model._meta.db_pk_column
    last: Any = None
    while True:
        rows = await _read(model, key, last)
        if not rows:
            return count
        for row in rows:
            await _row(model, key, row, count, write=write)
        last = rows[-1][key]
        count.seen += len(rows)
        if count.seen % (BATCH * 50) == 0:
            report(f"{count.table}: {count.seen} rows so far")
        await asyncio.sleep(0)


async def _read(model: type[ProtectedModel], key: str, last: Any) -> list[dict[str, Any]]:
    indexes = [one.column for one in model.blind_columns]
    names = dict.fromkeys([key, *model.bound_to, *model.protected_columns(), *indexes])
    columns = ", ".join(f'"{name}"' for name in names)
    after, values = ("", []) if last is None else (f'WHERE "{key}" > {_place(1)}', [last])
    # Names are those of the models; whatever a person wrote is a parameter.
    query = f'SELECT {columns} FROM "{model._meta.db_table}" {after} ORDER BY "{key}" LIMIT {BATCH}'  # noqa: S608
    return list(await connections.get(database.CONNECTION).execute_query_dict(query, values))


async def _row(
    model: type[ProtectedModel], key: str, row: dict[str, Any], count: Count, *, write: bool
) -> None:
    opened: dict[str, str] = {}
    try:
        for name in model.protected_columns():
            if row[name] is not None:
                context = context_of(model, name, row)
                plain = name in model.once_plain
                opened[name] = vault().open(row[name], context=context, once_plain=plain)
    except ProtectionError:
        count.unreadable += 1
        return
    changes: dict[str, tuple[str, str]] = {}
    for name, text in opened.items():
        if not row[name].startswith(vault().head):
            context = context_of(model, name, row)
            changes[name] = (row[name], vault().seal(text, context=context))
    for one in model.blind_columns:
        if one.source not in opened or row[one.column] is None:
            continue
        index = blind_index(opened[one.source], purpose=one.purpose)
        if row[one.column] != index:
            changes[one.column] = (row[one.column], index)
    if not changes:
        return
    if not write or await _compare_and_set(model, key, row[key], changes):
        count.rewritten += 1
    else:
        count.overtaken += 1


async def _compare_and_set(
    model: type[ProtectedModel], key: str, at: Any, changes: dict[str, tuple[str, str]]
) -> bool:
    values = [new for _, new in changes.values()] + [at] + [old for old, _ in changes.values()]
    size = len(changes)
    sets = ", ".join(f'"{name}" = {_place(n)}' for n, name in enumerate(changes, start=1))
    still = " AND ".join(
        f'"{name}" = {_place(n)}' for n, name in enumerate(changes, start=size + 2)
    )
    where = f'"{key}" = {_place(size + 1)} AND {still}'
    query = f'UPDATE "{model._meta.db_table}" SET {sets} WHERE {where}'  # noqa: S608
    changed, _ = await connections.get(database.CONNECTION).execute_query(query, values)
    return bool(changed)


def _place(number: int) -> str:
    return f"${number}" if database.dialect() == "postgres" else f"?{number}"
