"""One citizen at the till: bills, payments at the played platforms, and their notices."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core import ids
from core.errors import Problem
from identity import sign_in
from identity.principal import Principal, PrincipalKind
from miniapp_bridge.connector import Callback
from miniapp_bridge.payments.provider import PaymentProvider
from miniapp_bridge.standin import alipay, others, wechat_pay
from miniapp_bridge.standin.world import World
from payments import bills, orders, refunds, settle
from payments.models import Bill
from tests.identity import factories

PUBLIC_URL = "https://zwfw.example.gov.cn"
WAYS = ("wechat_pay", "alipay_trade", "cashier")


def officer(department: str | None = None) -> Principal:
    return Principal(
        kind=PrincipalKind.OFFICER, id=ids.new_id(), name="督办", roles=frozenset({"supervisor"}),
        department=department,
    )  # fmt: skip


@dataclass
class Till:
    """A person who owes fees, and everything the platforms tell about it."""

    world: World
    providers: dict[str, PaymentProvider]
    redis: Any
    person: Principal
    refused: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, world: World, providers: dict[str, PaymentProvider], redis: Any) -> "Till":
        person_id = await factories.person()
        zhang = world.people["zhang"]
        await sign_in.bind(person_id, platform="wechat", user_id=zhang.openid)
        await sign_in.bind(person_id, platform="alipay", user_id=f"open_id:{zhang.open_id}")
        return cls(world, providers, redis, factories.citizen(person_id))

    async def owe(self, amount: int = 1000) -> UUID:
        return await bills.open_bill(
            case_id=ids.new_id(),
            fee_code="fee",
            subject_id=self.person.person_id,
            person_id=self.person.person_id,
            department="GA",
            title="机动车驾驶证工本费",
            case_text="GA-2026-1",
            amount=amount,
        )

    async def start(self, bill_id: UUID, way: str) -> str | None:
        """The order number, or None when the platform or we refused."""
        try:
            started = await orders.start(
                bill_id,
                provider=way,
                providers=self.providers,
                public_url=PUBLIC_URL,
                redis=self.redis,
                by=self.person,
            )
        except Problem as problem:
            self.refused.append(problem.slug)
            return None
        return started.order_no

    def pay(self, order_no: str, *, late: bool = False) -> bool:
        return order_no in self.world.orders and others.pay(self.world, order_no, late=late)

    def payment_notice(self, order_no: str, **changes: Any) -> tuple[str, Callback]:
        """Whose notice it is, and the notice."""
        platform = self.world.orders[order_no]["platform"]
        if platform == "alipay":
            body = alipay.notice(self.world, order_no, **changes)
            return "alipay_trade", Callback(query={}, headers={}, body=body)
        make = wechat_pay.payment_notice if platform == "wechat_pay" else others.bill_notice
        headers, body = make(self.world, order_no, **changes)
        lowered = {name.lower(): value for name, value in headers.items()}
        return platform, Callback(query={}, headers=lowered, body=body)

    def refund_notice(self, refund_no: str) -> tuple[str, Callback] | None:
        kept = self.world.refunds[refund_no]
        if kept["platform"] == "alipay" or kept["state"] != "done":
            return None
        if kept["platform"] == "wechat_pay":
            headers, body = wechat_pay.refund_notice(self.world, refund_no)
        else:
            headers, body = others.bill_notice(self.world, refund_no, refund=True)
        lowered = {name.lower(): value for name, value in headers.items()}
        return kept["platform"], Callback(query={}, headers=lowered, body=body)

    async def hear(self, told: tuple[str, Callback]) -> bool:
        """What the callback endpoint does; whether the notice was taken."""
        name, callback = told
        try:
            notice = self.providers[name].open_notice(callback)
            if notice is not None:
                await settle.notice(notice, provider=name)
        except Problem as problem:
            self.refused.append(problem.slug)
            return False
        return True

    async def refund(self, bill_id: UUID, amount: int) -> str | None:
        try:
            return await refunds.ask_back(bill_id, amount=amount, reason="多收", by=officer())
        except Problem as problem:
            self.refused.append(problem.slug)
            return None

    async def let_time_pass(self, frozen_clock: Any, **delta: float) -> None:
        """Time goes by and the timers run."""
        frozen_clock.advance(**delta)
        await orders.ask_due(providers=self.providers)
        await refunds.ask_due(providers=self.providers, public_url=PUBLIC_URL)

    async def state(self, bill_id: UUID) -> str:
        return (await Bill.get(id=bill_id)).state.value

    def net_at_platforms(self, order_nos: set[str]) -> int:
        """What the payer is short of in the end, by the platforms' own books."""
        paid = sum(
            order["amount"]
            for number, order in self.world.orders.items()
            if number in order_nos and order["state"] == "paid"
        )
        back = sum(
            one["amount"] for one in self.world.refunds.values() if one["order_no"] in order_nos
        )
        return paid - back
