"""A citizen's accounts: real-name binding, step-up, sign-ins and devices, mandates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.citizen.entry import PLATFORM_PROBLEMS, visit_of
from api.edge import guards, paging, session_cookie, throttle
from api.edge.endpoint import JSON, endpoint
from core.data.pages import WrongPlace
from identity import errors, numbers, queries
from identity.log_in import revoking, sign_in_log
from identity.log_in.proofs import OpenProof
from identity.people import accounts, mandates, organisations, representatives
from identity.principal import PrincipalKind
from miniapp_bridge import errors as platform_errors
from push.channels import live
from wallet.register import representing

bp = Blueprint("citizen-accounts", url_prefix="/api/citizen")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Number = Annotated[str, msgspec.Meta(min_length=15, max_length=24)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

PROOF_PROBLEMS = (
    errors.ProofExpired,
    errors.ProofPending,
    errors.ProofFailed,
    errors.ProofUnavailable,
    platform_errors.PlatformUnavailable,
    platform_errors.OutcomeUnknown,
    platform_errors.CircuitOpen,
)


class BeginBinding(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ticket: Secret
    """The member `binding` of the refusal `account-not-bound`."""
    name: Name
    id_no: Number


class Confirm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    proof_id: Secret


class Proof(msgspec.Struct, kw_only=True):
    proof_id: str
    kind: str
    params: dict[str, str]
    """What the app's own face check is called with; `url` where it opens as a page."""
    seconds: int


class Bound(msgspec.Struct, kw_only=True):
    token: str
    expires_at: datetime


class Account(msgspec.Struct, kw_only=True):
    id: UUID
    platform: str
    label: str
    bound_at: datetime
    last_used_at: datetime


class Accounts(msgspec.Struct, kw_only=True):
    accounts: list[Account]
    assurance: int


class BindAnother(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    platform: Annotated[str, msgspec.Meta(max_length=16)]
    code: Annotated[str, msgspec.Meta(max_length=2048)]


class Raised(msgspec.Struct, kw_only=True):
    assurance: int


class SignInLine(msgspec.Struct, kw_only=True):
    id: UUID
    at: datetime
    via: str
    device: str
    address: str


class Device(msgspec.Struct, kw_only=True):
    session_id: UUID
    via: str
    device: str
    since: datetime
    last_seen_at: datetime
    this_one: bool


class SignIns(msgspec.Struct, kw_only=True):
    sign_ins: list[SignInLine]
    next: str | None
    """`after` of the next page of sign-ins; null on the last one."""
    devices: list[Device]


class Mandate(msgspec.Struct, kw_only=True):
    person_id: UUID
    name: str
    id_no_masked: str
    valid_to: date | None


class Mandates(msgspec.Struct, kw_only=True):
    mandates: list[Mandate]


class ClaimRepresentation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    uscc: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    """Its unified social credit code."""


class GrantMandate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    id_no: Number
    valid_to: date


def _proof(opened: OpenProof) -> Proof:
    return Proof(
        proof_id=opened.id, kind=opened.kind, params=dict(opened.params), seconds=opened.seconds
    )


@bp.post("/bindings")
@guards.public
@endpoint(
    summary="Start the real-name proof of an account that is not bound yet",
    body=BeginBinding,
    returns=Proof,
    status=201,
    problems=(
        errors.InvalidIdentityNumber,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
        *PROOF_PROBLEMS,
    ),
)
async def begin_binding(request: Request, body: BeginBinding) -> Proof:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "binding", limit=20)
    await throttle.per_account(request, "binding", body.id_no, limit=5)
    resources = request.app.ctx.resources
    return _proof(
        await accounts.begin_binding(
            body.ticket,
            name=body.name,
            id_no=body.id_no,
            connectors=resources.connectors,
            redis=resources.redis,
        )
    )


@bp.post("/bindings/confirmation")
@guards.public
@endpoint(
    summary="The proof was made: bind the account and sign in",
    body=Confirm,
    returns=Bound,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(errors.AccountTaken, errors.CrossSiteRequest, throttle.TooManyTries, *PROOF_PROBLEMS),
)
async def finish_binding(request: Request, body: Confirm) -> HTTPResponse:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "binding", limit=20)
    resources = request.app.ctx.resources
    issued = await accounts.finish_binding(
        body.proof_id,
        connectors=resources.connectors,
        redis=resources.redis,
        idle_minutes=resources.settings.session_minutes,
        device=visit_of(request).device,
    )
    answer = Bound(token=issued.token, expires_at=issued.expires_at)
    return session_cookie.signed_in(
        request, PrincipalKind.CITIZEN, token=issued.token, answer=answer
    )


@bp.get("/accounts")
@guards.citizen
@endpoint(summary="Accounts bound to me", returns=Accounts)
async def list_accounts(request: Request) -> Accounts:
    principal = request.ctx.principal
    found = [
        Account(
            id=one.id,
            platform=one.platform,
            label=one.label,
            bound_at=one.bound_at,
            last_used_at=one.last_used_at,
        )
        for one in await accounts.list_bound(principal.person_id)
    ]
    return Accounts(accounts=found, assurance=principal.assurance)


