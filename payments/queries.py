"""Reading bills, receipts, payments of a department, statements and differences."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.data import pages
from core.data.pages import Page, Section
from identity import queries as identity_queries
from identity.principal import Principal
from identity.staff.roles import Act, allows, insist
from payments import errors
from payments.lifecycle import BillState, refundable
from payments.models import Bill, Difference, Order, Refund, Statement

SHOWN = 100
_KEYS = ("created_at", "id")


@dataclass(frozen=True, kw_only=True)
class BillView:
    """A bill as the person who pays sees it. Money in fen."""

    id: UUID
    case_id: UUID
    case_text: str
    title: str
    department: str
    amount: int
    refunded: int
    state: str
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ReceiptView:
    """Proof of a payment."""

    bill: BillView
    order_no: str
    provider: str
    transaction: str | None
    refunds: tuple[tuple[str, int, str], ...]
    """Number, fen, state."""


@dataclass(frozen=True, kw_only=True)
class PaymentLine:
    """A bill as the operator sees it."""

    bill: BillView
    provider: str | None
    order_no: str | None
    refundable: int


@dataclass(frozen=True, kw_only=True)
class StatementView:
    """A compared day."""

    id: UUID
    provider: str
    day: date
    lines: int
    paid: int
    refunded: int
    mended: int
    differing: int
    """How many differences are left; `list_differences` tells them."""


@dataclass(frozen=True, kw_only=True)
class DifferenceView:
    """What a statement and our books do not agree on. Money in fen."""

    id: UUID
    kind: str
    number: str
    ours: int | None
    theirs: int | None


async def list_bills(
    by: Principal, *, after: str | None = None, limit: int = SHOWN
) -> Page[BillView]:
    """What the person, and then each organisation acted for, owes, and then what is settled.

    Each the newest first. Raises WrongPlace.
    """
    links = await identity_queries.list_organisations(by.person_id)
    owing = [by.person_id, *sorted(link.id for link in links)]
    of = {one: Bill.filter(subject_id=one) for one in dict.fromkeys(owing)}
    due = [Section(f"due.{one}", of[one].filter(state=BillState.DUE), _KEYS) for one in of]
    rest = [Section(f"bills.{one}", of[one].exclude(state=BillState.DUE), _KEYS) for one in of]
    return (await pages.read(*due, *rest, after=after, limit=limit)).map(_view)


async def get_bill(bill_id: UUID, *, by: Principal) -> BillView:
    """Raises BillNotFound, also for somebody else's."""
    return _view(await own_bill(bill_id, by=by))


async def own_bill(bill_id: UUID, *, by: Principal) -> Bill:
    """A bill whose applicant the person is, or may act for today. Raises BillNotFound."""
    bill = await Bill.get_or_none(id=bill_id)
    if bill is None or not await _may_pay(bill, by=by):
        raise errors.BillNotFound()
    return bill


async def _may_pay(bill: Bill, *, by: Principal) -> bool:
    if bill.subject_id == by.person_id:
        return True
    return await identity_queries.may_act_for(by.person_id, bill.subject_id)


async def open_order_no(bill_id: UUID) -> str | None:
    """The newest order of a bill, to ask after it."""
    row = await Order.filter(bill_id=bill_id).order_by("-created_at").first()
    return None if row is None else row.order_no


async def get_receipt(bill_id: UUID, *, by: Principal) -> ReceiptView:
    """Raises BillNotFound, ReceiptNotFound (not paid)."""
    bill = await get_bill(bill_id, by=by)
    row = await Bill.get(id=bill_id)
    if row.paid_by_order is None:
        raise errors.ReceiptNotFound()
    order = await Order.get(order_no=row.paid_by_order)
    refunds = await Refund.filter(order_id=order.id).order_by("created_at")
    return ReceiptView(
        bill=bill,
        order_no=order.order_no,
        provider=order.provider,
        transaction=order.transaction,
        refunds=tuple((one.refund_no, one.amount, one.state.value) for one in refunds),
    )


async def list_payments(
    by: Principal, *, after: str | None = None, limit: int = SHOWN
) -> Page[PaymentLine]:
    """Bills of the officer's department, the newest first; a supervisor of all sees all.

    Raises RoleMissing, WrongPlace.
    """
    insist(by, Act.READ_PAYMENTS)
    query = Bill.all() if by.department is None else Bill.filter(department=by.department)
    rows = await pages.read(Section("payments", query, _KEYS), after=after, limit=limit)
    numbers = [row.paid_by_order for row in rows if row.paid_by_order]
    orders = {one.order_no: one for one in await Order.filter(order_no__in=numbers or [""])}
    return rows.map(lambda row: _payment(row, orders.get(row.paid_by_order or "")))


async def list_statements(
    by: Principal, *, after: str | None = None, limit: int = 20
) -> Page[StatementView]:
    """Compared days, the newest first; the city's, so that a department's officer sees none.

    Raises WrongPlace.
    """
    if not allows(by, Act.OPERATE):
        return Page()
    days = Section("statements", Statement.all(), ("day", "provider"))
    return (await pages.read(days, after=after, limit=limit)).map(
        lambda row: StatementView(
            id=row.id,
            provider=row.provider,
            day=row.day,
            lines=row.lines,
            paid=row.paid,
            refunded=row.refunded,
            mended=row.mended,
            differing=row.differing,
        )
    )


async def list_differences(
    statement_id: UUID, by: Principal, *, after: str | None = None, limit: int = 20
) -> Page[DifferenceView]:
    """What is left of one comparison, by number; nothing of one that is not there.

    Raises RoleMissing, WrongPlace.
    """
    insist(by, Act.OPERATE)
    rows = Difference.filter(statement_id=statement_id)
    left = Section("differences", rows, ("number", "id"), newest_first=False)
    return (await pages.read(left, after=after, limit=limit)).map(
        lambda row: DifferenceView(
            id=row.id, kind=row.kind.value, number=row.number, ours=row.ours, theirs=row.theirs
        )
    )


def _view(row: Bill) -> BillView:
    return BillView(
        id=row.id,
        case_id=row.case_id,
        case_text=row.case_text,
        title=row.title,
        department=row.department,
        amount=row.amount,
        refunded=row.refunded,
        state=row.state.value,
        created_at=row.created_at,
        paid_at=row.paid_at,
    )


def _payment(row: Bill, order: Order | None) -> PaymentLine:
    left = refundable(amount=row.amount, reserved=row.reserved)
    return PaymentLine(
        bill=_view(row),
        provider=order.provider if order else None,
        order_no=order.order_no if order else None,
        refundable=left if row.state is BillState.PAID else 0,
    )
