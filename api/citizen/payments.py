"""What a citizen owes and has paid. Money in fen; success is what the platform says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from miniapp_bridge import errors as platform_errors
from payments import errors, orders, queries
from payments.queries import BillView

bp = Blueprint("citizen-payments", url_prefix="/api/citizen")

WAY_NAMES = {"wechat_pay": "微信支付", "alipay_trade": "支付宝", "cashier": "财政统一收银台"}


class Bill(msgspec.Struct, kw_only=True):
    id: UUID
    case_id: UUID
    case_text: str
    title: str
    amount: int
    refunded: int
    state: str
    created_at: datetime
    paid_at: datetime | None


class PayWay(msgspec.Struct, kw_only=True):
    provider: str
    name: str


class Bills(msgspec.Struct, kw_only=True):
    bills: list[Bill]
    """Mine, then those of each organisation I act for; the newest first."""
    next: str | None
    """`after` of the next page; null on the last one."""
    ways: list[PayWay]


class StartPayment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    provider: Annotated[str, msgspec.Meta(max_length=24)]


class Launch(msgspec.Struct, kw_only=True):
    order_no: str
    kind: str
    """`wechat`: wx.requestPayment. `alipay`: my.tradePay. `page`: open `url`."""
    params: dict[str, str]


class RefundLine(msgspec.Struct, kw_only=True):
    refund_no: str
    amount: int
    state: str


class Receipt(msgspec.Struct, kw_only=True):
    bill: Bill
    order_no: str
    way: str
    transaction: str | None
    refunds: list[RefundLine]


def bill_of(view: BillView) -> Bill:
    return Bill(
        id=view.id,
        case_id=view.case_id,
        case_text=view.case_text,
        title=view.title,
        amount=view.amount,
        refunded=view.refunded,
        state=view.state,
        created_at=view.created_at,
        paid_at=view.paid_at,
    )


@bp.get("/bills")
@guards.citizen
@endpoint(
    summary="What I owe and have paid", query=paging.Page, returns=Bills, problems=(WrongPlace,)
)
async def list_bills(request: Request, query: paging.Page) -> Bills:
    found = await queries.list_bills(request.ctx.principal, after=query.after, limit=query.limit)
    ways = [
        PayWay(provider=name, name=WAY_NAMES.get(name, name))
        for name in request.app.ctx.resources.providers
    ]
    return Bills(bills=[bill_of(view) for view in found], next=found.following, ways=ways)


@bp.post("/bills/<bill_id:uuid>/orders")
@guards.citizen
@endpoint(
    summary="Start paying",
    body=StartPayment,
    returns=Launch,
    status=201,
    problems=(
        errors.BillNotFound,
        errors.BillSettled,
        errors.UnknownProvider,
        errors.PayerNotBound,
        platform_errors.PaymentRefused,
        platform_errors.PlatformUnavailable,
        platform_errors.OutcomeUnknown,
        platform_errors.CircuitOpen,
        platform_errors.PlatformBusy,
    ),
)
async def start_payment(request: Request, bill_id: UUID, body: StartPayment) -> Launch:
    resources = request.app.ctx.resources
    started = await orders.start(
        bill_id,
        provider=body.provider,
        providers=resources.providers,
        public_url=resources.settings.public_url,
        redis=resources.redis,
        by=request.ctx.principal,
    )
    return Launch(
        order_no=started.order_no, kind=started.launch.kind, params=dict(started.launch.params)
    )


@bp.post("/bills/<bill_id:uuid>/refresh")
@guards.citizen
@endpoint(
    summary="Ask the platform how my payment stands",
    returns=Bill,
    problems=(
        errors.BillNotFound,
        platform_errors.PlatformUnavailable,
        platform_errors.OutcomeUnknown,
        platform_errors.CircuitOpen,
    ),
)
async def refresh(request: Request, bill_id: UUID) -> Bill:
    principal = request.ctx.principal
    view = await queries.get_bill(bill_id, by=principal)
    order_no = await queries.open_order_no(bill_id)
    if view.state == "due" and order_no is not None:
        await orders.ask(order_no, providers=request.app.ctx.resources.providers)
        view = await queries.get_bill(bill_id, by=principal)
    return bill_of(view)


@bp.get("/bills/<bill_id:uuid>/receipt")
@guards.citizen
@endpoint(
    summary="Proof of a payment",
    returns=Receipt,
    problems=(errors.BillNotFound, errors.ReceiptNotFound),
)
async def get_receipt(request: Request, bill_id: UUID) -> Receipt:
    view = await queries.get_receipt(bill_id, by=request.ctx.principal)
    return Receipt(
        bill=bill_of(view.bill),
        order_no=view.order_no,
        way=WAY_NAMES.get(view.provider, view.provider),
        transaction=view.transaction,
        refunds=[
            RefundLine(refund_no=number, amount=amount, state=state)
            for number, amount, state in view.refunds
        ],
    )