@bp.post("/accounts")
@guards.citizen
@endpoint(
    summary="Bind one more account to me",
    body=BindAnother,
    problems=(errors.StepUpRequired, errors.AccountTaken, *PLATFORM_PROBLEMS),
)
async def bind_another(request: Request, body: BindAnother) -> None:
    await accounts.bind_another(
        body.code,
        platform=body.platform,
        connectors=request.app.ctx.resources.connectors,
        by=request.ctx.principal,
    )


@bp.delete("/accounts/<account_id:uuid>")
@guards.citizen
@endpoint(
    summary="Give an account up",
    problems=(errors.StepUpRequired, errors.AccountNotFound, errors.LastAccount),
)
async def unbind(request: Request, account_id: UUID) -> None:
    await accounts.unbind(account_id, by=request.ctx.principal)


@bp.post("/step-ups")
@guards.citizen
@endpoint(
    summary="Start confirming that it is me", returns=Proof, status=201, problems=PROOF_PROBLEMS
)
async def begin_step_up(request: Request) -> Proof:
    resources = request.app.ctx.resources
    return _proof(
        await accounts.begin_step_up(
            connectors=resources.connectors, redis=resources.redis, by=request.ctx.principal
        )
    )


@bp.post("/step-ups/confirmation")
@guards.citizen
@endpoint(summary="The face check was made", body=Confirm, returns=Raised, problems=PROOF_PROBLEMS)
async def finish_step_up(request: Request, body: Confirm) -> Raised:
    resources = request.app.ctx.resources
    level = await accounts.finish_step_up(
        body.proof_id,
        connectors=resources.connectors,
        redis=resources.redis,
        by=request.ctx.principal,
    )
    return Raised(assurance=int(level))


@bp.get("/sign-ins")
@guards.citizen
@endpoint(
    summary="My sign-ins, and where I am signed in now",
    query=paging.Page,
    returns=SignIns,
    problems=(WrongPlace,),
)
async def list_sign_ins(request: Request, query: paging.Page) -> SignIns:
    principal = request.ctx.principal
    found = await sign_in_log.list_sign_ins(
        principal.person_id, after=query.after, limit=query.limit
    )
    return SignIns(
        sign_ins=[msgspec.convert(one, SignInLine, from_attributes=True) for one in found],
        next=found.following,
        devices=[
            Device(
                session_id=one.session_id,
                via=one.via,
                device=one.device,
                since=one.since,
                last_seen_at=one.last_seen_at,
                this_one=one.this_one,
            )
            for one in await sign_in_log.list_devices(principal)
        ],
    )


@bp.delete("/devices/<session_id:uuid>")
@guards.citizen
@endpoint(summary="Sign out on one of my devices", problems=(errors.SessionNotFound,))
async def end_device(request: Request, session_id: UUID) -> None:
    await revoking.revoke_of_person(session_id, by=request.ctx.principal)
    await live.end_session(session_id, redis=request.app.ctx.resources.redis)


@bp.post("/representations")
@guards.citizen
@endpoint(
    summary="Become known as who represents an organisation, by its licence in the register",
    body=ClaimRepresentation,
    problems=(
        errors.StepUpRequired,
        errors.TooManyGuesses,
        errors.InvalidCreditCode,
        errors.RepresentativeNotProved,
    ),
)
async def claim_representation(request: Request, body: ClaimRepresentation) -> None:
    code = numbers.check_credit_code(body.uscc)
    firm = await queries.find_subject(organisations.CREDIT_CODE_TYPE, code)
    says = None if firm is None else await representing.of_organisation(firm.id)
    await representatives.claim(
        None if firm is None else firm.id, licence=says, by=request.ctx.principal
    )


@bp.get("/organisations/<organisation_id:uuid>/mandates")
@guards.citizen
@endpoint(
    summary="Who may act for an organisation of mine",
    returns=Mandates,
    problems=(errors.NotActingFor,),
)
async def list_mandates(request: Request, organisation_id: UUID) -> Mandates:
    found = await mandates.list_mandates(organisation_id, by=request.ctx.principal)
    return Mandates(
        mandates=[
            Mandate(
                person_id=one.person_id,
                name=one.name,
                id_no_masked=numbers.mask_id_no(one.id_no),
                valid_to=one.valid_to,
            )
            for one in found
        ]
    )


@bp.post("/organisations/<organisation_id:uuid>/mandates")
@guards.citizen
@endpoint(
    summary="Let a person act for an organisation of mine",
    body=GrantMandate,
    problems=(
        errors.StepUpRequired,
        errors.NotActingFor,
        errors.InvalidIdentityNumber,
        errors.SubjectNotFound,
        errors.TooManyGuesses,
        errors.InvalidMandate,
    ),
)
async def grant_mandate(request: Request, organisation_id: UUID, body: GrantMandate) -> None:
    await mandates.grant(
        organisation_id,
        name=body.name,
        id_no=body.id_no,
        valid_to=body.valid_to,
        by=request.ctx.principal,
    )


@bp.delete("/organisations/<organisation_id:uuid>/mandates/<person_id:uuid>")
@guards.citizen
@endpoint(summary="End a mandate", problems=(errors.StepUpRequired, errors.NotActingFor))
async def end_mandate(request: Request, organisation_id: UUID, person_id: UUID) -> None:
    await mandates.end(organisation_id, person_id=person_id, by=request.ctx.principal)
