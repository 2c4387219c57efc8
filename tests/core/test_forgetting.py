"""What has served its time goes in pieces, oldest first, and what was renewed meanwhile stays."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tortoise.queryset import ValuesListQuery

from core import clock, jobs
from core.data import forgetting
from core.data.spent import Spent
from core.jobs import Job
from core.queue import AT_ONCE

NOW = 1_800_000_000


async def spent(*untils: int) -> None:
    await Spent.bulk_create([Spent(digest=f"{until:064d}", until=until) for until in untils])


async def left() -> list[int]:
    return [int(row.until) for row in await Spent.all().order_by("until")]


async def test_everything_that_is_over_goes_however_small_the_pieces(db: None) -> None:
    await spent(*range(NOW - 7, NOW + 2))

    gone = await forgetting.forget(Spent.filter(until__lt=NOW), by="until", at_once=2)

    assert gone == 7
    assert await left() == [NOW, NOW + 1]


async def test_one_call_takes_no_more_than_its_share_and_the_oldest_first(db: None) -> None:
    await spent(*range(NOW - 7, NOW))

    gone = await forgetting.forget(Spent.filter(until__lt=NOW), by="until", at_once=2, most=4)

    assert gone == 4
    assert await left() == [NOW - 3, NOW - 2, NOW - 1]


async def test_what_was_renewed_between_question_and_deletion_stays(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The renewal comes at the worst moment: when the keys have been read."""
    await spent(NOW - 2, NOW - 1)
    read = ValuesListQuery._execute

    async def read_then_renew(query: Any) -> Any:
        found = await read(query)
        await Spent.filter(until=NOW - 1).update(until=NOW + 5)
        return found

    monkeypatch.setattr(ValuesListQuery, "_execute", read_then_renew)
    await forgetting.forget(Spent.filter(until__lt=NOW), by="until")

    assert await left() == [NOW + 5]


async def test_jobs_that_were_done_long_ago_go_and_those_that_wait_stay(db: None) -> None:
    old = clock.now() - timedelta(days=30)
    await Job.bulk_create([job("done", old), job("waiting", None), job("fresh", clock.now())])

    assert await jobs.forget_done() == 1
    assert {row.ref for row in await Job.all()} == {"waiting", "fresh"}


def job(ref: str, done_at: datetime | None) -> Job:
    return Job(kind="test", ref=ref, key=ref, created_at=AT_ONCE, due_at=AT_ONCE, done_at=done_at)
