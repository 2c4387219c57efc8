"""Enterprises ask whether values they were given belong to a licence in force."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency
from api.edge.endpoint import endpoint
from api.shared.verdicts import CheckAnswer, checks_of
from identity.errors import InvalidSignature, QuotaSpent, TooManyGuesses
from identity.systems.clients import Scope
from wallet.check import documents

bp = Blueprint(
    "enterprise-licence-verifications", url_prefix="/api/enterprise/v1/licence-verifications"
)


class ClaimedLicence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    identifier: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    holder_name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Why the licence is checked; its holder can read this."""


class LicenceVerification(msgspec.Struct, kw_only=True):
    id: UUID
    at: datetime
    verdict: str
    """valid, invalid or cannot_tell."""
    reasons: list[str]
    title: str
    next: str
    checks: list[CheckAnswer]
    state: str | None
    """None unless all three values belong together."""
    state_text: str | None


@bp.post("/")
@guards.client(Scope.LICENCES)
@endpoint(
    summary="Do identifier, number and holder belong together, and is the licence in force?",
    body=ClaimedLicence,
    returns=LicenceVerification,
    status=200,
    problems=(InvalidSignature, QuotaSpent, TooManyGuesses),
    idempotent=True,
)
async def verify_licence(request: Request, body: ClaimedLicence) -> LicenceVerification:
    found = await idempotency.effect(
        request,
        lambda asked: documents.verify_values(
            identifier=body.identifier,
            number=body.number,
            holder_name=body.holder_name,
            by=request.ctx.principal,
            purpose=body.purpose,
            asked=asked,
        ),
        documents.ValuesAnswer,
    )
    return LicenceVerification(
        id=found.id,
        at=found.at,
        verdict=found.verdict.verdict,
        reasons=list(found.verdict.reasons),
        title=found.verdict.title,
        next=found.verdict.next,
        checks=checks_of(found.verdict),
        state=found.state,
        state_text=found.state_text,
    )
