"""Generated stories of money: whatever happens on the way, the books agree in the end.

A story is a bill and some thirty accidents: notices that are lost, doubled, late, forged or for
another amount, answers that are cut off, a change of the way of paying, a payment that wins after
its order was closed, refunds that cross a late success. Then time passes until nothing is left to
ask, and three books are compared: ours, the platforms' and what the citizen is short of.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock
from miniapp_bridge.payments.money import to_yuan
from miniapp_bridge.standin import others
from payments import queries, reconcile
from payments.models import Bill, Entry, Order, Refund
from tests.payments.till import WAYS, Till, officer

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.slow, pytest.mark.one_database]

STORIES_A_RUN = 30
RUNS = 8
"""240 stories in all; a run's seed is its number, so that a failing one can be told again."""

FAULTS = {
    "wechat_pay": (
        "/v3/pay/transactions/jsapi",
        "/v3/pay/transactions/out-trade-no/:no",
        "/v3/pay/transactions/out-trade-no/:no/close",
        "/v3/refund/domestic/refunds",
    ),
    "alipay_trade": (
        "alipay.trade.create",
        "alipay.trade.query",
        "alipay.trade.close",
        "alipay.trade.refund",
    ),
    "cashier": ("/cashier/bills", "/cashier/bills/:no", "/cashier/bills/:no/close",
                "/cashier/refunds"),
}  # fmt: skip
KINDS = ("cut", "http", "empty", "bad_signature", "unsigned", "truncate")


@dataclass
class Story:
    """One bill and what happens to it."""

    till: Till
    dice: random.Random
    bill_id: UUID
    amount: int
    orders: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def step(self, frozen_clock: Any) -> None:
        act = self.dice.choice(
            ("start", "start", "start", "pay", "pay", "notice", "notice", "doubled", "forged",
             "wrong",
             "fault", "late", "late", "refund", "arrive", "time")
        )  # fmt: skip
        self.told.append(act)
        if act == "time":
            seconds = self.dice.choice((5, 15, 130, 700))
            await self.till.let_time_pass(frozen_clock, seconds=seconds)
            return
        await getattr(self, act)()

    async def start(self) -> None:
        order_no = await self.till.start(self.bill_id, self.dice.choice(WAYS))
        if order_no is not None and order_no not in self.orders:
            self.orders.append(order_no)

    async def pay(self) -> None:
        if self.orders:
            self.till.pay(self.dice.choice(self.orders))

    async def late(self) -> None:
        """A payment that was under way when its order was closed."""
        known = self.till.world.orders
        closed = [one for one in self.orders if one in known and known[one]["state"] == "closed"]
        if closed:
            self.till.pay(self.dice.choice(closed), late=True)

    async def notice(self) -> None:
        for order_no in self._paid():
            await self.till.hear(self.till.payment_notice(order_no))

    async def doubled(self) -> None:
        await self.notice()
        await self.notice()

    async def forged(self) -> None:
        for order_no in self._paid():
            name, genuine = self.till.payment_notice(order_no)
            body = bytearray(genuine.body)
            body[self.dice.randrange(len(body))] ^= 1
            forged = type(genuine)(query={}, headers=genuine.headers, body=bytes(body))
            assert not await self.till.hear((name, forged))

    async def wrong(self) -> None:
        """Signed by the platform, but for another amount."""
        changes: dict[str, dict[str, Any]] = {
            "wechat_pay": {"amount": {"total": self.amount + 1}},
            "alipay": {"total_amount": to_yuan(self.amount + 1)},
        }
        for order_no in self._paid():
            platform = self.till.world.orders[order_no]["platform"]
            if platform in changes:
                told = self.till.payment_notice(order_no, **changes[platform])
                settled = await Order.filter(order_no=order_no, state="paid").exists()
                assert settled or not await self.till.hear(told)

    async def fault(self) -> None:
        call = self.dice.choice(FAULTS[self.dice.choice(WAYS)])
        kind = self.dice.choice(KINDS)
        self.till.world.fail(call, kind, times=self.dice.choice((1, 3)), value=502)

    async def refund(self) -> None:
        await self.till.refund(self.bill_id, self.dice.randint(1, self.amount))

    async def arrive(self) -> None:
        others.finish_refunds(self.till.world)
        for refund_no in list(self.till.world.refunds):
            told = self.till.refund_notice(refund_no)
            if told is not None and self.dice.random() < 0.5:
                await self.till.hear(told)

    def _paid(self) -> list[str]:
        known = self.till.world.orders
        return [one for one in self.orders if one in known and known[one]["state"] == "paid"]


async def settle_down(till: Till, frozen_clock: Any) -> None:
    """No more accidents: time passes until nothing is left to ask, then a day is compared."""
    till.world.faults.clear()
    for _ in range(12):
        await till.let_time_pass(frozen_clock, minutes=31)
        others.finish_refunds(till.world)
    frozen_clock.set(clock.now() + timedelta(days=1))
    await reconcile.reconcile_due(providers=till.providers)
    for _ in range(4):
        await till.let_time_pass(frozen_clock, minutes=31)
        others.finish_refunds(till.world)


async def check_bill(story: Story) -> None:
    """The bill, our books and the platforms' say the same about one citizen's money."""
    bill = await Bill.get(id=story.bill_id)
    numbers = {one.order_no for one in await Order.filter(bill_id=bill.id)}
    net = story.till.net_at_platforms(numbers)
    kept = bill.amount - bill.refunded if bill.state.value in ("paid", "refunded") else 0
    assert net == kept, (story.told, bill.state, net, kept)
    refunds = await Refund.filter(order__bill_id=bill.id)
    assert {one.state.value for one in refunds} <= {"done", "failed"}, story.told
    came = sum(one.amount for one in await Entry.filter(kind="payment", number__in=numbers))
    gone = sum(
        one.amount
        for one in await Entry.filter(
            kind="refund", number__in=[one.refund_no for one in refunds] or [""]
        )
    )
    assert came - gone == net, story.told
    assert await Order.filter(bill_id=bill.id, state="open").count() == 0, story.told


@pytest.mark.parametrize("run", range(RUNS))
async def test_books_agree_at_the_end_of_every_story(
    run: int, world: Any, providers: Any, redis: Any, frozen_clock: Any
) -> None:
    till = await Till.open(world, providers, redis)
    dice = random.Random(run)
    stories = []
    for _ in range(STORIES_A_RUN):
        amount = dice.choice((1, 50, 1000, 123456))
        stories.append(Story(till, dice, await till.owe(amount), amount))
    for story in stories:
        for _ in range(dice.randint(12, 26)):
            await story.step(frozen_clock)
    await settle_down(till, frozen_clock)

    for story in stories:
        await check_bill(story)
    compared = await queries.list_statements(officer(), limit=100)
    assert [one for one in compared if one.differing] == []
    settled = await Bill.filter(state__in=("paid", "refunded")).count()
    assert settled > STORIES_A_RUN / 3
    assert await Order.filter(surplus=True).exists(), "no story paid twice: play others"
