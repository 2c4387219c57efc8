"""PowerProposals of power, which another keeper of accounts approves; and the log of the desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from api.staff.accounts.officers import AccountCause, DeskOutcome, done
from core.data.pages import WrongPlace
from identity import account_errors, errors
from identity.staff import account_lists, proposals
from identity.staff.account_lists import ProposalLine
from identity.staff.proposals import Is, Outcome
from identity.staff.roles import Act

bp = Blueprint("staff-power-proposals", url_prefix="/api/staff")

DECIDING = (
    errors.RoleMissing,
    account_errors.PowerProposalNotFound,
    account_errors.PowerProposalClosed,
)


class PowerRow(msgspec.Struct, kw_only=True):
    roles: list[str]
    department: str | None
    valid_from: date | None
    valid_to: date | None


class PowerProposalRow(msgspec.Struct, kw_only=True):
    id: UUID
    officer_id: UUID
    staff_no: str
    name: str
    kind: str
    before: PowerRow
    after: PowerRow
    cause: str
    state: str
    proposed_name: str
    proposed_at: datetime
    lapses_at: datetime
    decided_name: str
    decided_at: datetime | None
    answer: str | None
    mine: bool
    """The caller proposed it, and may take it back."""
    may_approve: bool
    """Whether the caller may: neither proposed it nor gains by it, and it is open."""


class PowerProposals(msgspec.Struct, kw_only=True):
    proposals: list[PowerProposalRow]
    next: str | None


class ProposalQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    open: bool = False
    """Only those that wait."""


class AccountChangeRow(msgspec.Struct, kw_only=True):
    id: UUID
    at: datetime
    actor_name: str
    action: str
    target: str
    target_name: str
    detail: dict[str, Any]
    cause: str | None


class AccountChanges(msgspec.Struct, kw_only=True):
    changes: list[AccountChangeRow]
    next: str | None


class ChangeQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    """Such as `officer:<id>`."""


@bp.get("/power-proposals")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="PowerProposals of power, newest first",
    query=ProposalQuery,
    returns=PowerProposals,
    problems=(errors.RoleMissing, WrongPlace),
)
async def list_proposals(request: Request, query: ProposalQuery) -> PowerProposals:
    principal = request.ctx.principal
    page = await account_lists.list_proposals(
        open_only=query.open, after=query.after, limit=query.limit, by=principal
    )
    rows = [_row(one, principal.id) for one in page]
    return PowerProposals(proposals=rows, next=page.following)


@bp.post("/power-proposals/<proposal_id:uuid>/approval")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Give what another keeper proposed",
    returns=DeskOutcome,
    problems=(
        *DECIDING,
        account_errors.SecondKeeperNeeded,
        account_errors.PowerChanged,
        account_errors.DepartmentClosed,
    ),
    idempotent=True,
)
async def approve(request: Request, proposal_id: UUID) -> DeskOutcome:
    outcome = await idempotency.effect(
        request,
        lambda asked: proposals.approve(proposal_id, by=request.ctx.principal, asked=asked),
        Outcome,
    )
    return done(outcome)


@bp.post("/power-proposals/<proposal_id:uuid>/refusal")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Turn a proposal down, or take one's own back",
    body=AccountCause,
    returns=PowerProposalRow,
    problems=DECIDING,
)
async def refuse(request: Request, proposal_id: UUID, body: AccountCause) -> PowerProposalRow:
    principal = request.ctx.principal
    await proposals.refuse(proposal_id, cause=body.cause, by=principal)
    return _row(await account_lists.get_proposal(proposal_id, by=principal), principal.id)


@bp.get("/account-changes")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Who changed what at the accounts desk, newest first",
    query=ChangeQuery,
    returns=AccountChanges,
    problems=(errors.RoleMissing, WrongPlace),
)
async def list_changes(request: Request, query: ChangeQuery) -> AccountChanges:
    page = await account_lists.list_changes(
        target=query.target, after=query.after, limit=query.limit, by=request.ctx.principal
    )
    rows = [msgspec.convert(one, AccountChangeRow, from_attributes=True) for one in page]
    return AccountChanges(changes=rows, next=page.following)


def _row(line: ProposalLine, caller: UUID) -> PowerProposalRow:
    facts = {name: value for name, value in vars(line).items() if name != "proposed_by"}
    facts |= {name: msgspec.convert(facts[name], PowerRow) for name in ("before", "after")}
    concerned = caller in (line.proposed_by, line.officer_id)
    is_open = line.state is Is.OPEN
    return PowerProposalRow(
        **facts, mine=caller == line.proposed_by, may_approve=is_open and not concerned
    )
