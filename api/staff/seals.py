"""Seal keepers and supervisors: propose, approve, freeze and destroy e-seals."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity.staff.roles import Act
from wallet import errors
from wallet.seal import life, seals
from wallet.seal import proposals as seal_proposals
from wallet.seal.proposals import ProposalState, ProposalView
from wallet.seal.seals import SealState, SealView

bp = Blueprint("staff-seals", url_prefix="/api/staff")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
"""The text on the ring of the seal."""


class RegisteredSeal(msgspec.Struct, kw_only=True):
    id: UUID
    department: str
    name: str
    state: SealState
    state_text: str
    valid_from: datetime
    valid_until: datetime
    uses: int
    """How many documents it has sealed."""


class RegisteredSeals(msgspec.Struct, kw_only=True):
    seals: list[RegisteredSeal]


class Cause(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    cause: Text


class Renewal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    valid_to: date
    """The last day of the new seal."""
    cause: Text


class Wish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    department: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    name: Name
    valid_to: date
    cause: Text


class Proposal(msgspec.Struct, kw_only=True):
    id: UUID
    department: str
    name: str
    valid_to: date
    replaces_id: UUID | None
    """The seal to be renewed."""
    cause: str
    state: ProposalState
    proposed_name: str
    proposed_at: datetime
    decided_name: str
    decided_at: datetime | None
    seal_id: UUID | None
    may_approve: bool
    """Whether the caller may: somebody else proposed it, and it is open."""


class Proposals(msgspec.Struct, kw_only=True):
    proposals: list[Proposal]
    next: str | None
    """`after` of the next page; null on the last one."""


@bp.get("/seals")
@guards.officer(Act.KEEP_SEALS)
@endpoint(summary="The e-seals of my department", returns=RegisteredSeals)
async def list_seals(request: Request) -> RegisteredSeals:
    found = await seals.list_for(request.ctx.principal)
    return RegisteredSeals(seals=[_seal(seal) for seal in found])


@bp.post("/seals/<seal_id:uuid>/freezing")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Freeze an e-seal: it is not used until it is put back",
    body=Cause,
    returns=RegisteredSeal,
    problems=(errors.NotASealKeeper, errors.SealNotFound, errors.SealStateChangeNotAllowed),
)
async def freeze(request: Request, seal_id: UUID, body: Cause) -> RegisteredSeal:
    await life.freeze(seal_id, cause=body.cause, by=request.ctx.principal)
    return await _now(seal_id, request)


@bp.post("/seals/<seal_id:uuid>/unfreezing")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Put a frozen e-seal back to use",
    body=Cause,
    returns=RegisteredSeal,
    problems=(errors.NotASealKeeper, errors.SealNotFound, errors.SealStateChangeNotAllowed),
)
async def unfreeze(request: Request, seal_id: UUID, body: Cause) -> RegisteredSeal:
    await life.unfreeze(seal_id, cause=body.cause, by=request.ctx.principal)
    return await _now(seal_id, request)


@bp.post("/seals/<seal_id:uuid>/destruction")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Destroy an e-seal that another officer froze or replaced",
    body=Cause,
    returns=RegisteredSeal,
    problems=(
        errors.NotASealKeeper,
        errors.SealNotFound,
        errors.SealStateChangeNotAllowed,
        errors.SecondPersonNeeded,
    ),
)
async def destroy(request: Request, seal_id: UUID, body: Cause) -> RegisteredSeal:
    await life.destroy(seal_id, cause=body.cause, by=request.ctx.principal)
    return await _now(seal_id, request)


@bp.post("/seals/<seal_id:uuid>/renewal")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Propose a new e-seal in place of this one",
    body=Renewal,
    returns=Proposal,
    status=201,
    problems=(
        errors.NotASealKeeper,
        errors.SealNotFound,
        errors.SealStateChangeNotAllowed,
        errors.ProposalRefused,
    ),
    idempotent=True,
)
async def renew(request: Request, seal_id: UUID, body: Renewal) -> Proposal:
    principal = request.ctx.principal
    made = await idempotency.effect(
        request,
        lambda asked: seal_proposals.renew(
            seal_id,
            valid_to=body.valid_to,
            cause=body.cause,
            keys=request.app.ctx.resources.keys,
            by=principal,
            asked=asked,
        ),
        seal_proposals.ProposalView,
    )
    return _proposal(made, principal.id)


@bp.get("/seal-proposals")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Proposals for e-seals of my department, those that wait first, newest first",
    query=paging.Page,
    returns=Proposals,
    problems=(WrongPlace,),
)
async def list_proposals(request: Request, query: paging.Page) -> Proposals:
    principal = request.ctx.principal
    found = await seal_proposals.list_for(principal, after=query.after, limit=query.limit)
    return Proposals(
        proposals=[_proposal(view, principal.id) for view in found], next=found.following
    )


@bp.post("/seal-proposals")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Propose an e-seal for my department",
    body=Wish,
    returns=Proposal,
    status=201,
    problems=(errors.NotASealKeeper, errors.ProposalRefused),
    idempotent=True,
)
async def propose(request: Request, body: Wish) -> Proposal:
    principal = request.ctx.principal
    made = await idempotency.effect(
        request,
        lambda asked: seal_proposals.propose(
            department=body.department,
            name=body.name,
            valid_to=body.valid_to,
            cause=body.cause,
            keys=request.app.ctx.resources.keys,
            by=principal,
            asked=asked,
        ),
        seal_proposals.ProposalView,
    )
    return _proposal(made, principal.id)


@bp.post("/seal-proposals/<proposal_id:uuid>/approval")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Approve another officer's proposal: the e-seal is made",
    returns=RegisteredSeal,
    status=201,
    problems=(
        errors.NotASealKeeper,
        errors.ProposalNotFound,
        errors.ProposalClosed,
        errors.ProposalRefused,
        errors.SealStateChangeNotAllowed,
        errors.SecondPersonNeeded,
    ),
)
async def approve(request: Request, proposal_id: UUID) -> RegisteredSeal:
    keys = request.app.ctx.resources.keys
    seal_id = await seal_proposals.approve(proposal_id, keys=keys, by=request.ctx.principal)
    return await _now(seal_id, request)


@bp.post("/seal-proposals/<proposal_id:uuid>/refusal")
@guards.officer(Act.KEEP_SEALS)
@endpoint(
    summary="Turn a proposal down, or take one's own back",
    body=Cause,
    returns=Proposal,
    problems=(errors.NotASealKeeper, errors.ProposalNotFound, errors.ProposalClosed),
)
async def refuse(request: Request, proposal_id: UUID, body: Cause) -> Proposal:
    principal = request.ctx.principal
    await seal_proposals.refuse(proposal_id, cause=body.cause, by=principal)
    return _proposal(await seal_proposals.get_for(proposal_id, principal), principal.id)


async def _now(seal_id: UUID, request: Request) -> RegisteredSeal:
    return _seal(await seals.get_for(seal_id, request.ctx.principal))


def _seal(seal: SealView) -> RegisteredSeal:
    return RegisteredSeal(
        id=seal.id,
        department=seal.department,
        name=seal.name,
        state=seal.state,
        state_text=seal.state.text,
        valid_from=seal.valid_from,
        valid_until=seal.valid_until,
        uses=seal.uses,
    )


def _proposal(view: ProposalView, caller: UUID) -> Proposal:
    mine = view.proposed_by == caller
    facts = {name: value for name, value in vars(view).items() if name != "proposed_by"}
    return Proposal(**facts, may_approve=view.state is ProposalState.OPEN and not mine)
