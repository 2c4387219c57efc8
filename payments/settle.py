"""Believing a platform: a verified notice or an answer to our question becomes a line in the books.

Idempotent to the last step: the order moves by compare-and-set, the entry is unique by its number,
and only the move writes it. Money for a bill that is settled already goes back by itself.
"""

import logging
from datetime import datetime

from core import clock, outbox
from core.database import transaction
from core.protection import audit
from miniapp_bridge.payments.provider import (
    Notice,
    PayState,
    RefundStanding,
    RefundState,
    Standing,
)
from payments import errors, events
from payments.lifecycle import BillState, EntryKind, OrderState, RefundStep, next_question
from payments.models import Bill, Entry, Order, Refund
from payments.numbers import new_number

log = logging.getLogger(__name__)


async def notice(told: Notice, *, provider: str) -> None:
    """Settle what a verified notice tells. Raises OrderNotFound, WrongAmount."""
    if told.payment is not None:
        await payment(told.payment, provider=provider)
    if told.refund is not None:
        await refund(told.refund, provider=provider)


async def payment(standing: Standing, *, provider: str) -> None:
    """Settle how an order stands. Raises OrderNotFound, WrongAmount."""
    order = await Order.get_or_none(order_no=standing.order_no, provider=provider)
    if order is None:
        raise errors.OrderNotFound()
    if standing.state is PayState.PAID:
        await _paid(order, standing)
    elif standing.state is PayState.CLOSED or (
        standing.state is PayState.UNKNOWN and clock.now() >= order.expires_at
    ):
        await Order.filter(id=order.id, state=OrderState.OPEN).update(
            state=OrderState.CLOSED, ask_at=None
        )


async def refund(standing: RefundStanding, *, provider: str) -> None:
    """Settle how a refund stands. Raises OrderNotFound, WrongAmount."""
    row = await Refund.get_or_none(refund_no=standing.refund_no).select_related("order")
    if row is None or row.order.provider != provider:
        raise errors.OrderNotFound()
    if standing.state is RefundState.DONE:
        if standing.amount is not None and standing.amount != row.amount:
            log.error("refund %s came back with another amount", row.refund_no)
            raise errors.WrongAmount()
        await _gone_back(row)
    elif standing.state is RefundState.FAILED:
        await _failed(row)
    elif standing.state is RefundState.PROCESSING:
        await Refund.filter(id=row.id, state=RefundStep.ASKED).update(state=RefundStep.PROCESSING)


async def _paid(order: Order, standing: Standing) -> None:
    if standing.amount != order.amount:
        log.error("order %s was paid with another amount", order.order_no)
        raise errors.WrongAmount()
    paid_at = standing.paid_at or clock.now()
    async with transaction():
        # The bill first, as everywhere: two orders of one bill must not wait for each other.
        bill = await Bill.select_for_update().get(id=order.bill_id)
        moved = await Order.filter(
            id=order.id, state__in=(OrderState.OPEN, OrderState.CLOSED)
        ).update(
            state=OrderState.PAID, transaction=standing.transaction, paid_at=paid_at, ask_at=None
        )
        if not moved:
            return
        await _write(EntryKind.PAYMENT, order.order_no, order.provider, order.amount, paid_at)
        if bill.state is BillState.DUE:
            await _settle_bill(bill, order, paid_at)
        else:
            await _send_back(bill, order)


async def _settle_bill(bill: Bill, order: Order, paid_at: datetime) -> None:
    await Bill.filter(id=bill.id, state=BillState.DUE).update(
        state=BillState.PAID, paid_at=paid_at, paid_by_order=order.order_no
    )
    event = events.BillPaid(
        bill_id=bill.id,
        case_id=bill.case_id,
        person_id=bill.person_id,
        title=bill.title,
        amount=order.amount,
        subject_id=bill.subject_id,
    )
    await outbox.publish(event, key=str(bill.case_id))
    await audit.record(
        actor=f"payments:{order.provider}",
        action="bill-paid",
        target=f"bill:{bill.id}",
        detail={"order": order.order_no, "fen": order.amount},
    )


async def _send_back(bill: Bill, order: Order) -> None:
    """Money nobody owed: paid twice, or after the bill was cancelled."""
    await Order.filter(id=order.id).update(surplus=True)
    await write_refund(
        order, amount=order.amount, reason="重复支付自动退回", by="system:payments", bill=bill
    )


async def write_refund(order: Order, *, amount: int, reason: str, by: str, bill: Bill) -> str:
    """Write a refund down and have it sent. Inside a transaction; returns its number."""
    refund_no = new_number("R")
    await Refund.create(
        refund_no=refund_no,
        order_id=order.id,
        amount=amount,
        reason=reason[:80],
        asked_by=by,
        ask_at=next_question(0, clock.now()),
    )
    await outbox.publish(events.RefundAsked(refund_no=refund_no), key=refund_no)
    await audit.record(
        actor=by,
        action="refund-asked",
        target=f"bill:{bill.id}",
        detail={"refund": refund_no, "order": order.order_no, "fen": amount},
    )
    return refund_no


async def _gone_back(row: Refund) -> None:
    at = clock.now()
    order = row.order
    async with transaction():
        bill = await Bill.select_for_update().get(id=order.bill_id)
        moved = await Refund.filter(
            id=row.id, state__in=(RefundStep.ASKED, RefundStep.PROCESSING)
        ).update(state=RefundStep.DONE, done_at=at, ask_at=None)
        if not moved:
            return
        await _write(EntryKind.REFUND, row.refund_no, order.provider, row.amount, at)
        if not order.surplus:
            await _lower_bill(bill, row.amount)
        await audit.record(
            actor=f"payments:{order.provider}",
            action="refund-done",
            target=f"bill:{bill.id}",
            detail={"refund": row.refund_no, "fen": row.amount},
        )


async def _lower_bill(bill: Bill, amount: int) -> None:
    refunded = bill.refunded + amount
    whole = refunded >= bill.amount
    await Bill.filter(id=bill.id).update(
        refunded=refunded, state=BillState.REFUNDED if whole else bill.state
    )
    event = events.BillRefunded(
        bill_id=bill.id,
        case_id=bill.case_id,
        person_id=bill.person_id,
        title=bill.title,
        amount=amount,
        subject_id=bill.subject_id,
    )
    await outbox.publish(event, key=str(bill.case_id))


async def _failed(row: Refund) -> None:
    async with transaction():
        bill = await Bill.select_for_update().get(id=row.order.bill_id)
        moved = await Refund.filter(
            id=row.id, state__in=(RefundStep.ASKED, RefundStep.PROCESSING)
        ).update(state=RefundStep.FAILED, ask_at=None)
        if not moved:
            return
        if not row.order.surplus:
            await Bill.filter(id=bill.id).update(reserved=bill.reserved - row.amount)
        log.error("refund %s failed at the platform", row.refund_no)
        await audit.record(
            actor=f"payments:{row.order.provider}",
            action="refund-failed",
            target=f"bill:{bill.id}",
            detail={"refund": row.refund_no},
        )


async def _write(kind: EntryKind, number: str, provider: str, amount: int, at: datetime) -> None:
    await Entry.create(
        kind=kind, number=number, provider=provider, amount=amount, day=clock.local(at).date()
    )
