"""The tus 1.0 wire protocol in front of `services.cases.materials.uploads`.

Extensions: creation, creation-with-upload, expiration, termination, checksum (sha1, sha256, sm3).
`X-HTTP-Method-Override` on POST stands for PATCH, HEAD and DELETE, since mini-app requests cannot
send those. Every answer carries `Tus-Resumable`, refusals too. Source: tus.io protocol 1.0.x.
"""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty

from api.edge import bodies, guards
from api.edge.endpoint import endpoint
from core import offload
from core.errors import Malformed, Problem, Unsupported
from core.files.malware import ScannerUnavailable
from core.files.parts import StoreUnavailable
from identity.principal import Principal
from services.cases import errors
from services.cases.files.staging import StagingStore, open_staging
from services.cases.files.upload_files import Checksum
from services.cases.materials import uploads
from services.cases.materials.uploads import CHECKSUM_ALGORITHMS, UploadStatus

bp = Blueprint("tus", url_prefix="/api/citizen/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
OFFSET_STREAM = "application/offset+octet-stream"
_MAX_METADATA = 4096


class WrongTusVersion(Problem):
    """The header Tus-Version of the answer names what we speak."""

    slug = "unsupported-tus-version"
    title = "上传协议版本不受支持，请更新客户端"
    status = 412


class BadUploadHeader(Malformed):
    slug = "bad-upload-header"
    title = "上传请求缺少必要信息，请更新客户端后重试"


class NotAnOffsetStream(Unsupported):
    slug = "not-an-offset-stream"
    title = "上传内容的类型不正确，请更新客户端后重试"


_APPEND_PROBLEMS = (
    *offload.PROBLEMS,
    WrongTusVersion,
    BadUploadHeader,
    NotAnOffsetStream,
    bodies.UploadStalled,
    errors.UploadNotFound,
    errors.UploadGone,
    errors.UploadBusy,
    errors.WrongOffset,
    errors.FileTooLarge,
    errors.BadChecksum,
    errors.ChecksumMismatch,
    errors.CaseNotFound,
    errors.MaterialsLocked,
    errors.NotAnAcceptedType,
    errors.UnreadableFile,
    errors.HarmfulFile,
    ScannerUnavailable,
    StoreUnavailable,
    errors.TooManyFiles,
)


@bp.on_response  # type: ignore[untyped-decorator]
async def mark(request: Request, response: HTTPResponse) -> None:
    """Every answer says which tus it is; none may be cached."""
    response.headers["Tus-Resumable"] = VERSION
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status == WrongTusVersion.status:
        response.headers["Tus-Version"] = VERSION


@bp.options("/")
@bp.options("/<upload_id:uuid>", name="describe_one")
@guards.public
@endpoint(summary="What this tus server can do", raw=True, status=204)
async def describe(request: Request, upload_id: UUID | None = None) -> HTTPResponse:
    settings = request.app.ctx.resources.settings
    return empty(
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.max_upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
        }
    )


@bp.post("/", stream=True)
@guards.citizen
@endpoint(
    streams=True,
    summary="Begin an upload (Upload-Metadata: case_id, material_code, filename)",
    raw=True,
    status=201,
    accepts=(OFFSET_STREAM,),
    problems=(
        *_APPEND_PROBLEMS,
        errors.EmptyFile,
        errors.TooManyUploads,
        errors.QuotaReached,
        errors.MaterialNotFound,
        errors.MaterialNotApplicable,
    ),
)
async def create(request: Request) -> HTTPResponse:
    _check_version(request)
    principal: Principal = request.ctx.principal
    settings = request.app.ctx.resources.settings
    if request.headers.get("x-http-method-override", "POST").upper() != "POST":
        raise BadUploadHeader("这里 X-HTTP-Method-Override 只能是 POST")
    metadata = parse_metadata(request.headers.get("upload-metadata", ""))
    status = await uploads.open_upload(
        _uuid(metadata.get("case_id", "")),
        code=metadata.get("material_code", ""),
        length=_number(request, "upload-length"),
        filename=metadata.get("filename", ""),
        metadata=request.headers.get("upload-metadata"),
        by=principal,
        staging=_staging(request),
        limits=bodies.limits_of(settings),
    )
    location = {"Location": f"{bp.url_prefix}/{status.id}"}
    if request.headers.get("content-type") == OFFSET_STREAM:
        status = await _append(request, status.id, offset=0)
    else:
        await _drop_body(request)
    return _answer(status, code=201, headers=location)


@bp.head("/<upload_id:uuid>")
@guards.citizen
@endpoint(summary="Where to go on", raw=True, problems=_APPEND_PROBLEMS)
async def get_offset(request: Request, upload_id: UUID) -> HTTPResponse:
    """Also takes an upload whose bytes all arrived while the worker died before taking it."""
    return await _act(request, upload_id)


@bp.patch("/<upload_id:uuid>", stream=True)
@guards.citizen
@endpoint(
    streams=True,
    summary="Append bytes at Upload-Offset",
    raw=True,
    status=204,
    accepts=(OFFSET_STREAM,),
    problems=_APPEND_PROBLEMS,
)
async def append(request: Request, upload_id: UUID) -> HTTPResponse:
    return await _act(request, upload_id)


@bp.delete("/<upload_id:uuid>", stream=True)
@guards.citizen
@endpoint(
    streams=True,
    summary="Give an upload up",
    raw=True,
    status=204,
    problems=_APPEND_PROBLEMS,
)
async def terminate(request: Request, upload_id: UUID) -> HTTPResponse:
    return await _act(request, upload_id)


