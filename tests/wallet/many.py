"""Many rows for lists: alike in what they are ordered by, and in an order that says nothing."""

import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from core import clock, ids
from core.data.pages import Page
from tests.wallet.city import City
from wallet.log_models import Complaint, ComplaintState, LogAlarm, UseKind, UseRecord
from wallet.models import Authorisation, IntakeBatch, ProposalState, SealProposal
from wallet.share_models import AuthorisationState, BatchState, IntakeLine, LineOutcome

Read = Callable[[str | None], Awaitable[Page[Any]]]
DEPARTMENTS = ("SCJG", "GA", "")


async def walk(read: Read) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = await read(after)
        assert page or not found
        found += page
        after = page.following
        if after is None:
            return found


def moments(count: int) -> list[datetime]:
    """Many of them alike, in an order that says nothing."""
    dice = random.Random(count)
    return [clock.now() - timedelta(minutes=dice.randrange(count // 2)) for _ in range(count)]


async def complained(city: City, count: int) -> list[Complaint]:
    dice = random.Random(count)
    rows, looks = [], []
    for n, at in enumerate(moments(count)):
        look = UseRecord(
            id=ids.new_id(), subject_id=city.zhang, n=n + 1, at=at, kind=UseKind.CODE,
            licence_id=ids.new_id(), licence_type="RES", who="counter:1", who_name="综合窗口1号",
            department=dice.choice(DEPARTMENTS), fields_seen=[], reasons=[], previous="", digest="",
        )  # fmt: skip
        looks.append(look)
        rows.append(
            Complaint(
                id=ids.new_id(), use_id=look.id, subject_id=city.zhang, text="为何查看",
                department=look.department, made_by="", made_at=at,
                state=dice.choice([*ComplaintState, ComplaintState.OPEN]),
            )
        )  # fmt: skip
    await UseRecord.bulk_create(looks)
    await Complaint.bulk_create(rows)
    return rows


async def authorised(city: City, count: int, **to: Any) -> list[Authorisation]:
    dice = random.Random(count)
    rows = [
        Authorisation(
            id=ids.new_id(), licence_id=ids.new_id(), licence_type="RES", subject_id=city.zhang,
            granted_by="", grantee_name="李样例", fields_granted=["name"], purpose="租房登记",
            state=dice.choice(list(AuthorisationState)), max_uses=2, used=dice.randrange(3),
            created_at=at, ends_at=clock.now() + timedelta(hours=dice.choice([-9, -1, 1, 2, 9])),
            **to,
        )
        for at in moments(count)
    ]  # fmt: skip
    await Authorisation.bulk_create(rows)
    return rows


async def proposed(city: City, count: int) -> list[SealProposal]:
    dice = random.Random(count)
    rows = [
        SealProposal(
            id=ids.new_id(), department=dice.choice(["SCJG", "GA"]), name="章", cause="",
            valid_to=date(2029, 1, 1), state=dice.choice(list(ProposalState)),
            proposed_by=city.li, proposed_name="", proposed_at=at,
        )
        for at in moments(count)
    ]  # fmt: skip
    await SealProposal.bulk_create(rows)
    return rows


async def sent(count: int) -> list[IntakeBatch]:
    """Batches of SCJG and GA in turn."""
    rows = [
        IntakeBatch(
            id=ids.new_id(), department=("SCJG", "GA")[n % 2], batch_no=str(n), form="lines",
            digest="d" * 64, size=1, sent_by="", received_at=at, state=BatchState.FINISHED,
            invalid=1,
        )
        for n, at in enumerate(moments(count))
    ]  # fmt: skip
    await IntakeBatch.bulk_create(rows)
    return rows


async def reported(batch: IntakeBatch, lines: Iterable[int]) -> None:
    await IntakeLine.bulk_create(
        [
            IntakeLine(batch_id=batch.id, line=n, outcome=LineOutcome.INVALID, message="")
            for n in lines
        ]
    )


async def sounded(count: int) -> list[LogAlarm]:
    """Alarms, a third of them resolved."""
    rows = [
        LogAlarm(id=ids.new_id(), kind="head", about=f"audit:{n}", detail="", found_at=at)
        for n, at in enumerate(moments(count))
    ]
    for row in rows[::3]:
        row.resolved_at = clock.now()
    await LogAlarm.bulk_create(rows)
    return rows
