"""The working calendar of tests: the years that come with the program."""

from __future__ import annotations

from datetime import UTC, datetime

from core.clocks import holidays
from core.clocks.holidays import HolidayYear
from services.guides.reading import read_holidays

LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)


async def lay() -> None:
    """The years that come with the program, as `migrate` loads them, without their audit."""
    await HolidayYear.bulk_create(
        HolidayYear(
            year=year.year,
            version=1,
            digest=holidays.digest_of(year),
            days_off=[str(day) for day in year.days_off],
            days_worked=[str(day) for day in year.days_worked],
            provisional=year.provisional,
            source=year.source,
            loaded_at=LOADED_AT,
        )
        for year in read_holidays()
    )
