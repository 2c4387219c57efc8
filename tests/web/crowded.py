"""A demo in which every list is long: `python -m tests.web.crowded COUNT`, beside its server.

Rows are written as the program writes them, since much of them is encrypted for its place.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tortoise.models import Model

from core import clock, ids
from core.settings import Settings
from identity import queries as identity_queries
from identity.models import SignInRecord
from payments.lifecycle import BillState, DifferenceKind
from payments.models import Bill, Difference, Statement
from push.models import InboxMessage
from tools.setup_commands import opened
from wallet.log_models import Complaint, UseKind, UseRecord
from wallet.models import Authorisation, IntakeBatch, Licence, ProposalState, SealProposal
from wallet.share_models import AuthorisationState, BatchState, IntakeLine, LineOutcome

LI, ZHANG = "310199198511201020", "310199199003071017"
FAR = 100_000
"""Numbers of looks that no real one comes near."""


async def main(count: int) -> None:
    async with opened(Settings.from_env()):
        li, zhang = await person(LI), await person(ZHANG)
        for rows in (
            *looks(li, count),
            authorisations(count, subject_id=zhang, grantee_subject_id=li),
            authorisations(count, subject_id=li, grantee_department="SCJG"),
            [sign_in(li, n) for n in range(count)],
            [bill(li, n) for n in range(count)],
            [letter(li, n) for n in range(count)],
            await licences(li, count),
            [proposal(li, n) for n in range(count)],
            *batches(count),
            *statements(count),
        ):
            await type(rows[0]).bulk_create(rows, batch_size=100)


async def person(id_no: str) -> Any:
    found = await identity_queries.find_subject("111", id_no)
    assert found is not None
    return found.id


def ago(n: int) -> Any:
    return clock.now() - timedelta(minutes=n + 1)


def looks(holder: Any, count: int) -> tuple[list[Model], list[Model]]:
    seen: list[Model] = []
    asked: list[Model] = []
    for n in range(count):
        use = ids.new_id()
        seen.append(
            UseRecord(
                id=use, subject_id=holder, n=FAR + n, at=ago(n), kind=UseKind.CODE,
                licence_id=ids.new_id(), licence_type="RES", who="counter:1",
                who_name=f"综合窗口 {n} 号", department="SCJG", purpose="办理业务",
                fields_seen=["姓名"], reasons=[], previous="", digest="",
            )
        )  # fmt: skip
        asked.append(
            Complaint(
                id=ids.new_id(), use_id=use, subject_id=holder, department="SCJG",
                text=f"第 {n} 次为何查看", made_by="", made_at=ago(n),
            )
        )  # fmt: skip
    return seen, asked


def authorisations(count: int, **sides: Any) -> list[Model]:
    return [
        Authorisation(
            id=ids.new_id(), licence_id=ids.new_id(), licence_type="RES", granted_by="",
            grantee_name="李样例", fields_granted=["name"], purpose=f"第 {n} 项租房登记",
            state=AuthorisationState.OFFERED if n % 5 == 0 else AuthorisationState.ACCEPTED,
            max_uses=2, created_at=ago(n), ends_at=clock.now() + timedelta(hours=n + 1), **sides,
        )
        for n in range(count)
    ]  # fmt: skip


def sign_in(person_id: Any, n: int) -> Model:
    return SignInRecord(
        id=ids.new_id(), person_id=person_id, via="sms", channel="", device=f"安卓手机 {n}",
        address="10.0.0.0/24", at=ago(n),
    )  # fmt: skip


def bill(owing: Any, n: int) -> Model:
    """The oldest of all is due, the others are paid."""
    return Bill(
        id=ids.new_id(), case_id=ids.new_id(), fee_code="x", subject_id=owing, person_id=owing,
        department="GA", title=f"第 {n} 笔工本费", case_text=f"SJ-{n:04d}", amount=1000 + n,
        state=BillState.PAID if n < 140 else BillState.DUE, created_at=ago(n),
    )  # fmt: skip


def letter(person_id: Any, n: int) -> Model:
    content = {"title": f"第 {n} 条消息", "body": "申请已受理", "link": "", "data": {}}
    return InboxMessage(
        id=ids.new_id(), person_id=person_id, event_id=ids.new_id(), kind="case-accepted",
        content=json.dumps(content), created_at=ago(n),
    )  # fmt: skip


async def licences(holder: Any, count: int) -> Sequence[Model]:
    like = await Licence.filter(subject_id=holder).first()
    assert like is not None
    values = {name: getattr(like, name) for name in Licence._meta.db_fields}
    return [
        Licence(
            **values
            | {"id": ids.new_id(), "case_id": None, "previous_id": None}
            | {"identifier": f"1.2.156.{n}.{ids.new_id().hex}", "issued_on": clock.today()}
        )
        for n in range(count)
    ]


def proposal(officer: Any, n: int) -> Model:
    """The oldest waits."""
    return SealProposal(
        id=ids.new_id(), department="SCJG", name=f"上海市松江区市场监督管理局第{n}章",
        valid_to=clock.today() + timedelta(days=900), cause="换届", proposed_by=officer,
        proposed_name="钱印章", proposed_at=ago(n),
        state=ProposalState.APPROVED if n < 140 else ProposalState.OPEN,
    )  # fmt: skip


def batches(count: int) -> tuple[list[Model], list[Model]]:
    """The newest has a long report."""
    rows = [
        IntakeBatch(
            id=ids.new_id(), department="SCJG", batch_no=f"批次 {n}", form="lines",
            digest="d" * 64, size=1, sent_by="", received_at=ago(n), state=BatchState.FINISHED,
            invalid=count if n == 0 else 0, done_lines=count,
        )
        for n in range(count)
    ]  # fmt: skip
    lines = [
        IntakeLine(
            batch_id=rows[0].id, line=n + 1, outcome=LineOutcome.INVALID, message="缺少证照编号"
        )
        for n in range(count)
    ]
    return [*rows], [*lines]


def statements(count: int) -> tuple[list[Model], list[Model]]:
    """The newest day differs often."""
    days = [
        Statement(
            id=ids.new_id(), provider="cashier", day=clock.today() - timedelta(days=n + 40),
            lines=9, paid=900, refunded=0, differing=0 if n else count,
        )
        for n in range(count)
    ]  # fmt: skip
    left = [
        Difference(
            id=ids.new_id(), statement_id=days[0].id, kind=DifferenceKind.AMOUNT,
            number=f"P{n:04d}", ours=100, theirs=101,
        )
        for n in range(count)
    ]  # fmt: skip
    return [*days], [*left]


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
