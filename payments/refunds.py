"""Refunds: asked for by an officer, sent to the platform, followed until the money is back."""

import json
import logging
from collections.abc import Mapping
from uuid import UUID

from core import clock
from core.data import once
from core.database import transaction
from core.errors import Problem
from core.queue import AT_ONCE, Backoff, Claim, Queue
from core.workers import Bell, Workers
from identity.principal import Principal
from identity.staff.roles import Act, insist
from miniapp_bridge.errors import PaymentRefused
from miniapp_bridge.payments.provider import (
    PaymentProvider,
    RefundOrder,
    RefundStanding,
    RefundState,
)
from payments import errors, settle
from payments.lifecycle import BillState, RefundStep, next_question, refundable
from payments.models import Bill, Order, Refund

log = logging.getLogger(__name__)

LONGEST_SECONDS = 60.0

QUEUE = Queue(
    name="refunds",
    model=Refund,
    open="j.ask_at IS NOT NULL",
    backoff=Backoff(first=60.0, longest=3600.0, tries=1_000),
    life=20.0,
    furthest=30 * 86400.0,
    due="ask_at",
    attempts="asked",
    error="",
)

bell = Bell()


async def ask_back(
    bill_id: UUID, *, amount: int, reason: str, by: Principal, asked: once.Asked | None = None
) -> str:
    """Give `amount` fen of a paid bill back; returns the refund's number.

    Raises RoleMissing, BillNotFound, BillSettled (not paid), AmountNotRefundable.
    """
    insist(by, Act.REFUND)
    async with transaction():
        bill = await Bill.select_for_update().get_or_none(id=bill_id)
        if bill is None or not by.covers(bill.department):
            raise errors.BillNotFound()
        if bill.state is not BillState.PAID or bill.paid_by_order is None:
            raise errors.BillSettled()
        left = refundable(amount=bill.amount, reserved=bill.reserved)
        if not 0 < amount <= left:
            raise errors.AmountNotRefundable(refundable=left)
        await Bill.filter(id=bill.id).update(reserved=bill.reserved + amount)
        order = await Order.get(order_no=bill.paid_by_order)
        number = await settle.write_refund(
            order, amount=amount, reason=reason, by=by.actor, bill=bill
        )
        await once.keep(asked, json.dumps(number))
    return number


async def send(
    refund_no: str, *, providers: Mapping[str, PaymentProvider], public_url: str
) -> None:
    """Send a refund to its platform, or ask after it there; repeating it moves money once.

    Raises UnknownProvider, PlatformUnavailable (send again).
    """
    row = await Refund.get_or_none(refund_no=refund_no).select_related("order")
    if row is None or row.state in (RefundStep.DONE, RefundStep.FAILED):
        return
    provider = providers.get(row.order.provider)
    if provider is None:
        raise errors.UnknownProvider()
    standing = await _standing(row, provider, public_url)
    await settle.refund(standing, provider=provider.name)


async def mark_due(refund_no: str) -> None:
    """Have a refund sent soon: the platform is never waited for where the refund was asked."""
    asked = Refund.filter(refund_no=refund_no, state=RefundStep.ASKED, asked=0)
    await asked.update(ask_at=AT_ONCE)
    bell.ring()


def workers(
    *, providers: Mapping[str, PaymentProvider], public_url: str, bell: Bell | None = None
) -> Workers[Refund]:
    """Those who send and follow every refund that is due."""

    async def follow(claim: Claim[Refund]) -> bool:
        row = claim.row
        later = next_question(row.asked + 1, clock.now())
        await Refund.filter(id=row.id, ask_at=row.ask_at).update(asked=row.asked + 1, ask_at=later)
        try:
            await send(row.refund_no, providers=providers, public_url=public_url)
        finally:
            await claim.release()
        return True

    return Workers(QUEUE, follow, failed=_failed, bell=bell, longest=LONGEST_SECONDS)


async def ask_due(*, providers: Mapping[str, PaymentProvider], public_url: str) -> int:
    """Send or follow all that is due; returns how many answered. For tests and commands."""
    return await workers(providers=providers, public_url=public_url).drain()


async def _failed(claim: Claim[Refund], error: Exception) -> None:
    said = error.slug if isinstance(error, Problem) else type(error).__name__
    log.warning("refund %s: %s", claim.row.refund_no, said)


async def _standing(row: Refund, provider: PaymentProvider, public_url: str) -> RefundStanding:
    if row.state is RefundStep.PROCESSING:
        return await provider.query_refund(row.refund_no, order_no=row.order.order_no)
    wish = RefundOrder(
        refund_no=row.refund_no,
        order_no=row.order.order_no,
        amount=row.amount,
        total=row.order.amount,
        reason=row.reason,
        notify_url=f"{public_url}/api/callbacks/payments/{provider.name}",
    )
    try:
        return await provider.refund(wish)
    except PaymentRefused as refusal:
        log.error("refund %s was refused: %s", row.refund_no, refusal.vendor_code)
        return RefundStanding(refund_no=row.refund_no, state=RefundState.FAILED)
