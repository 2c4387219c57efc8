"""Paying a bill: open an order at a platform, find it again, close it, ask how it stands.

One bill has at most one open order. Before another is opened the former is closed at its platform,
and when it turns out to be paid, it is settled instead. Every step may be repeated: the platform
knows an order by our number.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock
from core.database import transaction
from core.errors import Problem
from core.queue import Backoff, Claim, Queue
from core.workers import Workers
from identity import queries as identity_queries
from identity.log_in import assurance
from identity.principal import Principal
from miniapp_bridge.errors import AlreadyPaid
from miniapp_bridge.payments.provider import Charge, Launch, PaymentProvider, PayState, Standing
from payments import errors, queries, settle
from payments.lifecycle import ORDER_LIFE, REUSE_LEFT, BillState, OrderState, next_question
from payments.models import Bill, Order
from payments.numbers import new_number

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

LOCK_SECONDS = 30
LONGEST_SECONDS = 60.0

QUEUE = Queue(
    name="orders",
    model=Order,
    open="j.ask_at IS NOT NULL",
    backoff=Backoff(first=60.0, longest=3600.0, tries=1_000),
    life=20.0,
    furthest=30 * 86400.0,
    due="ask_at",
    attempts="asked",
    error="",
)
"""When to ask next is `lifecycle.next_question`'s to say; `ask_at` is empty when all is said."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """An order that waits for the payer."""

    order_no: str
    launch: Launch = field(repr=False)


async def start(
    bill_id: UUID,
    *,
    provider: str,
    providers: Mapping[str, PaymentProvider],
    public_url: str,
    redis: "Redis",
    by: Principal,
) -> Started:
    """Open (or find again) the order with which the person pays.

    Raises StepUpRequired, BillNotFound, BillSettled, UnknownProvider, PayerNotBound, and what the
    platform raises.
    """
    assurance.require(by, assurance.Act.PAY)
    chosen = providers.get(provider)
    if chosen is None:
        raise errors.UnknownProvider()
    bill = await queries.own_bill(bill_id, by=by)
    payer = await _payer(chosen, by)
    lock = redis.lock(f"pay:{bill_id}", timeout=LOCK_SECONDS, blocking_timeout=LOCK_SECONDS)
    async with lock:
        order = await _order_for(bill, chosen, providers, payer_id=by.person_id)
        launch = await _place(order, bill, chosen, payer=payer, public_url=public_url)
    return Started(order_no=order.order_no, launch=launch)


async def ask(order_no: str, *, providers: Mapping[str, PaymentProvider]) -> None:
    """Ask the platform how an order stands, and settle what it says.

    Raises OrderNotFound, UnknownProvider, PlatformUnavailable.
    """
    order = await Order.get_or_none(order_no=order_no)
    if order is None:
        raise errors.OrderNotFound()
    provider = _provider(order, providers)
    standing = await provider.query(order_no)
    if standing.state is PayState.OPEN and clock.now() >= order.expires_at:
        standing = await _closed(order, provider)
    await settle.payment(standing, provider=order.provider)


async def ask_due(*, providers: Mapping[str, PaymentProvider]) -> int:
    """Ask after every order whose notice is overdue (a timer calls it)."""

    async def ask_after(claim: Claim[Order]) -> bool:
        row = claim.row
        later = next_question(row.asked + 1, clock.now())
        await Order.filter(id=row.id, ask_at=row.ask_at).update(asked=row.asked + 1, ask_at=later)
        try:
            await ask(row.order_no, providers=providers)
        finally:
            await claim.release()
        return True

    async def failed(claim: Claim[Order], error: Exception) -> None:
        said = error.slug if isinstance(error, Problem) else type(error).__name__
        log.warning("order %s: %s", claim.row.order_no, said)

    return await Workers(QUEUE, ask_after, failed=failed, longest=LONGEST_SECONDS).drain()


async def _order_for(
    bill: Bill,
    chosen: PaymentProvider,
    providers: Mapping[str, PaymentProvider],
    *,
    payer_id: UUID,
) -> Order:
    """The open order to go on with; others are closed first. Raises BillSettled.

    An order is tied to its payer's account at the platform: a colleague who pays the same bill
    gets one of their own, and the former cannot be paid any more.
    """
    for order in await Order.filter(bill_id=bill.id, state=OrderState.OPEN):
        fresh = order.expires_at - clock.now() > REUSE_LEFT
        if order.provider == chosen.name and order.payer_id == payer_id and fresh:
            return order
        standing = await _closed(order, _provider(order, providers))
        await settle.payment(standing, provider=order.provider)
    async with transaction():
        current = await Bill.select_for_update().get(id=bill.id)
        if current.state is not BillState.DUE:
            raise errors.BillSettled()
        return await Order.create(
            order_no=new_number("P"),
            bill_id=bill.id,
            provider=chosen.name,
            payer_id=payer_id,
            amount=bill.amount,
            expires_at=clock.now() + ORDER_LIFE,
            ask_at=next_question(0, clock.now()),
        )


async def _place(
    order: Order, bill: Bill, provider: PaymentProvider, *, payer: str | None, public_url: str
) -> Launch:
    charge = Charge(
        order_no=order.order_no,
        amount=order.amount,
        title=bill.title,
        expires_at=order.expires_at,
        notify_url=f"{public_url}/api/callbacks/payments/{provider.name}",
        return_url=f"{public_url}/m/#/payment/{bill.id}",
        payer=payer,
    )
    try:
        return await provider.place(charge)
    except AlreadyPaid:
        standing = await provider.query(order.order_no)
        await settle.payment(standing, provider=provider.name)
        raise errors.BillSettled() from None


async def _closed(order: Order, provider: PaymentProvider) -> Standing:
    """Close at the platform; what it says when the payer was faster."""
    try:
        await provider.close_order(order.order_no)
    except AlreadyPaid:
        return await provider.query(order.order_no)
    return Standing(order_no=order.order_no, state=PayState.CLOSED)


async def _payer(provider: PaymentProvider, by: Principal) -> str | None:
    if provider.needs_payer is None:
        return None
    for account in await identity_queries.list_platform_users(by.person_id):
        if account.platform == provider.needs_payer:
            return account.user_id
    raise errors.PayerNotBound(platform=provider.needs_payer)


def _provider(order: Order, providers: Mapping[str, PaymentProvider]) -> PaymentProvider:
    provider = providers.get(order.provider)
    if provider is None:
        raise errors.UnknownProvider()
    return provider
