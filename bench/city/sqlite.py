"""Loading into SQLite: the same lines, cut up again, by executemany."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bench.city import auditing, blocks
from bench.city.blocks import Plan
from bench.city.ink import Ink
from bench.city.postgres import Loaded
from bench.city.sheets import COLUMNS, NONE
from core.protection.audit import CHAINS


def load(file: Path, plan: Plan, heads: Sequence[tuple[int, str]]) -> Loaded:
    """Every block and every chain of the audit, in one transaction each."""
    link = sqlite3.connect(file, isolation_level=None)
    link.execute("PRAGMA synchronous = OFF")
    link.execute("PRAGMA cache_size = -400000")
    leaves, ends, ink = [], [], Ink()
    for first in plan.recipe.blocks:
        block = blocks.write(plan, first, ink)
        leaves += block.leaves
        _insert(link, block.sheets)
    for chain in range(CHAINS):
        end, sheet = heads[chain], []
        for line, number, digest in auditing.records(plan.recipe, chain, heads[chain]):
            sheet.append(line)
            end = (number, digest)
        _insert(link, {"core_audit_record": sheet})
        ends.append(end)
    link.execute("ANALYZE")
    link.close()
    return Loaded(leaves=leaves, heads=ends)


def _insert(link: sqlite3.Connection, sheets: dict[str, list[str]]) -> None:
    link.execute("BEGIN")
    for table, lines in sheets.items():
        columns = COLUMNS[table].split()
        places = ", ".join("?" * len(columns))
        named = ", ".join(f'"{column}"' for column in columns)
        rows = ([None if one == NONE else one for one in line.split("\t")] for line in lines)
        into = f'INSERT INTO "{table}" ({named}) VALUES ({places})'  # noqa: S608 (our own names)
        link.executemany(into, rows)
    link.execute("COMMIT")
