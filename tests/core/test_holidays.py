"""The calendar as rows: loaded, changed, refused; by several at once, and by the command."""

import asyncio
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from core.clocks import holidays
from core.clocks.holidays import HolidayYear
from core.clocks.workdays import CalendarMissing, InvalidCalendar, Year
from core.protection.audit import AuditRecord
from services.guides.reading import read_holidays
from tests.conftest import ROOT

YEAR_2028 = Year(
    year=2028, source="样例", days_off=(date(2028, 1, 3),), days_worked=(date(2028, 1, 8),)
)


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    pass


def shipped(year: int) -> Year:
    return next(each for each in read_holidays() if each.year == year)


async def records() -> list[str]:
    return [row.target for row in await AuditRecord.filter(action="calendar.load")]


async def test_2028_is_refused_until_it_is_loaded() -> None:
    with pytest.raises(CalendarMissing) as refused:
        (await holidays.calendar()).add_working_days(date(2027, 12, 30), 5)
    assert refused.value.members == {"year": 2028}

    report = await holidays.load([YEAR_2028])

    assert (report.added, report.changed, report.unchanged) == ((2028,), (), ())
    days = await holidays.calendar()
    assert days.add_working_days(date(2027, 12, 30), 5) == date(2028, 1, 7)


async def test_same_year_again_changes_nothing() -> None:
    await holidays.load([YEAR_2028])
    before = (await holidays.calendar()).revision

    report = await holidays.load([YEAR_2028])

    assert report.unchanged == (2028,)
    assert (await holidays.calendar()).revision == before
    assert await records() == ["calendar:2028"]


async def test_order_of_the_days_is_no_difference() -> None:
    await holidays.load([YEAR_2028])
    year = shipped(2026)
    backwards = msgspec.structs.replace(year, days_off=tuple(reversed(year.days_off)))

    assert (await holidays.load([backwards])).unchanged == (2026,)


async def test_withdrawn_make_up_day_is_a_new_version_at_once() -> None:
    before = await holidays.calendar()
    assert before.is_working_day(date(2026, 10, 10))
    year = shipped(2026)
    worked = tuple(day for day in year.days_worked if day != date(2026, 10, 10))

    report = await holidays.load([msgspec.structs.replace(year, days_worked=worked)])

    after = await holidays.calendar()
    assert report.changed == (2026,)
    assert not after.is_working_day(date(2026, 10, 10))
    assert after.revision == before.revision + 1
    assert (await HolidayYear.get(year=2026)).version == 2
    assert await records() == ["calendar:2026"]


async def test_wrong_year_stores_none_of_those_beside_it() -> None:
    wrong = msgspec.structs.replace(YEAR_2028, year=2029)

    with pytest.raises(InvalidCalendar):
        await holidays.load([YEAR_2028, wrong])

    assert (await holidays.calendar()).years == {2026, 2027}
    assert await records() == []


async def test_many_who_load_at_once_store_one_version() -> None:
    reports = await asyncio.gather(*(holidays.load([YEAR_2028]) for _ in range(6)))

    assert sorted(report.added for report in reports) == [(), (), (), (), (), (2028,)]
    assert (await HolidayYear.get(year=2028)).version == 1
    assert await records() == ["calendar:2028"]


async def test_shipped_years_fill_what_is_missing_and_leave_what_was_loaded() -> None:
    await HolidayYear.filter(year=2026).delete()
    loaded = msgspec.structs.replace(shipped(2027), source="国务院办公厅通知", provisional=False)
    await holidays.load([loaded])

    report = await holidays.load_shipped(read_holidays())

    assert (report.added, report.changed) == ((2026,), ())
    assert (await HolidayYear.get(year=2027)).source == "国务院办公厅通知"


async def test_announcement_that_comes_with_a_release_replaces_the_provisional_year() -> None:
    announced = msgspec.structs.replace(shipped(2027), provisional=False)

    assert (await holidays.load_shipped([announced])).changed == (2027,)
    assert 2027 not in (await holidays.calendar()).provisional
    assert (await holidays.load_shipped(read_holidays())).changed == ()


@pytest.mark.slow
@pytest.mark.one_database
def test_command_loads_a_file_and_tells_what_is_wrong_with_another(tmp_path: Path) -> None:
    address = f"sqlite://{tmp_path}/city.sqlite3"
    good, bad = tmp_path / "2028.yaml", tmp_path / "wrong.yaml"
    text = "year: 2028\nsource: 样例\ndays_off: ['2028-01-03']\ndays_worked: ['2028-01-08']\n"
    good.write_text(text, encoding="utf-8")
    bad.write_text(text.replace("days_worked", "days_wroked"), encoding="utf-8")

    def manage(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "YUNJIAN_ENV": "demo",
            "YUNJIAN_VAR": str(tmp_path),
            "YUNJIAN_DATABASE_URL": address,
        }
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert manage("migrate").returncode == 0
    loaded, refused = (manage("load-holidays", str(file)) for file in (good, bad))

    assert (loaded.returncode, loaded.stdout) == (0, "calendar 2028: added\n")
    assert refused.returncode == 1
    assert "wrong.yaml:4" in refused.stderr
    assert "days_wroked" in refused.stderr
    assert "Traceback" not in refused.stderr
