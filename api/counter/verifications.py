"""A counter reads the code a citizen shows, and looks back at today's readings."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api import guards
from api.endpoint import endpoint
from api.verdicts import CheckAnswer, checks_of
from identity.errors import InvalidSignature
from wallet import verify
from wallet.verify import CodeAnswer

bp = Blueprint("counter-verifications", url_prefix="/api/counter/verifications")


class ReadCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(max_length=20_000)]
    """What the scanner read, whatever it is: a text that is no code of ours is a verdict."""
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    item_code: Annotated[str, msgspec.Meta(max_length=40)] | None = None


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


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


@bp.post("/")
@guards.counter
@endpoint(
    summary="Verify the code a citizen shows; bad codes are verdicts too",
    body=ReadCode,
    returns=VerificationAnswer,
    status=200,
    problems=(InvalidSignature,),
)
async def read_code(request: Request, body: ReadCode) -> VerificationAnswer:
    resources = request.app.ctx.resources
    found = await verify.verify_code(
        body.code,
        purpose=body.purpose,
        item_code=body.item_code,
        by=request.ctx.principal,
        redis=resources.redis,
        blobs=resources.blobs,
        trust=resources.trust,
    )
    return _answer(found)


@bp.get("/")
@guards.counter
@endpoint(
    summary="What this counter read today, newest first",
    query=Wanted,
    returns=EarlierReadings,
    problems=(InvalidSignature,),
)
async def list_today(request: Request, query: Wanted) -> EarlierReadings:
    found = await verify.list_today(by=request.ctx.principal, limit=query.limit)
    return EarlierReadings(
        verifications=[
            EarlierReading(
                verification_id=one.verification_id,
                at=one.at,
                verdict=one.verdict.verdict,
                reasons=list(one.verdict.reasons),
                title=one.verdict.title,
                purpose=one.purpose,
                licence_name=one.licence.name if one.licence else None,
            )
            for one in found
        ]
    )


def _answer(found: CodeAnswer) -> VerificationAnswer:
    licence = found.licence
    shown = msgspec.convert(licence, ShownLicence, from_attributes=True) if licence else None
    return VerificationAnswer(
        verification_id=found.verification_id,
        at=found.at,
        verdict=found.verdict.verdict,
        reasons=list(found.verdict.reasons),
        title=found.verdict.title,
        next=found.verdict.next,
        checks=checks_of(found.verdict),
        licence=shown,
    )
