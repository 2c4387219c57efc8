"""The calendar as rows, one for each year: loaded by command, read by every worker.

A row says which announcement it follows and which version it is. Loading the same year again
changes nothing; another text is a new version. The sum of all versions is the revision of the
calendar: it grows with every change, and what was computed says by which revision.

Nobody guesses: a year without a row raises `CalendarMissing` where a day of it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise import fields
from tortoise.models import Model

from core import database, outbox, sql
from core.clocks import workdays
from core.clocks.events import CalendarChanged
from core.clocks.workdays import WorkCalendar, Year
from core.data.statements import Statement
from core.ids import new_id
from core.protection import audit
from core.sql import NOW


class HolidayYear(Model):
    """One year as it was loaded last; the audit trail has what it said before."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    year = fields.SmallIntField(unique=True)
    version = fields.IntField()
    digest = fields.CharField(max_length=64)
    """SM3 over what the file says."""
    days_off: Any = fields.JSONField()
    days_worked: Any = fields.JSONField()
    provisional = fields.BooleanField()
    source = fields.CharField(max_length=300)
    loaded_at = fields.DatetimeField()

    class Meta:
        table = "core_holiday_year"
        app = "core"


@dataclass(frozen=True)
class Report:
    """What a load did, by year."""

    added: tuple[int, ...]
    changed: tuple[int, ...]
    unchanged: tuple[int, ...]


LONGEST_SOURCE = 300

# One statement: of two who load at once, the second finds what the first has written.
_STORE = """
INSERT INTO core_holiday_year
  (id, year, version, digest, days_off, days_worked, provisional, source, loaded_at)
VALUES (:id, :year, 1, :digest, :days_off, :days_worked, :provisional, :source, :now)
ON CONFLICT (year) DO UPDATE SET version = core_holiday_year.version + 1,
  digest = excluded.digest, days_off = excluded.days_off, days_worked = excluded.days_worked,
  provisional = excluded.provisional, source = excluded.source, loaded_at = excluded.loaded_at
WHERE core_holiday_year.digest <> excluded.digest RETURNING version
"""

Versions = tuple[tuple[int, int, str], ...]
"""Year, version and digest of every row."""

_VERSIONS = Statement("SELECT year, version, digest FROM core_holiday_year ORDER BY year")
_known: tuple[Versions, WorkCalendar] = ((), workdays.build(()))


async def calendar() -> WorkCalendar:
    """The calendar as it is loaded now; the rows are read again only when one of them changed."""
    global _known
    rows = await _VERSIONS.rows()
    versions = tuple((row["year"], row["version"], row["digest"]) for row in rows)
    if versions != _known[0]:
        _known = await _read()
    return _known[1]


async def load(years: Iterable[Year], *, actor: str = "system:load-holidays") -> Report:
    """Store these years, all or none; a year that says the same is left alone.

    Raises `InvalidCalendar`. Two who load at once: one waits for the other and finds it there.
    """
    found = sorted(years, key=lambda year: year.year)
    for year in found:
        workdays.check(year)
    outcome: dict[str, list[int]] = {"added": [], "changed": [], "unchanged": []}
    async with database.transaction():
        for year in found:
            outcome[await _store(year, actor=actor)].append(year.year)
    return Report(**{name: tuple(each) for name, each in outcome.items()})


async def load_shipped(years: Iterable[Year]) -> Report:
    """The years that come with a release: what is missing, and what was provisional until then.

    What an operator has loaded stays.
    """
    rows = {row.year: row for row in await HolidayYear.all()}
    wanted = [
        year
        for year in years
        if year.year not in rows or (rows[year.year].provisional and not year.provisional)
    ]
    return await load(wanted, actor="system:migrate")


async def _store(year: Year, *, actor: str) -> str:
    digest = digest_of(year)
    written = await sql.rows(
        _STORE,
        id=new_id(),
        year=year.year,
        digest=digest,
        days_off=_as_json(year.days_off),
        days_worked=_as_json(year.days_worked),
        provisional=year.provisional,
        source=year.source.strip()[:LONGEST_SOURCE],
        now=NOW,
    )
    if not written:
        return "unchanged"
    version = written[0]["version"]
    said = {"version": version, "digest": digest, "provisional": year.provisional}
    await audit.record(
        actor=actor, action="calendar.load", target=f"calendar:{year.year}", detail=said
    )
    changed = CalendarChanged(year=year.year, version=version)
    await outbox.publish(changed, key=f"calendar:{year.year}")
    return "added" if version == 1 else "changed"


def _as_json(days: Iterable[date]) -> str:
    return msgspec.json.encode(sorted(days)).decode()


def digest_of(year: Year) -> str:
    """SM3 over the year in canonical JSON; the order of the days is no difference."""
    plain = msgspec.structs.replace(
        year, days_off=tuple(sorted(year.days_off)), days_worked=tuple(sorted(year.days_worked))
    )
    return hashlib.new("sm3", msgspec.json.encode(plain, order="sorted")).hexdigest()


async def _read() -> tuple[Versions, WorkCalendar]:
    rows = await HolidayYear.all().order_by("year")
    years = [
        Year(
            year=row.year,
            source=row.source,
            provisional=row.provisional,
            days_off=tuple(map(date.fromisoformat, row.days_off)),
            days_worked=tuple(map(date.fromisoformat, row.days_worked)),
        )
        for row in rows
    ]
    versions = tuple((row.year, row.version, row.digest) for row in rows)
    revision = sum(row.version for row in rows)
    return versions, workdays.build(years, revision=revision)
