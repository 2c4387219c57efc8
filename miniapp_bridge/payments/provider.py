"""PaymentProvider: what we need of a payment platform, whichever it is.

Money is counted in whole fen. What a client says about its success is never asked here: a notice is
verified, or the platform is queried. Every act is idempotent by our own number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from miniapp_bridge.connector import Callback


class PayState(StrEnum):
    """How an order stands at the platform."""

    UNKNOWN = "unknown"
    """The platform has no such order (yet)."""
    OPEN = "open"
    PAID = "paid"
    """Also when money went back afterwards: refunds are asked for by their own numbers."""
    CLOSED = "closed"
    """It can no longer be paid."""


class RefundState(StrEnum):
    UNKNOWN = "unknown"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What is to be paid."""

    order_no: str
    """6–32 of `[0-9A-Za-z_-]`, unique for ever."""
    amount: int
    """Fen, at least 1."""
    title: str
    expires_at: datetime
    notify_url: str
    return_url: str
    payer: str | None = field(default=None, repr=False)
    """The platform's name of the payer; None where the platform finds out itself."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How the client opens the payment: a native call with `params`, or a page."""

    kind: str
    params: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the platform says of an order."""

    order_no: str
    state: PayState
    amount: int | None = None
    """Fen the order is for, where the platform tells."""
    transaction: str | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """What is to be paid back."""

    refund_no: str
    order_no: str
    amount: int
    total: int
    reason: str
    notify_url: str


@dataclass(frozen=True, kw_only=True)
class RefundStanding:
    """What the platform says of a refund."""

    refund_no: str
    state: RefundState
    amount: int | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A verified notice. One of the two standings is set."""

    key: str
    """Equal for repeated deliveries."""
    payment: Standing | None = None
    refund: RefundStanding | None = None


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """What the platform wants to hear."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One line of a day's statement: a payment, or a refund when `refund_no` is set."""

    order_no: str
    amount: int
    """Fen, positive in both."""
    transaction: str
    refund_no: str | None = None


class PaymentProvider(Protocol):
    """A payment platform."""

    name: str
    needs_payer: str | None
    """The platform whose account must be bound, or None."""

    async def place(self, charge: Charge) -> Launch:
        """Open the order, or find it again under its number.

        Raises AlreadyPaid (query and settle), PaymentRefused, PlatformUnavailable, OutcomeUnknown
        (ask again under the same number, or query).
        """

    async def query(self, order_no: str) -> Standing:
        """How the order stands. Raises PlatformUnavailable."""

    async def close_order(self, order_no: str) -> None:
        """Make sure it can no longer be paid. Raises AlreadyPaid, PlatformUnavailable."""

    async def refund(self, refund: RefundOrder) -> RefundStanding:
        """Ask for money to go back. Raises PaymentRefused, PlatformUnavailable."""

    async def query_refund(self, refund_no: str, *, order_no: str) -> RefundStanding:
        """How the refund stands. Raises PlatformUnavailable."""

    def open_notice(self, callback: Callback) -> Notice | None:
        """The notice inside a callback; None for one that tells nothing we keep.

        Raises CallbackRefused before anything is believed.
        """

    def acknowledge(self, *, taken: bool) -> Acknowledgement:
        """The answer to a notice: taken, or send it again."""

    async def statement(self, day: date) -> list[StatementLine]:
        """Everything that went through on a day of Shanghai. Raises PlatformUnavailable."""

    async def close(self) -> None:
        """Give connections back."""
