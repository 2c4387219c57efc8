"""Materials of a citizen's case: reuse a licence, promise, hand in a small file, take back, see."""

import tempfile
from pathlib import Path
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw as raw_response

from api.citizen.cases import detail
from api.edge import bodies, guards
from api.edge.endpoint import JSON, endpoint
from api.edge.multipart import NoFile, receive_file
from api.public import files
from core import offload
from core.files.malware import ScannerUnavailable
from identity.principal import Principal
from services.cases import errors
from services.cases.files.addresses import Kind
from services.cases.materials import papers, quotas
from services.cases.materials.combine import combine_pictures
from services.cases.materials.papers import ReusedLicence
from services.cases.shapes import CaseDetail
from services.cases.views import case_files
from wallet.errors import LicenceNotFound
from wallet.register import queries as wallet_queries

bp = Blueprint("citizen-materials", url_prefix="/api/citizen")

_FORM_OVERHEAD = 64 * 1024
"""Boundary and part headers of a multipart body around the file itself."""

_PROBLEMS = (
    errors.CaseNotFound,
    errors.MaterialNotFound,
    errors.MaterialNotApplicable,
    errors.MaterialsLocked,
)


class UseLicence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    licence_id: UUID


@bp.post("/cases/<case_id:uuid>/materials/<code:str>/licence")
@guards.citizen
@endpoint(
    summary="Let one of my e-licences stand for a material",
    body=UseLicence,
    returns=CaseDetail,
    problems=(*_PROBLEMS, errors.WayNotOffered, LicenceNotFound),
)
async def use_licence(request: Request, case_id: UUID, code: str, body: UseLicence) -> CaseDetail:
    principal: Principal = request.ctx.principal
    licence = await _reusable(case_id, code, body.licence_id, by=principal)
    await papers.reuse_licence(case_id, code, licence=licence, by=principal)
    return await detail(case_id, principal)


@bp.post("/cases/<case_id:uuid>/materials/<code:str>/commitment")
@guards.citizen
@endpoint(
    summary="Promise in writing instead of handing in",
    returns=CaseDetail,
    problems=(*_PROBLEMS, errors.WayNotOffered),
)
async def promise(request: Request, case_id: UUID, code: str) -> CaseDetail:
    await papers.commit(case_id, code, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.delete("/cases/<case_id:uuid>/materials/<code:str>")
@guards.citizen
@endpoint(summary="Take back what was attached", returns=CaseDetail, problems=_PROBLEMS)
async def remove(request: Request, case_id: UUID, code: str) -> CaseDetail:
    await papers.remove(case_id, code, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/materials/<code:str>/file", stream=True)
@guards.citizen
@endpoint(
    streams=True,
    summary="Hand in a small file as multipart/form-data (field: file)",
    raw=True,
    accepts=("multipart/form-data",),
    media_types=(JSON,),
    problems=(
        *_PROBLEMS,
        *offload.PROBLEMS,
        NoFile,
        errors.EmptyFile,
        errors.FileTooLarge,
        errors.NotAnAcceptedType,
        errors.UnreadableFile,
        errors.HarmfulFile,
        ScannerUnavailable,
        errors.TooManyFiles,
        errors.TooManyUploads,
        errors.QuotaReached,
        bodies.UploadStalled,
    ),
)
async def hand_in(request: Request, case_id: UUID, code: str) -> HTTPResponse:
    """For `wx.uploadFile`, which knows only multipart. Larger files come by tus."""
    principal: Principal = request.ctx.principal
    resources = request.app.ctx.resources
    _, requirement = await papers.open_requirement(case_id, code, by=principal)
    size = _size_of_file(request)
    limits = bodies.limits_of(resources.settings)
    quotas.check_size(size, max_mb=requirement.max_mb, limits=limits)
    await quotas.check_room(case_id, person_id=principal.person_id, length=size, limits=limits)
    folder: Path = resources.settings.upload_dir
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part") as file:
        filename = await receive_file(
            bodies.chunks(request),
            content_type=request.headers.get("content-type", ""),
            field="file",
            into=file,
        )
        file.flush()
        await papers.attach_file(
            case_id,
            code,
            path=Path(file.name),
            filename=filename,
            by=principal,
            blobs=resources.blobs,
            scanner=resources.scanner,
        )
    shown = msgspec.json.encode(await detail(case_id, principal))
    return raw_response(shown, content_type=JSON)


@bp.post("/cases/<case_id:uuid>/materials/<code:str>/pdf")
@guards.citizen
@endpoint(
    summary="Put the photographs of a material together to one PDF",
    returns=CaseDetail,
    problems=(*_PROBLEMS, *offload.PROBLEMS, errors.NothingToCombine, errors.CaseChanged),
)
async def combine(request: Request, case_id: UUID, code: str) -> CaseDetail:
    principal: Principal = request.ctx.principal
    resources = request.app.ctx.resources
    folder = resources.settings.upload_dir
    await combine_pictures(case_id, code, by=principal, folder=folder, blobs=resources.blobs)
    return await detail(case_id, principal)


def _size_of_file(request: Request) -> int:
    """What the file has at least, in bytes. Raises `NoFile` for a body of unknown length."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise NoFile()
    return max(0, int(length) - _FORM_OVERHEAD)


@bp.get("/materials/<file_id:uuid>/content")
@guards.citizen
@endpoint(
    summary="One of my files: sends on to its signed address",
    raw=True,
    status=303,
    problems=(errors.FileNotFound,),
)
async def get_content(request: Request, file_id: UUID) -> HTTPResponse:
    await case_files.get_own_file(file_id, by=request.ctx.principal)
    return files.redirect(request, Kind.MATERIAL, file_id)


@bp.get("/materials/<file_id:uuid>/thumbnail")
@guards.citizen
@endpoint(
    summary="A small picture of one of my files: sends on to its signed address",
    raw=True,
    status=303,
    problems=(errors.FileNotFound,),
)
async def get_thumbnail(request: Request, file_id: UUID) -> HTTPResponse:
    await case_files.get_own_file(file_id, by=request.ctx.principal)
    return files.redirect(request, Kind.THUMBNAIL, file_id)


async def _reusable(case_id: UUID, code: str, licence_id: UUID, *, by: Principal) -> ReusedLicence:
    """The licence with the fields the material asks for; raises `LicenceNotFound`."""
    _, requirement = await papers.open_requirement(case_id, code, by=by)
    for way in requirement.replace:
        if way.by != "licence" or way.type is None:
            continue
        among = [licence_id]
        for found in await wallet_queries.find_reusable(way.type, way.fields, by=by, among=among):
            return ReusedLicence(
                id=found.id,
                type=found.type,
                name=found.name,
                number_masked=found.number_masked,
                identifier=found.identifier,
                face=found.face,
            )
    raise LicenceNotFound("您的卡包里没有可以代替这份材料的证照")
