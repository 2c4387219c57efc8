"""Enterprises post an OFD or PDF document and learn whether its seals hold."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency
from api.edge.endpoint import endpoint
from api.public.transparency import LogProofAnswer, proof_answer
from api.shared.verdicts import CheckAnswer, checks_of
from core import offload
from identity.errors import InvalidSignature, QuotaSpent
from identity.systems.clients import Scope
from wallet import errors
from wallet.check import documents
from wallet.check.documents import DocumentAnswer
from wallet.log import transparency

bp = Blueprint("enterprise-seal-verifications", url_prefix="/api/enterprise/v1/seal-verifications")

LARGEST_DOCUMENT = 32 * 1024 * 1024
"""Bytes of an OFD or PDF to verify; it is held in memory, after its sender is known."""


class LicenceStatusAnswer(msgspec.Struct, kw_only=True):
    name: str
    identifier: str
    state: str
    state_text: str
    valid_to: str | None


class SealVerification(msgspec.Struct, kw_only=True):
    id: UUID
    at: datetime
    digest: str
    """SHA-256 of the posted bytes, in hexadecimal."""
    verdict: str
    """valid, invalid or cannot_tell."""
    reasons: list[str]
    title: str
    next: str
    checks: list[CheckAnswer]
    signatures: list[dict[str, Any]]
    """Who sealed, with what, when, as the document states it; trust it by the verdict."""
    licence_status: LicenceStatusAnswer | None
    """The register's word, when the document is a licence issued here."""
    log_proof: LogProofAnswer | None
    """That the licence stands in the public log; None for others, and in the first seconds."""


class Posted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """File name, for the caller's own records; it is not kept."""
    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Why the document is checked; its holder can read this."""


@bp.post("/")
@guards.client(Scope.SEALS)
@endpoint(
    summary="Verify the seals of an OFD or PDF document",
    query=Posted,
    returns=SealVerification,
    accepts=("application/ofd", "application/pdf", "application/octet-stream"),
    status=200,
    problems=(
        errors.UnreadableDocument,
        *offload.PROBLEMS,
        errors.RequestKeyReused,
        InvalidSignature,
        QuotaSpent,
    ),
    idempotent=True,
    largest=LARGEST_DOCUMENT,
)
async def verify_seals(request: Request, query: Posted) -> SealVerification:
    answer = await documents.verify_document(
        request.body or b"",
        by=request.ctx.principal,
        trust=request.app.ctx.resources.trust,
        purpose=query.purpose,
        request_key=idempotency.key_of(request),
    )
    return await _answer(answer)


@bp.get("/<verification_id:uuid>")
@guards.client(Scope.SEALS)
@endpoint(
    summary="An earlier verification of this client",
    returns=SealVerification,
    problems=(errors.VerificationNotFound, InvalidSignature, QuotaSpent),
)
async def get_verification(request: Request, verification_id: UUID) -> SealVerification:
    answer = await documents.get_document_answer(verification_id, by=request.ctx.principal)
    return await _answer(answer)


async def _answer(found: DocumentAnswer) -> SealVerification:
    known = found.licence_status
    proof = await transparency.proof_of(known.identifier) if known else None
    return SealVerification(
        id=found.id,
        at=found.at,
        digest=found.digest,
        verdict=found.verdict.verdict,
        reasons=list(found.verdict.reasons),
        title=found.verdict.title,
        next=found.verdict.next,
        checks=checks_of(found.verdict),
        signatures=[dict(signature) for signature in found.signatures],
        licence_status=(
            msgspec.convert(known, LicenceStatusAnswer, from_attributes=True) if known else None
        ),
        log_proof=proof_answer(proof),
    )