@bp.post("/<upload_id:uuid>", stream=True)
@guards.citizen
@endpoint(
    streams=True,
    summary="PATCH, HEAD or DELETE for clients that cannot send them (X-HTTP-Method-Override)",
    raw=True,
    status=204,
    accepts=(OFFSET_STREAM,),
    problems=_APPEND_PROBLEMS,
)
async def override(request: Request, upload_id: UUID) -> HTTPResponse:
    return await _act(request, upload_id)


async def _act(request: Request, upload_id: UUID) -> HTTPResponse:
    """What `X-HTTP-Method-Override` says, else what the method says."""
    _check_version(request)
    match request.headers.get("x-http-method-override", request.method).upper():
        case "PATCH":
            return await _patch(request, upload_id)
        case "DELETE":
            return await _delete(request, upload_id)
        case "HEAD":
            return await _head(request, upload_id)
        case _:
            raise BadUploadHeader("X-HTTP-Method-Override 应为 PATCH、HEAD 或 DELETE")


def parse_metadata(header: str) -> dict[str, str]:
    """`key base64,key base64` → texts; raises `BadUploadHeader`."""
    if len(header) > _MAX_METADATA:
        raise BadUploadHeader("Upload-Metadata 过长")
    values: dict[str, str] = {}
    for pair in (part.strip() for part in header.split(",") if header):
        key, _, encoded = pair.partition(" ")
        if not key or key in values:
            raise BadUploadHeader("Upload-Metadata 的键不能为空或重复")
        try:
            values[key] = base64.b64decode(encoded, validate=True).decode()
        except ValueError:  # not Base64, or not UTF-8 underneath
            raise BadUploadHeader(f"Upload-Metadata 的 {key} 无法识别") from None
    return values


def parse_checksum(header: str | None) -> Checksum | None:
    """`sha256 base64` → checksum; raises `BadChecksum`."""
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise errors.BadChecksum(f"支持的算法：{'、'.join(CHECKSUM_ALGORITHMS)}")
    try:
        return Checksum(algorithm, base64.b64decode(encoded, validate=True))
    except ValueError:
        raise errors.BadChecksum() from None


async def _head(request: Request, upload_id: UUID) -> HTTPResponse:
    is_head = request.method == "HEAD"
    if not is_head:
        await _drop_body(request)
    status = await _finish_if_whole(request, upload_id)
    headers = {"Upload-Length": str(status.length), "Cache-Control": "no-store"}
    if status.metadata:
        headers["Upload-Metadata"] = status.metadata
    return _answer(status, code=200 if is_head else 204, headers=headers)


async def _patch(request: Request, upload_id: UUID) -> HTTPResponse:
    if request.headers.get("content-type") != OFFSET_STREAM:
        raise NotAnOffsetStream(f"Content-Type 应为 {OFFSET_STREAM}")
    status = await _append(request, upload_id, offset=_number(request, "upload-offset"))
    return _answer(status, code=204)


async def _delete(request: Request, upload_id: UUID) -> HTTPResponse:
    if request.method != "HEAD":
        await _drop_body(request)
    await uploads.abandon(upload_id, by=request.ctx.principal, staging=_staging(request))
    return empty(status=204)


async def _append(request: Request, upload_id: UUID, *, offset: int) -> UploadStatus:
    """Append the body, and take the file when it is whole."""
    checksum = parse_checksum(request.headers.get("upload-checksum"))
    staging = _staging(request)
    principal: Principal = request.ctx.principal
    declared = request.headers.get("content-length", "")
    status = await uploads.get_status(upload_id, by=principal, staging=staging)
    if declared.isdigit() and offset + int(declared) > status.length:
        raise errors.FileTooLarge("要发送的数据比声明的长度多")
    async with bodies.in_blocks(request) as blocks:
        await uploads.append(
            upload_id,
            offset=offset,
            chunks=blocks,
            by=principal,
            staging=staging,
            checksum=checksum,
        )
    return await _finish_if_whole(request, upload_id)


async def _finish_if_whole(request: Request, upload_id: UUID) -> UploadStatus:
    resources = request.app.ctx.resources
    staging, principal = _staging(request), request.ctx.principal
    status = await uploads.get_status(upload_id, by=principal, staging=staging)
    if status.offset < status.length or status.file_id is not None:
        return status
    return await uploads.finish(
        upload_id, by=principal, staging=staging, blobs=resources.blobs, scanner=resources.scanner
    )


def _staging(request: Request) -> StagingStore:
    resources = request.app.ctx.resources
    return open_staging(resources.settings.upload_dir, resources.parts)


async def _drop_body(request: Request) -> None:
    """Mini-apps send a little body where none is meant; what exceeds that ends the connection."""
    dropped = 0
    async for chunk in bodies.chunks(request):
        dropped += len(chunk)
        if dropped > _MAX_METADATA:
            raise BadUploadHeader("这个请求不应带有内容")


def _answer(
    status: UploadStatus, *, code: int, headers: dict[str, str] | None = None
) -> HTTPResponse:
    common = {
        "Upload-Offset": str(status.offset),
        "Upload-Expires": _http_date(status.expires_at),
        **(headers or {}),
    }
    if status.file_id is not None:
        common["X-Material-File"] = str(status.file_id)
    return HTTPResponse(status=code, headers=common)


def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise WrongTusVersion(f"需要 Tus-Resumable: {VERSION}")


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise BadUploadHeader(f"缺少或不正确的 {header}")
    return int(text)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadUploadHeader("Upload-Metadata 缺少 case_id") from None
