"""A citizen signs in, sees who he is, and chooses whom he acts for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.citizen.entry import visit_of
from api.edge import guards, session_cookie, throttle
from api.edge.bounds import Token, Word
from api.edge.endpoint import JSON, endpoint
from identity import channels, demo, errors, numbers, queries, sign_in
from identity.log_in import revoking, sessions, tickets
from identity.principal import Principal, PrincipalKind
from miniapp_bridge import errors as platform_errors
from push.channels import live

bp = Blueprint("citizen-sign-in", url_prefix="/api/citizen")

TRIES_PER_MINUTE = 60
"""From one address: a service hall's network holds many people."""


class DemoAccount(msgspec.Struct, kw_only=True):
    key: str
    name: str
    story: str
    code: str
    """Good once and for five minutes."""


class DemoAccounts(msgspec.Struct, kw_only=True):
    accounts: list[DemoAccount]


class SignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    platform: Word = "sandbox"
    code: Token
    channel: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """The entry the page is shown in; what it does not offer cannot be begun in the session."""


class ActingFor(msgspec.Struct, kw_only=True):
    id: UUID
    name: str


class Organisation(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    uscc: str
    relation: str


class Me(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    id_no_masked: str
    phone_masked: str | None
    acting_for: ActingFor | None
    organisations: list[Organisation]
    assurance: int
    """1 phone, 2 real-name account, 3 confirmed just now."""


class SignedIn(msgspec.Struct, kw_only=True):
    token: str
    """For clients without a cookie jar (mini-app requests): `Authorization: Bearer`."""
    expires_at: datetime
    me: Me


class ChooseActingFor(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    organisation_id: UUID | None


@bp.get("/sign-in/demo")
@guards.public
@endpoint(
    summary="Demo accounts with fresh one-time codes",
    returns=DemoAccounts,
    problems=(errors.DemoNotAvailable, throttle.TooManyTries),
)
async def list_demo_accounts(request: Request) -> DemoAccounts:
    await throttle.per_address(request, "demo-accounts", limit=TRIES_PER_MINUTE)
    offers = await demo.sign_in_offers(request.app.ctx.resources.connectors)
    return DemoAccounts(
        accounts=[
            DemoAccount(key=offer.key, name=offer.name, story=offer.story, code=offer.code)
            for offer in offers
        ]
    )


@bp.post("/sessions")
@guards.public
@endpoint(
    summary="Sign in by a platform's one-time code",
    body=SignIn,
    returns=SignedIn,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(
        errors.UnknownPlatform,
        errors.AccountNotBound,
        errors.ChannelClosed,
        errors.ChannelNotFound,
        errors.CrossSiteRequest,
        platform_errors.CodeRefused,
        platform_errors.SignInBlocked,
        platform_errors.PlatformBusy,
        platform_errors.PlatformUnavailable,
        platform_errors.OutcomeUnknown,
        throttle.TooManyTries,
    ),
)
async def open_session(request: Request, body: SignIn) -> HTTPResponse:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "sign-in", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    if body.platform == tickets.KIND:
        issued = await tickets.redeem(body.code, redis=resources.redis)
    else:
        issued = await sign_in.citizen(
            body.code,
            platform=body.platform,
            connectors=resources.connectors,
            idle_minutes=resources.settings.session_minutes,
            redis=resources.redis,
            visit=visit_of(request, channels.of_sign_in(body.platform, body.channel)),
        )
    answer = SignedIn(
        token=issued.token, expires_at=issued.expires_at, me=await _me(issued.principal)
    )
    return session_cookie.signed_in(
        request, PrincipalKind.CITIZEN, token=issued.token, answer=answer
    )


@bp.delete("/sessions/current")
@guards.citizen
@endpoint(summary="Sign out", raw=True, status=204)
async def close_session(request: Request) -> HTTPResponse:
    principal: Principal = request.ctx.principal
    assert principal.session_id is not None  # noqa: S101 - citizens always have a session
    await revoking.revoke(principal.session_id, by=principal.actor)
    await live.end_session(principal.session_id, redis=request.app.ctx.resources.redis)
    return session_cookie.signed_out(request, PrincipalKind.CITIZEN)


@bp.get("/me")
@guards.citizen
@endpoint(summary="Who is signed in, and whom they may act for", returns=Me)
async def get_me(request: Request) -> Me:
    return await _me(request.ctx.principal)


@bp.put("/acting-for")
@guards.citizen
@endpoint(
    summary="Act for an organisation, or for oneself again",
    body=ChooseActingFor,
    returns=Me,
    problems=(errors.NotActingFor, errors.StepUpRequired),
)
async def choose_acting_for(request: Request, body: ChooseActingFor) -> Me:
    return await _me(await sessions.act_for(request.ctx.principal, body.organisation_id))


async def _me(principal: Principal) -> Me:
    person = await queries.get_subject(principal.person_id)
    organisations = [
        Organisation(id=link.id, name=link.name, uscc=link.uscc, relation=link.relation)
        for link in await queries.list_organisations(person.id)
    ]
    acting_for = None
    if principal.acting_for is not None:
        organisation = await queries.get_subject(principal.acting_for)
        acting_for = ActingFor(id=organisation.id, name=organisation.name)
    return Me(
        id=person.id,
        name=person.name,
        id_no_masked=numbers.mask_id_no(person.id_no),
        phone_masked=numbers.mask_phone(person.phone) if person.phone else None,
        acting_for=acting_for,
        organisations=organisations,
        assurance=principal.assurance,
    )
