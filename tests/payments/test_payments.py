"""Paying at three played platforms: only what a platform itself says is believed, and once."""

import asyncio
from typing import Any

import pytest

from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from miniapp_bridge.standin import others
from payments import bills, errors, orders, queries, reconcile, refunds
from payments.models import Entry, Order, Refund
from tests.payments.till import PUBLIC_URL, WAYS, Till, officer

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def till(world: Any, providers: Any, redis: Any, frozen_clock: Any) -> Till:
    return await Till.open(world, providers, redis)


async def paid_bill(till: Till, way: str = "wechat_pay", amount: int = 1000) -> Any:
    bill_id = await till.owe(amount)
    order_no = await till.start(bill_id, way)
    assert order_no is not None
    assert till.pay(order_no)
    assert await till.hear(till.payment_notice(order_no))
    return bill_id


@pytest.mark.parametrize("way", WAYS)
async def test_notice_settles_the_bill(till: Till, way: str) -> None:
    bill_id = await paid_bill(till, way)

    assert await till.state(bill_id) == "paid"
    entry = await Entry.get()
    assert (entry.amount, entry.provider) == (1000, way)
    assert await OutboxMessage.filter(name="BillPaid").count() == 1
    receipt = await queries.get_receipt(bill_id, by=till.person)
    assert receipt.transaction


@pytest.mark.parametrize("way", WAYS)
async def test_doubled_notice_settles_once(till: Till, way: str) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, way)
    assert order_no is not None
    till.pay(order_no)
    told = till.payment_notice(order_no)

    assert all(await asyncio.gather(*(till.hear(told) for _ in range(5))))

    assert await Entry.all().count() == 1
    assert await AuditRecord.filter(action="bill-paid").count() == 1


@pytest.mark.parametrize("way", WAYS)
async def test_lost_notice_is_made_up_for_by_asking(
    till: Till, way: str, frozen_clock: Any
) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, way)
    assert order_no is not None
    till.pay(order_no)

    await till.let_time_pass(frozen_clock, seconds=11)

    assert await till.state(bill_id) == "paid"


@pytest.mark.parametrize("way", WAYS)
async def test_forged_notice_changes_nothing(till: Till, way: str) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, way)
    assert order_no is not None
    till.world.orders[order_no] |= {"state": "paid", "paid_at": till.world.now()}
    name, genuine = till.payment_notice(order_no)
    forged = type(genuine)(
        query={}, headers=genuine.headers, body=genuine.body.replace(b"a", b"b", 1)
    )

    assert not await till.hear((name, forged))
    assert await till.state(bill_id) == "due"


@pytest.mark.parametrize(
    ("way", "changes"),
    [
        ("wechat_pay", {"amount": {"total": 1}}),
        ("wechat_pay", {"mchid": "1900000999"}),
        ("wechat_pay", {"appid": "wx0000000000000000"}),
        ("alipay_trade", {"total_amount": "0.01"}),
        ("alipay_trade", {"seller_id": "2088999999999999"}),
        ("alipay_trade", {"app_id": "2021999999999999"}),
    ],
)
async def test_signed_notice_of_another_amount_or_merchant_is_not_believed(
    till: Till, way: str, changes: dict[str, Any]
) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, way)
    assert order_no is not None
    till.world.orders[order_no] |= {"state": "paid", "paid_at": till.world.now()}

    assert not await till.hear(till.payment_notice(order_no, **changes))
    assert await till.state(bill_id) == "due"


async def test_words_of_the_client_settle_nothing(till: Till) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, "wechat_pay")
    assert order_no is not None

    await orders.ask(order_no, providers=till.providers)

    assert await till.state(bill_id) == "due"


async def test_starting_again_finds_the_same_order(till: Till) -> None:
    bill_id = await till.owe()

    assert await till.start(bill_id, "wechat_pay") == await till.start(bill_id, "wechat_pay")
    assert await Order.all().count() == 1


async def test_two_taps_at_once_open_one_order(till: Till) -> None:
    bill_id = await till.owe()

    numbers = await asyncio.gather(*(till.start(bill_id, "cashier") for _ in range(4)))

    assert len(set(numbers)) == 1


async def test_another_way_closes_the_first(till: Till) -> None:
    bill_id = await till.owe()
    first = await till.start(bill_id, "wechat_pay")
    second = await till.start(bill_id, "alipay_trade")
    assert first is not None
    assert second is not None

    assert not till.pay(first)
    assert till.pay(second)


async def test_another_way_after_payment_settles_instead(till: Till) -> None:
    bill_id = await till.owe()
    first = await till.start(bill_id, "wechat_pay")
    assert first is not None
    till.pay(first)

    assert await till.start(bill_id, "alipay_trade") is None
    assert till.refused == ["bill-settled"]
    assert await till.state(bill_id) == "paid"


async def test_payment_that_wins_after_closing_goes_back(till: Till, frozen_clock: Any) -> None:
    bill_id = await till.owe()
    first = await till.start(bill_id, "wechat_pay")
    second = await till.start(bill_id, "alipay_trade")
    assert first is not None
    assert second is not None
    till.pay(second)
    await till.hear(till.payment_notice(second))
    assert till.pay(first, late=True)

    assert await till.hear(till.payment_notice(first))
    await till.let_time_pass(frozen_clock, seconds=11)
    others.finish_refunds(till.world)
    await till.let_time_pass(frozen_clock, seconds=40)

    assert await till.state(bill_id) == "paid"
    assert till.net_at_platforms({first, second}) == 1000
    assert (await Refund.get()).state.value == "done"


