"""Seal keepers and supervisors: find a licence and change its state."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.citizen.licences import History, history_answer
from api.edge import guards
from api.edge.endpoint import endpoint
from identity.staff.roles import Act as StaffAct
from wallet import errors
from wallet.register import history, queries, status
from wallet.register.queries import StaffLicence

bp = Blueprint("staff-licences", url_prefix="/api/staff")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
PaperNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Act(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"


ACTS = {
    Act.SUSPEND: status.suspend,
    Act.RESUME: status.resume,
    Act.REVOKE: status.revoke,
    Act.WITHDRAW: status.withdraw,
    Act.CANCEL: status.cancel,
}


class Wanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    """A whole licence number or identifier."""


class FoundLicence(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    holder_masked: str
    number_masked: str
    identifier: str
    department: str
    state: str
    state_text: str
    valid_to: date | None


class FoundLicences(msgspec.Struct, kw_only=True):
    licences: list[FoundLicence]


class StateChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    act: Act
    cause: Text
    document_no: PaperNumber
    """Number of the decision (文书号) the change rests on."""


@bp.get("/licences")
@guards.officer(StaffAct.FIND_LICENCES)
@endpoint(
    summary="Licences of my department with this whole number or identifier",
    query=Wanted,
    returns=FoundLicences,
)
async def find_licences(request: Request, query: Wanted) -> FoundLicences:
    found = await queries.find_for_staff(query.number, by=request.ctx.principal)
    return FoundLicences(licences=[found_answer(licence) for licence in found])


@bp.get("/licences/<licence_id:uuid>/history")
@guards.officer(StaffAct.FIND_LICENCES)
@endpoint(
    summary="How the state of a licence of my department changed",
    returns=History,
    problems=(errors.LicenceNotFound,),
)
async def get_history(request: Request, licence_id: UUID) -> History:
    return history_answer(await history.for_staff(licence_id, by=request.ctx.principal))


@bp.post("/licences/<licence_id:uuid>/state-changes")
@guards.officer(StaffAct.CHANGE_LICENCE_STATE)
@endpoint(
    summary="Suspend, resume, revoke, withdraw or cancel a licence",
    body=StateChange,
    returns=FoundLicence,
    problems=(errors.LicenceNotFound, errors.NotASealKeeper, errors.StateChangeNotAllowed),
)
async def change_state(request: Request, licence_id: UUID, body: StateChange) -> FoundLicence:
    principal = request.ctx.principal
    await ACTS[body.act](licence_id, cause=body.cause, document_no=body.document_no, by=principal)
    return found_answer(await queries.get_for_staff(licence_id, by=principal))


def found_answer(licence: StaffLicence) -> FoundLicence:
    """Also for the handlers that issue."""
    return msgspec.convert(licence, FoundLicence, from_attributes=True)
