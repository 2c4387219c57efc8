"""Step-up by an enterprise certificate: a challenge, and its signature."""

from __future__ import annotations

import base64
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.citizen.accounts import Raised
from api.edge import bounds, guards, throttle
from api.edge.endpoint import endpoint
from identity import errors
from identity.log_in import certificates

bp = Blueprint("citizen-certificates", url_prefix="/api/citizen/certificate-step-ups")

TRIES_PER_MINUTE = 20
TRIES_PER_PERSON = 10
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=12_000)]


class CertificateChallenge(msgspec.Struct, kw_only=True):
    challenge_id: str
    to_sign: str
    """Sign its UTF-8 bytes with the organisation's key: SM2 over SM3, or ECDSA/RSA over SHA-256."""
    organisation: str
    seconds: int


class SignedChallenge(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    challenge_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    certificates: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=4)]
    """The organisation's first, then those that lead to its authority: base64 of DER, or PEM. A
    bundle (.p7b) counts as one and may hold them in any order."""
    signature: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    """Base64; ECDSA and SM2 values in DER."""


@bp.post("/")
@guards.citizen
@endpoint(
    summary="Start confirming with the certificate of the organisation I act for",
    returns=CertificateChallenge,
    status=201,
    problems=(errors.CertificateUnavailable, errors.NotActingFor),
)
async def begin(request: Request) -> CertificateChallenge:
    resources = request.app.ctx.resources
    challenge = await certificates.begin(
        checker=resources.certificates, redis=resources.redis, by=request.ctx.principal
    )
    return CertificateChallenge(
        challenge_id=challenge.id,
        to_sign=challenge.to_sign,
        organisation=challenge.organisation,
        seconds=challenge.seconds,
    )


@bp.post("/confirmation")
@guards.citizen
@endpoint(
    summary="The challenge was signed",
    body=SignedChallenge,
    largest=160 * bounds.KIBIBYTE,
    returns=Raised,
    problems=(
        errors.CertificateUnavailable,
        errors.CertificateRefused,
        errors.ProofExpired,
        throttle.TooManyTries,
    ),
)
async def finish(request: Request, body: SignedChallenge) -> Raised:
    await throttle.per_address(request, "certificate", limit=TRIES_PER_MINUTE)
    await throttle.per_account(
        request, "certificate", str(request.ctx.principal.person_id), limit=TRIES_PER_PERSON
    )
    resources = request.app.ctx.resources
    level = await certificates.finish(
        body.challenge_id,
        chain=[_decoded(one) for one in body.certificates],
        signature=_decoded(body.signature),
        checker=resources.certificates,
        redis=resources.redis,
        by=request.ctx.principal,
    )
    return Raised(assurance=int(level))


def _decoded(text: str) -> bytes:
    """Base64 with or without the lines of PEM around it. Raises CertificateRefused."""
    lines = [line for line in text.splitlines() if not line.startswith("-----")]
    try:
        return base64.b64decode("".join("".join(lines).split()), validate=True)
    except ValueError:  # binascii.Error is one
        raise errors.CertificateRefused() from None
