"""The officer's side of reading: worklist, case, files, and how the departments stand."""

from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.edge import guards, paging
from api.edge.endpoint import endpoint
from api.public import files
from api.shared import licence_lookup
from core.data.pages import WrongPlace
from identity.errors import NotDelegated
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import errors
from services.cases.files.addresses import Kind
from services.cases.lifecycle import CaseState
from services.cases.shapes import DelegatedWork, Overview, StaffCaseDetail, WorklistEntry
from services.cases.views import case_files, lists, queries

bp = Blueprint("staff-worklist", url_prefix="/api/staff")


class WorklistQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    state: CaseState | None = None
    q: Annotated[str, msgspec.Meta(max_length=60)] = ""
    unread: bool = False
    """Only cases whose applicant wrote something that nobody has read."""


class Worklist(msgspec.Struct, kw_only=True):
    items: list[WorklistEntry]
    """Of one running state the most urgent first, else the newest change."""
    next: str | None
    """`after` of the next page; null on the last one."""
    counts: dict[str, int]
    """State → number of cases of my department, whatever the filter says."""
    unread: int
    """Cases whose applicant wrote something that nobody has read, whatever the filter says."""
    delegated: list[DelegatedWork]
    """Whose cases follow those of my department, and on what ground."""


@bp.get("/cases")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="Cases of my department, then those delegated to me",
    query=WorklistQuery,
    returns=Worklist,
    problems=(WrongPlace,),
)
async def list_cases(request: Request, query: WorklistQuery) -> Worklist:
    by = request.ctx.principal
    found = await lists.list_worklist(
        by=by,
        state=query.state,
        query=query.q,
        unread=query.unread,
        after=query.after,
        limit=query.limit,
    )
    counts, unread = await lists.worklist_counts(by=by)
    return Worklist(
        items=found,
        next=found.following,
        counts=counts,
        unread=unread,
        delegated=await lists.list_delegated(by=by),
    )


@bp.get("/cases/<case_id:uuid>")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="A case of my department, or one that is delegated to me",
    returns=StaffCaseDetail,
    problems=(errors.CaseNotFound, NotDelegated),
)
async def get_case(request: Request, case_id: UUID) -> StaffCaseDetail:
    return await detail(case_id, request.ctx.principal)


@bp.get("/materials/<file_id:uuid>/content")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="A handed-in file: sends on to its signed address",
    raw=True,
    status=303,
    problems=(errors.FileNotFound,),
)
async def get_content(request: Request, file_id: UUID) -> HTTPResponse:
    await case_files.get_staff_file(file_id, by=request.ctx.principal)
    return files.redirect(request, Kind.MATERIAL, file_id)


@bp.get("/materials/<file_id:uuid>/original")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="A handed-in file as it was before the applicant cut and straightened it",
    raw=True,
    media_types=files.MEDIA_TYPES,
    problems=(errors.FileNotFound,),
)
async def get_original(request: Request, file_id: UUID) -> HTTPResponse:
    stored = await case_files.get_staff_file(file_id, by=request.ctx.principal, as_handed_in=True)
    data = await request.app.ctx.resources.blobs.get(stored.digest)
    return files.inline(data, name=stored.name, media_type=stored.media_type)


@bp.get("/materials/<file_id:uuid>/thumbnail")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="A small picture of a handed-in file: sends on to its signed address",
    raw=True,
    status=303,
    problems=(errors.FileNotFound,),
)
async def get_thumbnail(request: Request, file_id: UUID) -> HTTPResponse:
    await case_files.get_staff_file(file_id, by=request.ctx.principal)
    return files.redirect(request, Kind.THUMBNAIL, file_id)


@bp.get("/overview")
@guards.officer(Act.READ_OVERVIEW)
@endpoint(summary="Open cases and lights by department", returns=Overview)
async def get_overview(request: Request) -> Overview:
    return await lists.get_overview(by=request.ctx.principal)


async def detail(case_id: UUID, by: Principal) -> StaffCaseDetail:
    """The case as the officer sees it; also for review.py."""
    return await queries.get_staff_detail(
        case_id,
        by=by,
        licence_names=licence_lookup.names(),
        face_words=licence_lookup.face_words,
    )
