"""States of bills, orders and refunds, and when to ask a platform again. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum


class BillState(StrEnum):
    DUE = "due"
    PAID = "paid"
    REFUNDED = "refunded"
    """All of it went back."""
    CANCELLED = "cancelled"
    """No longer owed, never paid."""


class OrderState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"
    """Closed at the platform as well; a payment that was under way may still win."""


class RefundStep(StrEnum):
    ASKED = "asked"
    """Written down, not yet taken by the platform."""
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


class EntryKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


class DifferenceKind(StrEnum):
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"


ORDER_LIFE = timedelta(minutes=30)
REUSE_LEFT = timedelta(minutes=2)
"""An order with less life than this is closed and another one opened."""

ASK_AFTER = (10, 30, 120, 600, 1800)
"""Seconds between questions while no notice comes; the last one repeats."""


def next_question(asked: int, at: datetime) -> datetime:
    """When to ask again after the `asked`-th answer that decided nothing."""
    return at + timedelta(seconds=ASK_AFTER[min(asked, len(ASK_AFTER) - 1)])


def refundable(*, amount: int, reserved: int) -> int:
    """What may still be asked back of a paid bill."""
    return max(0, amount - reserved)