async def test_bill_of_somebody_else_cannot_be_paid_or_seen(till: Till) -> None:
    from dataclasses import replace

    from core.ids import new_id

    bill_id = await till.owe()
    stranger = replace(till, person=replace(till.person, subject_id=new_id(), id=new_id()))

    assert await stranger.start(bill_id, "cashier") is None
    assert stranger.refused == ["bill-not-found"]
    with pytest.raises(errors.BillNotFound):
        await queries.get_bill(bill_id, by=stranger.person)


@pytest.mark.parametrize("way", WAYS)
async def test_part_of_the_money_goes_back(till: Till, way: str, frozen_clock: Any) -> None:
    bill_id = await paid_bill(till, way)
    refund_no = await till.refund(bill_id, 400)
    assert refund_no is not None
    await refunds.send(refund_no, providers=till.providers, public_url=PUBLIC_URL)
    await refunds.send(refund_no, providers=till.providers, public_url=PUBLIC_URL)
    others.finish_refunds(till.world)
    told = till.refund_notice(refund_no)
    if told is not None:
        assert await till.hear(told)
        assert await till.hear(told)

    (bill,) = await queries.list_bills(till.person)
    assert (bill.refunded, bill.state) == (400, "paid")
    assert await Entry.filter(kind="refund").count() == 1


async def test_no_more_goes_back_than_came(till: Till) -> None:
    bill_id = await paid_bill(till)
    await till.refund(bill_id, 700)

    with pytest.raises(errors.AmountNotRefundable) as refusal:
        await refunds.ask_back(bill_id, amount=301, reason="再退", by=officer())

    assert refusal.value.members == {"refundable": 300}


async def test_refund_the_platform_refuses_frees_the_money_again(till: Till) -> None:
    bill_id = await paid_bill(till)
    refund_no = await till.refund(bill_id, 1000)
    assert refund_no is not None
    till.world.fail("/v3/refund/domestic/refunds", "errcode", value=(403, "NOT_ENOUGH"))

    await refunds.send(refund_no, providers=till.providers, public_url=PUBLIC_URL)

    assert (await Refund.get(refund_no=refund_no)).state.value == "failed"
    assert await till.refund(bill_id, 1000) is not None


async def test_department_refunds_its_own_bills_only(till: Till) -> None:
    bill_id = await paid_bill(till)

    with pytest.raises(errors.BillNotFound):
        await refunds.ask_back(bill_id, amount=1, reason="x", by=officer("SCJG"))


@pytest.mark.parametrize("way", WAYS)
async def test_statement_that_agrees_has_no_differences(
    till: Till, way: str, frozen_clock: Any
) -> None:
    bill_id = await paid_bill(till, way)
    refund_no = await till.refund(bill_id, 250)
    assert refund_no is not None
    await till.let_time_pass(frozen_clock, seconds=11)
    others.finish_refunds(till.world)
    await till.let_time_pass(frozen_clock, seconds=60)
    frozen_clock.advance(days=1)

    assert await reconcile.reconcile_due(providers=till.providers) > 0

    statements = [one for one in await queries.list_statements(officer()) if one.provider == way]
    assert sum(one.paid for one in statements) == 1000
    assert sum(one.refunded for one in statements) == 250
    assert [one.differing for one in statements if one.differing] == []


async def test_reconciliation_mends_what_a_lost_notice_left(till: Till, frozen_clock: Any) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, "wechat_pay")
    assert order_no is not None
    till.pay(order_no)
    await Order.all().update(ask_at=None)  # as after a long outage of ours
    frozen_clock.advance(days=1)

    await reconcile.reconcile_due(providers=till.providers)

    assert await till.state(bill_id) == "paid"
    assert sum(one.mended for one in await queries.list_statements(officer())) == 1


async def test_reconciliation_lists_what_nobody_can_explain(till: Till, frozen_clock: Any) -> None:
    bill_id = await paid_bill(till)
    (entry,) = await Entry.all()
    till.world.orders["P20261125FOREIGN"] = {
        **till.world.orders[entry.number], "amount": 1, "transaction": "420001"
    }  # fmt: skip
    till.world.orders[entry.number]["amount"] = 999
    frozen_clock.advance(days=1)

    await reconcile.reconcile_due(providers=till.providers)

    (day,) = [one for one in await queries.list_statements(officer()) if one.lines]
    left = await queries.list_differences(day.id, officer())
    assert day.differing == len(left)
    assert sorted((one.kind, one.number, one.ours, one.theirs) for one in left) == [
        ("amount", entry.number, 1000, 999),
        ("missing_here", "P20261125FOREIGN", None, 1),
    ]
    assert await till.state(bill_id) == "paid"


async def test_cancelled_bill_gives_a_late_payment_back(till: Till, frozen_clock: Any) -> None:
    bill_id = await till.owe()
    order_no = await till.start(bill_id, "cashier")
    assert order_no is not None
    from payments.models import Bill

    await bills.cancel_unpaid((await Bill.get(id=bill_id)).case_id)
    till.pay(order_no)
    await till.hear(till.payment_notice(order_no))
    await till.let_time_pass(frozen_clock, seconds=11)
    others.finish_refunds(till.world)
    await till.let_time_pass(frozen_clock, seconds=60)

    assert await till.state(bill_id) == "cancelled"
    assert till.net_at_platforms({order_no}) == 0
