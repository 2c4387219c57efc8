"""Officers: asked for, changed, locked, dismissed; leave and who stands in."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity import account_errors, errors
from identity.staff import absences, account_lists, accounts, power, proposals
from identity.staff.account_lists import Standing
from identity.staff.proposals import Outcome
from identity.staff.roles import Act, Role

bp = Blueprint("staff-officers", url_prefix="/api/staff/officers")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Title = Annotated[str, msgspec.Meta(max_length=40)]
StaffNo = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Text = Annotated[str, msgspec.Meta(min_length=2, max_length=200)]

KEEPING = (errors.RoleMissing, errors.OfficerNotFound, account_errors.OwnAccount)
GIVING = (
    account_errors.InvalidPower,
    account_errors.PowerProposalOpen,
    account_errors.DepartmentClosed,
    errors.DepartmentNotFound,
)


class AccountCause(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    cause: Text


class PowerWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    roles: Annotated[list[Role], msgspec.Meta(max_length=10)]
    department: Annotated[str, msgspec.Meta(min_length=2, max_length=16)] | None
    """Null: all departments, for 督办 and 账号管理员."""
    valid_from: date | None = None
    valid_to: date | None = None
    cause: Text

    def power(self) -> power.Power:
        return power.Power(
            roles=frozenset(self.roles),
            department=self.department,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class NewOfficer(PowerWanted, forbid_unknown_fields=True, kw_only=True):
    staff_no: StaffNo
    name: Name
    title: Title = ""
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=10)]


class OfficerNames(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    title: Title = ""


class DeskOutcome(msgspec.Struct, kw_only=True):
    officer_id: UUID
    proposal_id: UUID | None
    """Set when another keeper has to approve; null when it is done."""
    start_password: str | None
    """To be handed over; shown this once."""


class OfficerRow(msgspec.Struct, kw_only=True):
    id: UUID
    staff_no: str
    name: str
    title: str
    roles: list[str]
    department: str | None
    valid_from: date | None
    valid_to: date | None
    standing: Standing
    away_until: date | None
    open_proposal: UUID | None


class Officers(msgspec.Struct, kw_only=True):
    officers: list[OfficerRow]
    next: str | None


class OfficerQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    department: Annotated[str, msgspec.Meta(min_length=2, max_length=16)] | None = None
    q: Annotated[str, msgspec.Meta(max_length=40)] = ""


class AbsenceRow(msgspec.Struct, kw_only=True):
    id: UUID
    from_on: date
    to_on: date
    substitute_id: UUID | None
    substitute_name: str


class Absences(msgspec.Struct, kw_only=True):
    absences: list[AbsenceRow]


class NewAbsence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    from_on: date
    to_on: date
    substitute_no: StaffNo | None = None


class AbsenceMade(msgspec.Struct, kw_only=True):
    id: UUID


@bp.get("/")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Officers by staff number",
    query=OfficerQuery,
    returns=Officers,
    problems=(errors.RoleMissing, WrongPlace),
)
async def list_officers(request: Request, query: OfficerQuery) -> Officers:
    page = await account_lists.list_officers(
        department=query.department,
        words=query.q.strip(),
        after=query.after,
        limit=query.limit,
        by=request.ctx.principal,
    )
    rows = [msgspec.convert(one, OfficerRow, from_attributes=True) for one in page]
    return Officers(officers=rows, next=page.following)


@bp.post("/")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Ask for an account; it may do nothing before another keeper approves",
    body=NewOfficer,
    returns=DeskOutcome,
    status=201,
    problems=(errors.RoleMissing, errors.InvalidStaffNo, errors.StaffNoTaken, *GIVING),
    idempotent=True,
)
async def open_account(request: Request, body: NewOfficer) -> DeskOutcome:
    outcome = await idempotency.effect(
        request,
        lambda asked: proposals.open_account(
            body.staff_no,
            name=body.name,
            title=body.title,
            power=body.power(),
            cause=body.cause,
            by=request.ctx.principal,
            asked=asked,
        ),
        Outcome,
    )
    return done(outcome)


@bp.get("/<officer_id:uuid>")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="One officer",
    returns=OfficerRow,
    problems=(errors.RoleMissing, errors.OfficerNotFound),
)
async def get_officer(request: Request, officer_id: UUID) -> OfficerRow:
    found = await account_lists.get_officer(officer_id, by=request.ctx.principal)
    return msgspec.convert(found, OfficerRow, from_attributes=True)


@bp.put("/<officer_id:uuid>")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Correct a name or a post, which give no power",
    body=OfficerNames,
    status=204,
    problems=(errors.RoleMissing, errors.OfficerNotFound),
)
async def rename(request: Request, officer_id: UUID, body: OfficerNames) -> None:
    await accounts.rename(officer_id, name=body.name, title=body.title, by=request.ctx.principal)


@bp.post("/<officer_id:uuid>/power")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Other roles, department or time: less is done at once, more becomes a proposal",
    body=PowerWanted,
    returns=DeskOutcome,
    problems=(*KEEPING, *GIVING),
    idempotent=True,
)
async def change_power(request: Request, officer_id: UUID, body: PowerWanted) -> DeskOutcome:
    outcome = await idempotency.effect(
        request,
        lambda asked: proposals.change(
            officer_id,
            power=body.power(),
            cause=body.cause,
            by=request.ctx.principal,
            asked=asked,
        ),
        Outcome,
    )
    return done(outcome)


@bp.post("/<officer_id:uuid>/start-password")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="A start password for who lost theirs; for a keeper of accounts by two",
    body=AccountCause,
    returns=DeskOutcome,
    problems=(
        *KEEPING,
        account_errors.OfficerEnded,
        account_errors.OfficerWithoutPower,
        account_errors.PowerProposalOpen,
    ),
    idempotent=True,
)
async def start_password(request: Request, officer_id: UUID, body: AccountCause) -> DeskOutcome:
    outcome = await idempotency.effect(
        request,
        lambda asked: proposals.new_password(
            officer_id, cause=body.cause, by=request.ctx.principal, asked=asked
        ),
        Outcome,
    )
    return done(outcome)


@bp.post("/<officer_id:uuid>/lock")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Lock an account: what is open in it ends",
    body=AccountCause,
    status=204,
    problems=(*KEEPING, account_errors.OfficerEnded),
)
async def lock(request: Request, officer_id: UUID, body: AccountCause) -> None:
    await accounts.lock(officer_id, cause=body.cause, by=request.ctx.principal)


@bp.post("/<officer_id:uuid>/unlock")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Unlock an account",
    body=AccountCause,
    status=204,
    problems=(*KEEPING, account_errors.OfficerEnded),
)
async def unlock(request: Request, officer_id: UUID, body: AccountCause) -> None:
    await accounts.unlock(officer_id, cause=body.cause, by=request.ctx.principal)


@bp.post("/<officer_id:uuid>/dismissal")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="End an account, its sessions and streams now",
    body=AccountCause,
    status=204,
    problems=KEEPING,
)
async def dismiss(request: Request, officer_id: UUID, body: AccountCause) -> None:
    await accounts.dismiss(officer_id, cause=body.cause, by=request.ctx.principal)


@bp.get("/<officer_id:uuid>/absences")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(summary="Leaves, the latest first", returns=Absences, problems=(errors.RoleMissing,))
async def list_absences(request: Request, officer_id: UUID) -> Absences:
    found = await absences.list_of(officer_id, by=request.ctx.principal)
    rows = [msgspec.convert(one, AbsenceRow, from_attributes=True) for one in found]
    return Absences(absences=rows)


@bp.post("/<officer_id:uuid>/absences")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Write a leave down, and who stands in",
    body=NewAbsence,
    returns=AbsenceMade,
    status=201,
    problems=(
        errors.RoleMissing,
        errors.OfficerNotFound,
        account_errors.OfficerEnded,
        account_errors.InvalidAbsence,
        account_errors.AbsenceOverlaps,
    ),
    idempotent=True,
)
async def record_absence(request: Request, officer_id: UUID, body: NewAbsence) -> AbsenceMade:
    made = await idempotency.effect(
        request,
        lambda asked: absences.record(
            officer_id,
            from_on=body.from_on,
            to_on=body.to_on,
            substitute_no=body.substitute_no,
            by=request.ctx.principal,
            asked=asked,
        ),
        UUID,
    )
    return AbsenceMade(id=made)


@bp.delete("/absences/<absence_id:uuid>")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Take a leave back; one that has begun ends yesterday",
    status=204,
    problems=(errors.RoleMissing, account_errors.AbsenceNotFound),
)
async def cancel_absence(request: Request, absence_id: UUID) -> None:
    await absences.cancel(absence_id, by=request.ctx.principal)


def done(outcome: Outcome) -> DeskOutcome:
    return msgspec.convert(outcome, DeskOutcome, from_attributes=True)
