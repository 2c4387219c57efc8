"""What a citizen wants to be told by, and when not; an e-mail address is confirmed by a code."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api import guards
from api.endpoint import endpoint
from push import email_address, errors, preferences

bp = Blueprint("citizen-notices", url_prefix="/api/citizen/notices")

ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


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


class EmailAddress(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class EmailCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]


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


@bp.post("/email")
@guards.citizen
@endpoint(
    summary="Have a code sent to an e-mail address",
    body=EmailAddress,
    problems=(errors.UnreadableEmail, errors.EmailNotAvailable, errors.TooManyEmailCodes),
)
async def ask_email(request: Request, body: EmailAddress) -> None:
    resources = request.app.ctx.resources
    await email_address.ask(
        request.ctx.principal.person_id,
        body.address,
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


def _shape(found: preferences.Preferences) -> Notices:
    return msgspec.convert(found, Notices, from_attributes=True)
