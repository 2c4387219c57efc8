"""A fee follows its case: owed when accepted, no longer when refused, never twice."""

from typing import Any

import flows
from cases import catalogue
from cases.events import CaseAccepted, CaseRefused
from core.ids import new_id
from identity.principal import Principal, PrincipalKind
from payments import bills, queries


def payer() -> Principal:
    person_id = new_id()
    return Principal(kind=PrincipalKind.CITIZEN, id=person_id, subject_id=person_id, name="张演示")


def told(kind: Any, item: Any, by: Principal, **more: Any) -> Any:
    return kind(
        case_id=more.pop("case_id"),
        case_no=None,
        short_no="GA-2026-000001",
        item_code=item.code,
        item_name=item.name,
        subject_id=by.person_id,
        person_id=by.person_id,
        department="GA",
        stage_text="",
        **more,
    )


async def test_fee_is_owed_once_and_no_longer_after_refusal(resources: Any) -> None:
    await catalogue.load()
    items = [loaded.item for loaded in (await catalogue.snapshot()).items.values()]
    item = next(one for one in items if one.fee.charged and one.fee.online_pay)
    by, case_id = payer(), new_id()

    for _ in range(2):
        await flows.open_bill(told(CaseAccepted, item, by, case_id=case_id), resources)
    (bill,) = await queries.list_bills(by)
    assert (bill.amount, bill.state) == (bills.amount_of(item.fee.standard or ""), "due")

    refused = told(CaseRefused, item, by, case_id=case_id, reason="不合格")
    await flows.cancel_bills(refused, resources)
    assert (await queries.list_bills(by))[0].state == "cancelled"


async def test_free_item_owes_nothing(resources: Any) -> None:
    await catalogue.load()
    items = [loaded.item for loaded in (await catalogue.snapshot()).items.values()]
    item = next(one for one in items if not one.fee.charged)
    by = payer()

    await flows.open_bill(told(CaseAccepted, item, by, case_id=new_id()), resources)

    assert await queries.list_bills(by) == []
