"""A counter reads the code a citizen shows, and looks back at today's readings."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, paging
from api.edge.endpoint import endpoint
from api.shared.verdicts import CheckAnswer, checks_of
from core.data.pages import WrongPlace
from identity.errors import InvalidSignature
from services.cases.views import queries as case_queries
from services.guides.errors import ItemNotFound
from wallet.check import at_counter
from wallet.check.at_counter import CodeAnswer, Errand

bp = Blueprint("counter-verifications", url_prefix="/api/counter/verifications")


class ReadCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(max_length=20_000)]
    """What the scanner read, whatever it is: a text that is no code of ours is a verdict."""
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    item_code: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    """The item in hand: then only licences it asks for are shown, and only the fields it needs."""
    case_no: Annotated[str, msgspec.Meta(max_length=50, pattern="^[0-9A-Z-]*$")] | None = None


class ShownField(msgspec.Struct, kw_only=True):
    key: str
    label: str
    value: str


class ShownLicence(msgspec.Struct, kw_only=True):
    type: str
    name: str
    holder_masked: str
    number_masked: str
    issuer: str
    state: str
    valid_to: str | None
    fields: list[ShownField]


class VerificationAnswer(msgspec.Struct, kw_only=True):
    verification_id: UUID
    at: datetime
    kind: str
    """online, offline_pass or printed; empty when it was no code of ours."""
    verdict: str
    """valid, invalid or cannot_tell."""
    reasons: list[str]
    title: str
    next: str
    checks: list[CheckAnswer]
    licence: ShownLicence | None


class EarlierReading(msgspec.Struct, kw_only=True):
    verification_id: UUID
    at: datetime
    verdict: str
    reasons: list[str]
    title: str
    purpose: str
    licence_name: str | None


class EarlierReadings(msgspec.Struct, kw_only=True):
    verifications: list[EarlierReading]
    next: str | None
    """`after` of the next page; null on the last one."""


@bp.post("/")
@guards.counter
@endpoint(
    summary="Verify the code a citizen shows; bad codes are verdicts too",
    body=ReadCode,
    returns=VerificationAnswer,
    status=200,
    problems=(InvalidSignature, ItemNotFound),
)
async def read_code(request: Request, body: ReadCode) -> VerificationAnswer:
    found = await at_counter.verify_code(
        body.code,
        errand=await errand_of(body.purpose, body.item_code, body.case_no),
        by=request.ctx.principal,
        desk=request.app.ctx.resources.desk,
    )
    return answer_of(found)


@bp.get("/")
@guards.counter
@endpoint(
    summary="What this counter read today, newest first",
    query=paging.Page,
    returns=EarlierReadings,
    problems=(InvalidSignature, WrongPlace),
)
async def list_today(request: Request, query: paging.Page) -> EarlierReadings:
    found = await at_counter.list_today(
        by=request.ctx.principal, after=query.after, limit=query.limit
    )
    return EarlierReadings(
        verifications=[
            EarlierReading(
                verification_id=one.verification_id,
                at=one.at,
                verdict=one.verdict.verdict,
                reasons=list(one.verdict.reasons),
                title=one.verdict.title,
                purpose=one.purpose,
                licence_name=one.licence_name,
            )
            for one in found
        ],
        next=found.following,
    )


async def errand_of(purpose: str, item_code: str | None, case_no: str | None) -> Errand:
    """What the counter looks for, with what its item asks for. Raises ItemNotFound."""
    if not item_code:
        return Errand(purpose=purpose, case_no=case_no or None)
    item = await case_queries.get_item(item_code, case_no=case_no)
    return Errand(
        purpose=purpose,
        item_code=item_code,
        case_no=case_no or None,
        scope=case_queries.licence_types_of(item),
    )


def answer_of(found: CodeAnswer) -> VerificationAnswer:
    licence = found.licence
    shown = msgspec.convert(licence, ShownLicence, from_attributes=True) if licence else None
    return VerificationAnswer(
        verification_id=found.verification_id,
        at=found.at,
        kind=found.kind,
        verdict=found.verdict.verdict,
        reasons=list(found.verdict.reasons),
        title=found.verdict.title,
        next=found.verdict.next,
        checks=checks_of(found.verdict),
        licence=shown,
    )
