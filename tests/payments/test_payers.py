"""Who may pay: whoever is the applicant or may act for it today, and nobody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock, ids
from core.data.pages import WrongPlace
from identity import sign_in
from identity.people import mandates
from identity.principal import Principal, PrincipalKind
from payments import bills, errors, queries
from payments.models import Bill, Order
from tests import plans
from tests.identity import factories
from tests.payments.till import Till

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def till(world: Any, providers: Any, redis: Any, frozen_clock: Any) -> Till:
    return await Till.open(world, providers, redis)


@pytest.fixture
async def firm(till: Till) -> UUID:
    return await factories.organisation(till.person.person_id)


@pytest.fixture
async def bill_id(till: Till, firm: UUID) -> UUID:
    """What the firm owes for a case its representative filed."""
    return await bills.open_bill(
        case_id=ids.new_id(),
        fee_code="fee",
        subject_id=firm,
        person_id=till.person.person_id,
        department="SCJG",
        title="工本费",
        case_text="SCJG-1",
        amount=1000,
    )


@pytest.fixture
async def colleague(till: Till, firm: UUID) -> Principal:
    """Somebody the representative lets act for the firm for a month."""
    person_id = await factories.person(id_no=factories.LI, name="李样例", phone="19900000002")
    await sign_in.bind(person_id, platform="wechat", user_id=till.world.people["li"].openid)
    await mandates.grant(
        firm,
        name="李样例",
        id_no=factories.LI,
        valid_to=clock.today() + timedelta(days=30),
        by=replace(till.person, assurance=3),
    )
    return factories.citizen(person_id)


async def test_a_colleague_sees_and_pays_the_bill_of_the_firm(
    till: Till, bill_id: UUID, colleague: Principal
) -> None:
    till.person = colleague
    assert [bill.id for bill in await queries.list_bills(colleague)] == [bill_id]

    order_no = await till.start(bill_id, "cashier")
    assert order_no is not None
    till.pay(order_no)
    assert await till.hear(till.payment_notice(order_no))

    assert (await queries.get_bill(bill_id, by=colleague)).state == "paid"
    assert (await queries.get_receipt(bill_id, by=colleague)).order_no == order_no


async def test_whose_mandate_is_over_sees_and_pays_nothing(
    till: Till, bill_id: UUID, colleague: Principal, frozen_clock: Any
) -> None:
    frozen_clock.advance(days=31)
    till.person = colleague

    assert await queries.list_bills(colleague) == []
    assert await till.start(bill_id, "cashier") is None
    assert till.refused == ["bill-not-found"]
    for read in (queries.get_bill, queries.get_receipt):
        with pytest.raises(errors.BillNotFound):
            await read(bill_id, by=colleague)


async def test_a_stranger_finds_no_bill(till: Till, bill_id: UUID) -> None:
    stranger = factories.citizen(await factories.person(id_no=factories.LI, name="李样例"))

    assert await queries.list_bills(stranger) == []
    with pytest.raises(errors.BillNotFound):
        await queries.get_bill(bill_id, by=stranger)


async def test_the_firm_does_not_pay_what_its_representative_owes(
    till: Till, firm: UUID, colleague: Principal
) -> None:
    own = await till.owe()

    assert await queries.list_bills(colleague) == []
    with pytest.raises(errors.BillNotFound):
        await queries.get_bill(own, by=colleague)


async def test_two_payers_have_an_order_each_and_only_the_newest_can_be_paid(
    till: Till, bill_id: UUID, colleague: Principal
) -> None:
    first = await till.start(bill_id, "wechat_pay")
    assert await till.start(bill_id, "wechat_pay") == first
    till.person = colleague
    second = await till.start(bill_id, "wechat_pay")

    assert first != second
    assert till.refused == []
    assert [order.order_no for order in await Order.filter(state="open")] == [second]
    assert not till.pay(str(first))
    assert till.pay(str(second))


async def test_a_colleague_learns_that_the_other_has_just_paid(
    till: Till, bill_id: UUID, colleague: Principal
) -> None:
    first = await till.start(bill_id, "wechat_pay")
    assert till.pay(str(first))
    till.person = colleague

    assert await till.start(bill_id, "wechat_pay") is None

    assert till.refused == ["bill-settled"]
    assert await till.state(bill_id) == "paid"
    assert till.net_at_platforms({str(first)}) == 1000


def bill_of(subject_id: UUID, number: int) -> dict[str, Any]:
    return {
        "case_id": ids.new_id(),
        "fee_code": "fee",
        "subject_id": subject_id,
        "person_id": subject_id,
        "department": "SCJG",
        "title": "工本费",
        "case_text": f"SCJG-{number}",
        "amount": 1000,
    }


async def walk(read: Any) -> list[Any]:
    found: list[Any] = []
    page = await read(None)
    while page.following is not None:
        found += page
        page = await read(page.following)
    return [*found, *page]


async def test_bills_come_in_pages_the_own_first(till: Till, firm: UUID, bill_id: UUID) -> None:
    own = [await bills.open_bill(**bill_of(till.person.person_id, n)) for n in range(4)]
    firms = [bill_id, *[await bills.open_bill(**bill_of(firm, n)) for n in range(4, 7)]]

    shown = await walk(lambda after: queries.list_bills(till.person, after=after, limit=2))

    assert {one.id for one in shown[:4]} == set(own)
    assert {one.id for one in shown[4:]} == set(firms)
    assert len(shown) == 8
    with pytest.raises(WrongPlace):
        await queries.list_bills(till.person, after="elsewhere")


async def test_what_is_owed_stands_before_all_that_is_settled(
    till: Till, firm: UUID, bill_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [await bills.open_bill(**bill_of(till.person.person_id, n)) for n in range(9)]
    await Bill.filter(id__in=own[2:]).update(state="paid")
    sections = plans.watch(monkeypatch)

    shown = await walk(lambda after: queries.list_bills(till.person, after=after, limit=2))

    assert [one.state for one in shown] == ["due"] * 3 + ["paid"] * 7
    assert {one.id for one in shown[:3]} == {*own[:2], bill_id}
    for section in sections:
        assert await plans.faults(section) == [], section.name


async def test_department_sees_its_payments_in_pages_and_no_others(
    till: Till, firm: UUID, bill_id: UUID
) -> None:
    for n in range(5):
        await bills.open_bill(**bill_of(firm, n) | {"department": "SCJG" if n % 2 else "RSJ"})
    clerk = Principal(
        kind=PrincipalKind.OFFICER,
        id=firm,
        name="钱审核",
        roles=frozenset({"supervisor"}),
        department="SCJG",
    )

    shown = await walk(lambda after: queries.list_payments(clerk, after=after, limit=2))
    city = await walk(
        lambda after: queries.list_payments(replace(clerk, department=None), after=after, limit=4)
    )

    assert [one.bill.department for one in shown] == ["SCJG"] * 3
    assert len({one.bill.id for one in city}) == len(city) == 6
