"""The operator's side: connectors, channels, payments and reconciliation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.bounds import LARGEST_INT
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity import channels
from identity import errors as identity_errors
from identity.staff.roles import Act
from miniapp_bridge.connector import Connector
from miniapp_bridge.errors import PlatformUnavailable
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.wechat import quota
from payments import errors, queries, refunds

bp = Blueprint("staff-operations", url_prefix="/api/staff")


class CallLine(msgspec.Struct, kw_only=True):
    call: str
    total: int
    failed: int
    milliseconds: int
    outcomes: dict[str, int]


class TokenLine(msgspec.Struct, kw_only=True):
    kind: str
    generation: int
    age_seconds: int
    left_seconds: int


class QuotaLine(msgspec.Struct, kw_only=True):
    call: str
    limit: int
    used: int


class ConnectorLine(msgspec.Struct, kw_only=True):
    platform: str
    calls: list[CallLine]
    open_circuits: dict[str, int]
    """Call → seconds until it is tried again (this worker)."""
    tokens: list[TokenLine]
    quotas: list[QuotaLine]


class Connectors(msgspec.Struct, kw_only=True):
    connectors: list[ConnectorLine]


class ChannelLine(msgspec.Struct, kw_only=True):
    key: str
    name: str
    platform: str
    open: bool
    content_check: bool | None
    """Whether the platform judges what is handed in there; null where it never does."""
    mini_codes: bool
    """Whether codes that open an item there can be printed."""
    link: str
    counts: dict[str, int]


class Channels(msgspec.Struct, kw_only=True):
    channels: list[ChannelLine]


class SwitchChannel(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    open: bool | None = None
    content_check: bool | None = None
    """What is absent stays as it is."""


class PaymentRow(msgspec.Struct, kw_only=True):
    id: UUID
    case_text: str
    title: str
    department: str
    amount: int
    refunded: int
    refundable: int
    state: str
    provider: str | None
    order_no: str | None
    created_at: datetime
    paid_at: datetime | None


class DifferenceRow(msgspec.Struct, kw_only=True):
    id: UUID
    kind: str
    number: str
    ours: int | None
    theirs: int | None


class DifferenceRows(msgspec.Struct, kw_only=True):
    differences: list[DifferenceRow]
    next: str | None
    """`after` of the next page; null on the last one."""


class StatementRow(msgspec.Struct, kw_only=True):
    id: UUID
    provider: str
    day: date
    lines: int
    paid: int
    refunded: int
    mended: int
    differing: int
    """How many differences are left."""


class Statements(msgspec.Struct, kw_only=True):
    statements: list[StatementRow]
    next: str | None
    """`after` of the next page; null on the last one."""


class Payments(msgspec.Struct, kw_only=True):
    payments: list[PaymentRow]
    next: str | None
    """`after` of the next page; null on the last one."""


class AskRefund(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    amount: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_INT)]
    """Fen."""
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]


class RefundAsked(msgspec.Struct, kw_only=True):
    refund_no: str


@bp.get("/connectors")
@guards.officer(Act.OPERATE)
@endpoint(summary="How the platforms answer", returns=Connectors)
async def list_connectors(request: Request) -> Connectors:
    resources = request.app.ctx.resources
    sources = {**resources.connectors, **resources.providers}
    return Connectors(
        connectors=[
            await _line(name, source)
            for name, source in sources.items()
            if hasattr(source, "meter")
        ]
    )


@bp.get("/channels")
@guards.officer(Act.OPERATE)
@endpoint(summary="Channels, their switches and how much they are used", returns=Channels)
async def list_channels(request: Request) -> Channels:
    public_url: str = request.app.ctx.resources.settings.public_url
    return Channels(
        channels=[
            ChannelLine(
                key=view.channel.key,
                name=view.channel.name,
                platform=view.channel.platform,
                open=view.open,
                content_check=view.content_check if view.channel.content_check else None,
                mini_codes=view.channel.mini_codes,
                link=channels.deep_link(view.channel, "/", public_url=public_url),
                counts=dict(view.counts),
            )
            for view in await channels.list_channels()
        ]
    )


@bp.put("/channels/<key:str>")
@guards.officer(Act.OPERATE)
@endpoint(
    summary="Open or close a channel, or its content check",
    body=SwitchChannel,
    problems=(identity_errors.ChannelNotFound,),
)
async def switch_channel(request: Request, key: str, body: SwitchChannel) -> None:
    channels.get_channel(key)
    by = request.ctx.principal
    if body.open is not None:
        await channels.switch(key, to=body.open, by=by)
    if body.content_check is not None:
        await channels.switch_content_check(key, to=body.content_check, by=by)


@bp.get("/payments")
@guards.officer(Act.READ_PAYMENTS)
@endpoint(
    summary="Payments, newest first",
    query=paging.Page,
    returns=Payments,
    problems=(WrongPlace,),
)
async def list_payments(request: Request, query: paging.Page) -> Payments:
    by = request.ctx.principal
    found = await queries.list_payments(by, after=query.after, limit=query.limit)
    rows = [
        PaymentRow(
            id=line.bill.id,
            case_text=line.bill.case_text,
            title=line.bill.title,
            department=line.bill.department,
            amount=line.bill.amount,
            refunded=line.bill.refunded,
            refundable=line.refundable,
            state=line.bill.state,
            provider=line.provider,
            order_no=line.order_no,
            created_at=line.bill.created_at,
            paid_at=line.bill.paid_at,
        )
        for line in found
    ]
    return Payments(payments=rows, next=found.following)


@bp.get("/payments/statements")
@guards.officer(Act.READ_PAYMENTS)
@endpoint(
    summary="Days compared with the platforms' statements; none for officers of one department",
    query=paging.Page,
    returns=Statements,
    problems=(WrongPlace,),
)
async def list_statements(request: Request, query: paging.Page) -> Statements:
    by = request.ctx.principal
    found = await queries.list_statements(by, after=query.after, limit=query.limit)
    rows = [msgspec.convert(one, StatementRow, from_attributes=True) for one in found]
    return Statements(statements=rows, next=found.following)


@bp.get("/payments/statements/<statement_id:uuid>/differences")
@guards.officer(Act.OPERATE)
@endpoint(
    summary="What a statement and our books do not agree on",
    query=paging.Page,
    returns=DifferenceRows,
    problems=(WrongPlace,),
)
async def list_differences(
    request: Request, statement_id: UUID, query: paging.Page
) -> DifferenceRows:
    by = request.ctx.principal
    found = await queries.list_differences(statement_id, by, after=query.after, limit=query.limit)
    rows = [msgspec.convert(one, DifferenceRow, from_attributes=True) for one in found]
    return DifferenceRows(differences=rows, next=found.following)


@bp.post("/payments/<bill_id:uuid>/refunds")
@guards.officer(Act.REFUND)
@endpoint(
    summary="Give money back",
    body=AskRefund,
    returns=RefundAsked,
    status=201,
    idempotent=True,
    problems=(errors.BillNotFound, errors.BillSettled, errors.AmountNotRefundable),
)
async def ask_refund(request: Request, bill_id: UUID, body: AskRefund) -> RefundAsked:
    by = request.ctx.principal
    number = await idempotency.effect(
        request,
        lambda asked: refunds.ask_back(
            bill_id, amount=body.amount, reason=body.reason, by=by, asked=asked
        ),
        str,
    )
    return RefundAsked(refund_no=number)


async def _line(name: str, source: Connector) -> ConnectorLine:
    calls = [
        CallLine(
            call=one.call,
            total=one.total,
            failed=one.failed,
            milliseconds=one.milliseconds,
            outcomes=one.outcomes,
        )
        for one in await source.meter.read()  # type: ignore[attr-defined]
    ]
    line = ConnectorLine(platform=name, calls=calls, open_circuits={}, tokens=[], quotas=[])
    if isinstance(source, WeChatConnector):
        line.open_circuits = source.open_circuits()
        line.tokens = [
            TokenLine(
                kind=age.kind,
                generation=age.generation,
                age_seconds=age.age_seconds,
                left_seconds=age.left_seconds,
            )
            for age in [await source.api.tokens.age(), await source.api.tickets.age()]
            if age is not None
        ]
        line.quotas = await _quotas(source)
    return line


async def _quotas(source: WeChatConnector) -> list[QuotaLine]:
    """What is left of the day; nothing when the platform does not say just now."""
    try:
        found = await quota.read(source.api)
    except PlatformUnavailable:
        return []
    return [QuotaLine(call=one.call, limit=one.limit, used=one.used) for one in found]
