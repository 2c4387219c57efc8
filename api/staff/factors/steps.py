"""The second step of an officer's sign-in: the password was right, the factor is still to come."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.edge import guards, throttle
from api.edge.endpoint import JSON, endpoint
from api.staff.sign_in import StaffSignedIn, signed_in
from identity import errors
from identity.factors import errors as factor_errors
from identity.factors import second_step

bp = Blueprint("staff-second-step", url_prefix="/api/staff/sessions")

TRIES_PER_MINUTE = 60
"""From one address, which many officers of an office share."""

Ticket = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
"""Six digits; spaces between and digits of full width are understood."""


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
