"""What a citizen wants to be told by, and when not; an e-mail address is confirmed by a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from identity import channels
from identity import queries as identity_queries
from identity.errors import StepUpRequired
from identity.principal import Principal
from identity.queries import PlatformUser
from miniapp_bridge import errors as platform_errors
from miniapp_bridge.connector import Consent, ConsentQuerying, Subscribing
from push import consents, email_address, errors, preferences

bp = Blueprint("citizen-notices", url_prefix="/api/citizen/notices")

MOST_TEMPLATES = 3
"""So many may be in one question of WeChat's and Alipay's."""

ClockTime = Annotated[str, msgspec.Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Notices(msgspec.Struct, kw_only=True):
    subscription: bool
    sms: bool
    email: str | None
    """The confirmed address; it is the caller's own."""
    quiet_from: str | None
    quiet_until: str | None


class ChangeNotices(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    subscription: bool
    sms: bool
    quiet_from: ClockTime | None
    quiet_until: ClockTime | None


class Subscriptions(msgspec.Struct, kw_only=True):
    """What the app the session came by may be asked to let us send."""

    templates: list[str]
    """The platform's ids, at most three: that many go into one question. Empty: nothing to ask."""
    on: bool | None
    """Whether all of them are taken; null where the platform does not tell."""


class EmailAddress(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class EmailCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(max_length=6, pattern=r"^[0-9]{6}$")]


@bp.get("/")
@guards.citizen
@endpoint(summary="What I am told by", returns=Notices)
async def get_notices(request: Request) -> Notices:
    return _shape(await preferences.get(request.ctx.principal.person_id))


@bp.put("/")
@guards.citizen
@endpoint(
    summary="Change what I am told by and my quiet hours",
    body=ChangeNotices,
    returns=Notices,
    problems=(errors.UnreadableQuietHours,),
)
async def change_notices(request: Request, body: ChangeNotices) -> Notices:
    changed = await preferences.change(
        request.ctx.principal.person_id,
        subscription=body.subscription,
        sms=body.sms,
        quiet_from=body.quiet_from,
        quiet_until=body.quiet_until,
    )
    return _shape(changed)


@bp.get("/subscriptions")
@guards.citizen
@endpoint(summary="What to ask the person for in the app around the page", returns=Subscriptions)
async def get_subscriptions(request: Request) -> Subscriptions:
    user, connector = await _user(request)
    told = await consents.known(user) if user else {}
    return _subscriptions(connector, told)


@bp.post("/subscriptions")
@guards.citizen
@endpoint(
    summary="The person was asked in the app: hear the answer from the platform",
    returns=Subscriptions,
    problems=(platform_errors.PlatformBusy, platform_errors.PlatformUnavailable),
)
async def note_subscriptions(request: Request) -> Subscriptions:
    """What the page thinks the person answered counts for nothing."""
    user, connector = await _user(request)
    told: dict[str, Consent] = {}
    if user is not None and isinstance(connector, ConsentQuerying):
        told = await consents.refresh(user, connector=connector)
    return _subscriptions(connector, told)


@bp.post("/email")
@guards.citizen
@endpoint(
    summary="Have a code sent to an e-mail address",
    body=EmailAddress,
    problems=(
        StepUpRequired,
        errors.UnreadableEmail,
        errors.EmailNotAvailable,
        errors.TooManyEmailCodes,
    ),
)
async def ask_email(request: Request, body: EmailAddress) -> None:
    resources = request.app.ctx.resources
    await email_address.ask(
        body.address,
        by=request.ctx.principal,
        outlet=resources.outlets.email,
        redis=resources.redis,
    )


@bp.post("/email/confirmation")
@guards.citizen
@endpoint(
    summary="Use the address the code was sent to",
    body=EmailCode,
    returns=Notices,
    problems=(errors.EmailCodeRefused,),
)
async def confirm_email(request: Request, body: EmailCode) -> Notices:
    person_id = request.ctx.principal.person_id
    await email_address.confirm(person_id, body.code, redis=request.app.ctx.resources.redis)
    return _shape(await preferences.get(person_id))


@bp.delete("/email")
@guards.citizen
@endpoint(summary="No more e-mail")
async def remove_email(request: Request) -> None:
    await preferences.set_email(request.ctx.principal.person_id, None)


async def _user(request: Request) -> tuple[PlatformUser | None, object]:
    """The caller's account at the platform the session came by, and its connector."""
    principal: Principal = request.ctx.principal
    channel = channels.registry().get(principal.channel)
    if channel is None:
        return None, None
    accounts = await identity_queries.list_platform_users(principal.person_id)
    user = next((one for one in accounts if one.platform == channel.platform), None)
    return user, request.app.ctx.resources.connectors.get(channel.platform) if user else None


def _subscriptions(connector: object, told: Mapping[str, Consent]) -> Subscriptions:
    names = connector.templates() if isinstance(connector, Subscribing) else {}
    asked = list(dict.fromkeys(names.values()))[:MOST_TEMPLATES]
    answers = [told.get(name) for name, template in names.items() if template in asked]
    known = isinstance(connector, ConsentQuerying) and answers and None not in answers
    return Subscriptions(templates=asked, on=Consent.NONE not in answers if known else None)


def _shape(found: preferences.Preferences) -> Notices:
    return msgspec.convert(found, Notices, from_attributes=True)
