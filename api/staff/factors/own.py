"""What an officer signs in with: the list, enrolling a factor, removing one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.staff.factors.steps import Bytes, Code
from core.settings import Settings
from identity import queries
from identity.factors import errors, holding, one_time, passkeys
from identity.factors.relying_party import relying_party
from identity.log_in import sign_in_log

bp = Blueprint("staff-factors", url_prefix="/api/staff/factors")


class Factor(msgspec.Struct, kw_only=True):
    way: str
    """`totp` or `passkey`"""
    id: UUID | None
    name: str
    created_at: datetime
    last_used_at: datetime | None
    locked_at: datetime | None
    """Since when a passkey is refused because there seem to be two of it."""


class NotedSignIn(msgspec.Struct, kw_only=True):
    at: datetime
    via: str
    device: str
    address: str


class Factors(msgspec.Struct, kw_only=True):
    staff_no: str
    required: bool
    must_enrol: bool
    """This session opens nothing else."""
    passkeys: bool
    """Whether passkeys can be used from our public address."""
    may_change_until: datetime | None
    """Until when this session may enrol and remove; None when it may not (sign in again)."""
    factors: list[Factor]
    sign_ins: list[NotedSignIn]


class OneTimeEnrolment(msgspec.Struct, kw_only=True):
    id: str
    secret: str
    uri: str
    """For the code that an app reads."""
    seconds: int


class FirstCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    code: Code


class PasskeyEnrolment(msgspec.Struct, kw_only=True):
    """What `navigator.credentials.create` needs; bytes in base64url."""

    id: str
    challenge: str
    rp_id: str
    user_id: str
    staff_no: str
    name: str
    algorithms: list[int]
    """COSE numbers, the preferred first."""
    known: list[str]
    """Keys that are enrolled already."""
    seconds: int


class NewPasskey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(max_length=40)]
    credential_id: Bytes
    client_data: Bytes
    attestation: Annotated[
        str, msgspec.Meta(min_length=1, max_length=8192, pattern="^[A-Za-z0-9_-]*$")
    ]


@bp.get("")
@guards.officer_enrolling
@endpoint(summary="What I sign in with, and when somebody did", returns=Factors)
async def list_factors(request: Request) -> Factors:
    return await _factors(request)


@bp.post("/totp")
@guards.officer_enrolling
@endpoint(
    summary="A new secret for an app of one-time codes",
    returns=OneTimeEnrolment,
    problems=(
        errors.FreshSignInRequired,
        errors.RecoveryNotOpen,
    ),
)
async def begin_one_time(request: Request) -> OneTimeEnrolment:
    principal = request.ctx.principal
    officer = await queries.get_officer(principal.id)
    begun = await one_time.begin(
        staff_no=officer.staff_no, redis=request.app.ctx.resources.redis, by=principal
    )
    return OneTimeEnrolment(id=begun.id, secret=begun.secret, uri=begun.uri, seconds=begun.seconds)


@bp.post("/totp/confirmation")
@guards.officer_enrolling
@endpoint(
    summary="Take the app into use by its first code",
    body=FirstCode,
    returns=Factors,
    problems=(
        errors.FreshSignInRequired,
        errors.RecoveryNotOpen,
        errors.SecondStepExpired,
        errors.CodeRefused,
        errors.CodeOutOfTime,
    ),
)
async def confirm_one_time(request: Request, body: FirstCode) -> Factors:
    redis = request.app.ctx.resources.redis
    await one_time.confirm(body.id, body.code, redis=redis, by=request.ctx.principal)
    return await _factors(request)


@bp.delete("/totp")
@guards.officer_enrolling
@endpoint(
    summary="Give the app up",
    returns=Factors,
    problems=(
        errors.FreshSignInRequired,
        errors.RecoveryNotOpen,
        errors.FactorNotFound,
        errors.LastFactor,
    ),
)
async def remove_one_time(request: Request) -> Factors:
    await one_time.remove(required=_required(request), by=request.ctx.principal)
    return await _factors(request)


@bp.post("/passkeys/challenge")
@guards.officer_enrolling
@endpoint(
    summary="A challenge to enrol a passkey",
    returns=PasskeyEnrolment,
    problems=(errors.FreshSignInRequired, errors.RecoveryNotOpen, errors.PasskeyUnavailable),
)
async def begin_passkey(request: Request) -> PasskeyEnrolment:
    principal, resources = request.ctx.principal, request.app.ctx.resources
    party = passkeys.party_of(resources.settings.public_url)
    begun = await passkeys.begin(party=party, redis=resources.redis, by=principal)
    officer = await queries.get_officer(principal.id)
    return PasskeyEnrolment(
        id=begun.id,
        challenge=begun.challenge,
        rp_id=begun.rp_id,
        user_id=passkeys.encoded(principal.id.bytes),
        staff_no=officer.staff_no,
        name=officer.name,
        algorithms=[int(one) for one in passkeys.ALGORITHMS],
        known=begun.credentials,
        seconds=begun.seconds,
    )


@bp.post("/passkeys")
@guards.officer_enrolling
@endpoint(
    summary="Take a passkey into use",
    body=NewPasskey,
    returns=Factors,
    problems=(
        errors.FreshSignInRequired,
        errors.RecoveryNotOpen,
        errors.SecondStepExpired,
        errors.PasskeyRefused,
        errors.ForeignOrigin,
        errors.PasskeyKnown,
        errors.PasskeyUnavailable,
        errors.TooManyPasskeys,
    ),
)
async def enrol_passkey(request: Request, body: NewPasskey) -> Factors:
    resources = request.app.ctx.resources
    await passkeys.enrol(
        body.id,
        passkeys.Attestation(
            credential_id=body.credential_id,
            client_data=body.client_data,
            attestation=body.attestation,
        ),
        name=body.name,
        party=passkeys.party_of(resources.settings.public_url),
        redis=resources.redis,
        by=request.ctx.principal,
    )
    return await _factors(request)


@bp.delete("/passkeys/<passkey_id:uuid>")
@guards.officer_enrolling
@endpoint(
    summary="Give a passkey up",
    returns=Factors,
    problems=(
        errors.FreshSignInRequired,
        errors.RecoveryNotOpen,
        errors.FactorNotFound,
        errors.LastFactor,
    ),
)
async def remove_passkey(request: Request, passkey_id: UUID) -> Factors:
    await passkeys.remove(passkey_id, required=_required(request), by=request.ctx.principal)
    return await _factors(request)


async def _factors(request: Request) -> Factors:
    principal = request.ctx.principal
    standing = await holding.standing(principal)
    officer = await queries.get_officer(principal.id)
    return Factors(
        staff_no=officer.staff_no,
        required=_required(request),
        must_enrol=standing.must_enrol,
        passkeys=relying_party(_settings(request).public_url) is not None,
        may_change_until=standing.may_change_until,
        factors=[msgspec.convert(one, Factor, from_attributes=True) for one in standing.factors],
        sign_ins=[
            msgspec.convert(one, NotedSignIn, from_attributes=True)
            for one in await sign_in_log.list_sign_ins(principal.id)
        ],
    )


def _required(request: Request) -> bool:
    return _settings(request).staff_factor == "required"


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.ctx.resources.settings
    return settings
