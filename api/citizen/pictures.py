"""Photographs of a citizen's case: cut them to the sheet and straighten them, or take that back."""

from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.citizen.cases import detail
from api.edge import guards, throttle
from api.edge.bounds import Fraction
from api.edge.endpoint import endpoint
from api.public import files
from core import offload
from core.files.recognition import RecognitionOff, RecognitionUnavailable
from identity.principal import Principal
from services.cases import errors
from services.cases.materials import straighten, text_hints
from services.cases.shapes import CaseDetail

bp = Blueprint("citizen-pictures", url_prefix="/api/citizen")

_AT = "/cases/<case_id:uuid>/materials/<code:str>/files/<file_id:uuid>"

_PROBLEMS = (
    *offload.PROBLEMS,
    errors.CaseNotFound,
    errors.MaterialNotFound,
    errors.MaterialNotApplicable,
    errors.MaterialsLocked,
    errors.FileNotFound,
    errors.CannotStraighten,
)


class Corner(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Fractions of the picture's width and height, from its upper left."""

    x: Fraction
    y: Fraction


class Corners(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Clockwise from the upper left corner of the sheet."""

    corners: tuple[Corner, Corner, Corner, Corner]


class Suggested(msgspec.Struct, kw_only=True):
    corners: list[Corner]
    found: bool
    """Whether a sheet was seen; else the corners are those of the picture."""


class FieldHint(msgspec.Struct, kw_only=True):
    """What a page says about a field of the form; filled in only when the applicant says so."""

    key: str
    label: str
    value: str


class Hints(msgspec.Struct, kw_only=True):
    hints: list[FieldHint]


@bp.get(f"{_AT}/corners")
@guards.citizen
@endpoint(
    summary="Where the corners of the photographed sheet seem to be",
    returns=Suggested,
    problems=_PROBLEMS,
)
async def suggest(request: Request, case_id: UUID, code: str, file_id: UUID) -> Suggested:
    """They lie on the picture as it was handed in: `…/original`."""
    blobs = request.app.ctx.resources.blobs
    found = await straighten.suggest(case_id, code, file_id, by=request.ctx.principal, blobs=blobs)
    corners = [Corner(x=round(x, 4), y=round(y, 4)) for x, y in found.corners]
    return Suggested(corners=corners, found=found.found)


@bp.get(f"{_AT}/original")
@guards.citizen
@endpoint(
    summary="The picture as it was handed in, before it was cut",
    raw=True,
    media_types=("image/jpeg", "image/png"),
    problems=_PROBLEMS,
)
async def get_original(request: Request, case_id: UUID, code: str, file_id: UUID) -> HTTPResponse:
    data, media_type = await straighten.handed_in(
        case_id,
        code,
        file_id,
        by=request.ctx.principal,
        blobs=request.app.ctx.resources.blobs,
    )
    return files.inline(data, name="original", media_type=media_type)


@bp.post(f"{_AT}/straight")
@guards.citizen
@endpoint(
    summary="Cut a photograph to these corners and straighten it; may be done again",
    body=Corners,
    returns=CaseDetail,
    problems=(*_PROBLEMS, errors.BadCorners, errors.CaseChanged),
)
async def cut(
    request: Request, case_id: UUID, code: str, file_id: UUID, body: Corners
) -> CaseDetail:
    principal: Principal = request.ctx.principal
    resources = request.app.ctx.resources
    await straighten.straighten(
        case_id,
        code,
        file_id,
        corners=[(corner.x, corner.y) for corner in body.corners],
        by=principal,
        folder=resources.settings.upload_dir,
        blobs=resources.blobs,
    )
    return await detail(case_id, principal)


@bp.delete(f"{_AT}/straight")
@guards.citizen
@endpoint(
    summary="Back to the photograph as it was handed in",
    returns=CaseDetail,
    problems=(*_PROBLEMS, errors.CaseChanged),
)
async def restore(request: Request, case_id: UUID, code: str, file_id: UUID) -> CaseDetail:
    principal: Principal = request.ctx.principal
    blobs = request.app.ctx.resources.blobs
    await straighten.restore(case_id, code, file_id, by=principal, blobs=blobs)
    return await detail(case_id, principal)


@bp.post(f"{_AT}/text")
@guards.citizen
@endpoint(
    summary="Read a photograph for suggestions to the form; nothing is stored",
    returns=Hints,
    problems=(*_PROBLEMS[:-1], RecognitionOff, RecognitionUnavailable, throttle.TooManyTries),
)
async def read_text(request: Request, case_id: UUID, code: str, file_id: UUID) -> Hints:
    resources = request.app.ctx.resources
    await throttle.per_account(
        request, "recognition", str(request.ctx.principal.person_id), limit=20
    )
    found = await text_hints.read(
        case_id,
        code,
        file_id,
        by=request.ctx.principal,
        blobs=resources.blobs,
        recogniser=resources.recogniser,
    )
    return Hints(hints=[FieldHint(key=h.key, label=h.label, value=h.value) for h in found])
