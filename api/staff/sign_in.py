"""An officer signs in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.citizen.entry import visit_of
from api.edge import guards, session_cookie, throttle
from api.edge.addresses import address_of
from api.edge.endpoint import JSON, endpoint
from identity import errors, queries, sign_in
from identity.factors import errors as factor_errors
from identity.log_in import revoking
from identity.log_in.sessions import IssuedSession
from identity.principal import Principal, PrincipalKind
from identity.staff import passwords
from push.channels import live

bp = Blueprint("staff-sign-in", url_prefix="/api/staff")

TRIES_PER_MINUTE = 30
TRIES_PER_ACCOUNT = 20


class StaffSignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    staff_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class NewPassword(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    staff_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """The present one, or the start password."""
    new_password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class DepartmentName(msgspec.Struct, kw_only=True):
    key: str
    name: str


class StaffMe(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    roles: list[str]
    department: DepartmentName | None
    """None: all departments."""


class StaffSignedIn(msgspec.Struct, kw_only=True):
    token: str
    expires_at: datetime
    me: StaffMe
    must_enrol: bool = False
    """The session opens nothing but the enrolment of a second factor."""


@bp.post("/sessions")
@guards.public
@endpoint(
    summary="Sign in by staff number and password",
    body=StaffSignIn,
    returns=StaffSignedIn,
    status=201,
    raw=True,
    media_types=(JSON,),
    problems=(
        errors.WrongCredentials,
        errors.TooManySignIns,
        errors.PasswordMustChange,
        errors.StartPasswordLapsed,
        factor_errors.SecondFactorNeeded,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def open_session(request: Request, body: StaffSignIn) -> HTTPResponse:
    await _count_try(request, body.staff_no)
    resources = request.app.ctx.resources
    issued = await sign_in.officer(
        body.staff_no,
        body.password,
        idle_minutes=resources.settings.session_minutes,
        place=address_of(request),
        visit=visit_of(request, channel=""),
        factor_required=resources.settings.staff_factor == "required",
        redis=resources.redis,
    )
    return await signed_in(request, issued)


async def signed_in(request: Request, issued: IssuedSession) -> HTTPResponse:
    """The session in its cookie, and who it is of."""
    answer = StaffSignedIn(
        token=issued.token,
        expires_at=issued.expires_at,
        me=await _me(issued.principal),
        must_enrol=issued.principal.enrolling,
    )
    return session_cookie.signed_in(
        request, PrincipalKind.OFFICER, token=issued.token, answer=answer
    )


@bp.put("/password")
@guards.public
@endpoint(
    summary="Set a password of one's own in place of the present one; all sessions end",
    body=NewPassword,
    status=204,
    problems=(
        errors.WrongCredentials,
        errors.TooManySignIns,
        errors.StartPasswordLapsed,
        errors.WeakPassword,
        errors.CrossSiteRequest,
        throttle.TooManyTries,
    ),
)
async def change_password(request: Request, body: NewPassword) -> None:
    await _count_try(request, body.staff_no)
    await passwords.change(
        body.staff_no, body.password, new=body.new_password, place=address_of(request)
    )


async def _count_try(request: Request, staff_no: str) -> None:
    """Both ways to try a password have one budget."""
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "staff-sign-in", limit=TRIES_PER_MINUTE)
    await throttle.per_account(request, "staff-sign-in", staff_no, limit=TRIES_PER_ACCOUNT)


@bp.delete("/sessions/current")
@guards.officer_enrolling
@endpoint(summary="Sign out", raw=True, status=204)
async def close_session(request: Request) -> HTTPResponse:
    principal: Principal = request.ctx.principal
    assert principal.session_id is not None  # noqa: S101 - officers always have a session
    await revoking.revoke(principal.session_id, by=principal.actor)
    await live.end_session(principal.session_id, redis=request.app.ctx.resources.redis)
    return session_cookie.signed_out(request, PrincipalKind.OFFICER)


@bp.get("/me")
@guards.officer()
@endpoint(summary="Who is signed in", returns=StaffMe)
async def get_me(request: Request) -> StaffMe:
    return await _me(request.ctx.principal)


async def _me(principal: Principal) -> StaffMe:
    department = None
    if principal.department is not None:
        found = await queries.get_department(principal.department)
        department = DepartmentName(key=found.key, name=found.name)
    return StaffMe(
        id=principal.id,
        name=principal.name,
        roles=sorted(principal.roles),
        department=department,
    )
