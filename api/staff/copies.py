"""The annotated copy of a licence that stands for a material: what a reviewer sees of it."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw as raw_response

from api.edge import guards
from api.edge.endpoint import endpoint
from identity.staff.roles import Act
from services.cases import errors as case_errors
from services.cases.acts import licence_use
from wallet import errors
from wallet.share import annotated
from wallet.share.annotated import CaseUse, Copy

bp = Blueprint("staff-copies", url_prefix="/api/staff")

OFD = "application/ofd"
_PATH = "/cases/<case_id:uuid>/materials/<code:str>/licence-copy"
_PROBLEMS = (
    case_errors.CaseNotFound,
    errors.CopyNotAvailable,
    errors.LicenceNotFound,
    errors.LicenceNotInForce,
    errors.SealNotReady,
    errors.SealFrozen,
    errors.SealExpired,
    errors.IssueFailed,
)


class CopyField(msgspec.Struct, kw_only=True):
    label: str
    value: str


class CopyAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    licence_name: str
    annotation: list[str]
    """The lines that are printed on the copy: purpose, case, reader, end."""
    fields: list[CopyField]
    made_at: datetime
    valid_to: date
    document_url: str


@bp.post(_PATH)
@guards.officer_of_case(Act.CHECK_MATERIAL)
@endpoint(
    summary="Open the annotated copy of a licence used in a case; the holder is told",
    returns=CopyAnswer,
    problems=_PROBLEMS,
)
async def open_copy(request: Request, case_id: UUID, code: str) -> CopyAnswer:
    copy = await _copy(request, case_id, code)
    return CopyAnswer(
        id=copy.id,
        licence_name=copy.licence_name,
        annotation=list(copy.annotation),
        fields=[CopyField(label=label, value=value) for label, value in copy.fields],
        made_at=copy.made_at,
        valid_to=copy.valid_to,
        document_url=f"/api/staff/cases/{case_id}/materials/{code}/licence-copy/document",
    )


@bp.get(f"{_PATH}/document")
@guards.officer_of_case(Act.CHECK_MATERIAL)
@endpoint(
    summary="The sealed OFD of the annotated copy, never that of the licence",
    raw=True,
    media_types=(OFD,),
    problems=_PROBLEMS,
)
async def get_document(request: Request, case_id: UUID, code: str) -> HTTPResponse:
    copy = await _copy(request, case_id, code)
    return raw_response(
        await request.app.ctx.resources.blobs.get(copy.document),
        content_type=OFD,
        headers={
            "Content-Disposition": f'attachment; filename="copy-{copy.id}.ofd"',
            "Cache-Control": "private, no-store",
        },
    )


async def _copy(request: Request, case_id: UUID, code: str) -> Copy:
    """One read of the case, one act of the wallet."""
    principal, resources = request.ctx.principal, request.app.ctx.resources
    used = await licence_use.for_officer(case_id, code, by=principal)
    if used is None:
        raise errors.CopyNotAvailable()
    return await annotated.open_copy(
        used.licence_id,
        CaseUse(
            case_id=case_id,
            case_no=used.case_no,
            material_code=code,
            item_code=used.item_code,
            purpose=f"{used.item_name}（{used.material_name}）",
            fields=used.fields,
        ),
        by=principal,
        desk=resources.desk,
    )
