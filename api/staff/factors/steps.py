"""The second step of an officer's sign-in: the password was right, the factor is still to come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.edge import guards, throttle
from api.edge.endpoint import JSON, endpoint
from api.staff.sign_in import StaffSignedIn, signed_in
from identity import errors
from identity.factors import errors as factor_errors
from identity.factors import passkeys, recovery, second_step

bp = Blueprint("staff-second-step", url_prefix="/api/staff/sessions")

TRIES_PER_MINUTE = 60
"""From one address, which many officers of an office share."""

Ticket = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
"""Six digits; spaces between and digits of full width are understood."""


Bytes = Annotated[str, msgspec.Meta(min_length=1, max_length=2048, pattern="^[A-Za-z0-9_-]*$")]
"""Base64url without padding. The id of a credential has 1,023 bytes at most."""


class OfTicket(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ticket: Ticket


class Recovery(msgspec.Struct, kw_only=True):
    state: str
    """`asked`, `confirmed`"""
    expires_at: datetime


class PasskeyChallenge(msgspec.Struct, kw_only=True):
    challenge: str
    rp_id: str
    credentials: list[str]
    """The keys that may answer."""
    seconds: int


class StepByPasskey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What `navigator.credentials.get` gave, in base64url."""

    ticket: Ticket
    credential_id: Bytes
    client_data: Bytes
    authenticator_data: Bytes
    signature: Bytes


class StepByCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ticket: Ticket
    code: Code


@bp.post("/code")
@guards.public
@endpoint(
    summary="Finish a sign-in by a one-time code",
    body=StepByCode,
    returns=StaffSignedIn,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(
        factor_errors.SecondStepExpired,
        factor_errors.CodeRefused,
        factor_errors.CodeOutOfTime,
        factor_errors.CodeUsed,
        factor_errors.TooManyCodes,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def finish_by_code(request: Request, body: StepByCode) -> HTTPResponse:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-second-step", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    issued = await second_step.by_code(
        body.ticket,
        body.code,
        redis=resources.redis,
        idle_minutes=resources.settings.session_minutes,
    )
    return await signed_in(request, issued)


@bp.post("/passkey-challenge")
@guards.public
@endpoint(
    summary="A challenge for a passkey, in place of a former one",
    body=OfTicket,
    returns=PasskeyChallenge,
    problems=(
        factor_errors.SecondStepExpired,
        factor_errors.FactorNotFound,
        factor_errors.PasskeyUnavailable,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def ask_challenge(request: Request, body: OfTicket) -> PasskeyChallenge:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-second-step", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    made = await second_step.challenge(
        body.ticket,
        party=passkeys.party_of(resources.settings.public_url),
        redis=resources.redis,
    )
    return PasskeyChallenge(
        challenge=made.challenge,
        rp_id=made.rp_id,
        credentials=made.credentials,
        seconds=made.seconds,
    )


@bp.post("/passkey")
@guards.public
@endpoint(
    summary="Finish a sign-in by a passkey",
    body=StepByPasskey,
    returns=StaffSignedIn,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(
        factor_errors.SecondStepExpired,
        factor_errors.PasskeyRefused,
        factor_errors.PasskeyCloned,
        factor_errors.ForeignOrigin,
        factor_errors.PasskeyUnavailable,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def finish_by_passkey(request: Request, body: StepByPasskey) -> HTTPResponse:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-second-step", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    issued = await second_step.by_passkey(
        body.ticket,
        passkeys.Assertion(
            credential_id=body.credential_id,
            client_data=body.client_data,
            authenticator_data=body.authenticator_data,
            signature=body.signature,
        ),
        party=passkeys.party_of(resources.settings.public_url),
        redis=resources.redis,
        idle_minutes=resources.settings.session_minutes,
    )
    return await signed_in(request, issued)


@bp.post("/recovery-request")
@guards.public
@endpoint(
    summary="Ask two others to let one in without the factors that were lost",
    body=OfTicket,
    returns=Recovery,
    problems=(
        factor_errors.SecondStepExpired,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def ask_recovery(request: Request, body: OfTicket) -> Recovery:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-second-step", limit=TRIES_PER_MINUTE)
    asked = await recovery.ask(body.ticket, redis=request.app.ctx.resources.redis)
    return Recovery(state=asked.state.value, expires_at=asked.expires_at)


@bp.post("/recovery")
@guards.public
@endpoint(
    summary="Go on to enrol anew, once two others have confirmed",
    body=OfTicket,
    returns=StaffSignedIn,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(
        factor_errors.SecondStepExpired,
        factor_errors.RecoveryNotOpen,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def enter_recovery(request: Request, body: OfTicket) -> HTTPResponse:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-second-step", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    issued = await recovery.enter(
        body.ticket,
        redis=resources.redis,
        idle_minutes=resources.settings.session_minutes,
    )
    return await signed_in(request, issued)
