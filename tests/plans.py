"""How a database would read a list of pages: by an index that has its order, or not."""

from __future__ import annotations

from typing import Any

import pytest

from core import database
from core.data import pages
from core.data.pages import Page, Section


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Section[Any]]:
    """The sections of lists that are read from now on."""
    seen: list[Section[Any]] = []
    inner = pages.read

    async def noting(*sections: Section[Any], after: str | None, limit: int) -> Page[Any]:
        seen.extend(sections)
        return await inner(*sections, after=after, limit=limit)

    monkeypatch.setattr(pages, "read", noting)
    return seen


async def faults(section: Section[Any]) -> list[str]:
    """Steps of the plan that read or sort more than is shown; empty when an index has the order.

    The tables of tests are small, and PostgreSQL would read them whole: it is told what that costs
    in a city. What a statement itself calls `found` is bounded already.
    """
    sign = "-" if section.newest_first else ""
    rows = section.rows.order_by(*(f"{sign}{key}" for key in section.keys)).limit(21)
    return await faults_of(rows.sql(params_inline=True))


async def faults_of(text: str) -> list[str]:
    """The same of a statement, its values written out."""
    async with database.transaction() as connection:
        if database.dialect() == "postgres":
            for step in ("seqscan", "sort", "bitmapscan"):
                await connection.execute_script(f"SET LOCAL enable_{step} = off")
            found = await connection.execute_query_dict(f"EXPLAIN {text}")
            steps = [str(row["QUERY PLAN"]).strip() for row in found]
            wrong = [one for one in steps if "Sort" in one or "Seq Scan" in one]
        else:
            found = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {text}")
            steps = [str(row["detail"]) for row in found]
            sorts = [one for one in steps if "TEMP B-TREE" in one]
            scans = [one for one in steps if "SCAN" in one and "INDEX" not in one]
            wrong = sorts + [one for one in scans if one != "SCAN found"]
    return wrong
