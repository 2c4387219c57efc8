"""The register of delegations at a desk: proposed, countersigned or refused, revoked.

What is in force is public (Licensing Law art. 24): `GET /api/delegations`.
"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity import errors
from identity.authority import DelegateKind, Ground, Power
from identity.staff import delegations
from identity.staff.delegations import DelegationState, DelegationView, Terms
from identity.staff.roles import Act
from services.guides import catalogue

bp = Blueprint("staff-delegations", url_prefix="/api/staff/delegations")

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class DelegationProposal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ground: Ground
    delegate_kind: DelegateKind
    delegate_key: Word
    """Key of the department, site, class or window that shall act."""
    items: Annotated[list[Word], msgspec.Meta(max_length=200)]
    """Item codes of the own department, or beginnings of codes that end in `-*`."""
    powers: Annotated[list[Power], msgspec.Meta(max_length=6)]
    since: date
    until: date
    """The last day."""
    document_no: Annotated[str, msgspec.Meta(max_length=80)]
    document: Annotated[str, msgspec.Meta(max_length=64)]
    """SHA-256 or SM3 of the signed 委托书 in hexadecimal digits."""


class DelegationCause(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(max_length=300)]


class DelegationAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    no: str
    ground: Ground
    delegator: str
    """Name of the department."""
    delegate: str
    """Name of the department, or the key of a site, class or window."""
    delegate_kind: DelegateKind
    items: list[str]
    powers: list[Power]
    since: date
    until: date
    document_no: str
    document: str
    state: DelegationState
    proposed_at: datetime
    published_at: datetime | None
    ended_at: datetime | None
    reason: str
    may: list[str]
    """countersign, refuse, revoke."""


class Delegations(msgspec.Struct, kw_only=True):
    items: list[DelegationAnswer]
    next: str | None


class DelegationChoice(msgspec.Struct, kw_only=True):
    key: str
    name: str


class DelegationChoices(msgspec.Struct, kw_only=True):
    """What a proposal is put together from."""

    departments: list[DelegationChoice]
    items: list[DelegationChoice]
    """Of the own department."""
    may_propose: bool


@bp.get("")
@guards.officer(Act.READ_DELEGATIONS)
@endpoint(
    summary="Delegations given by and to my department, newest first",
    query=paging.Page,
    returns=Delegations,
    problems=(WrongPlace,),
)
async def list_delegations(request: Request, query: paging.Page) -> Delegations:
    found = await delegations.list_for(
        by=request.ctx.principal, after=query.after, limit=query.limit
    )
    return Delegations(items=[await _answer(one) for one in found], next=found.following)


@bp.get("/choices")
@guards.officer(Act.READ_DELEGATIONS)
@endpoint(summary="Departments and items that a proposal may name", returns=DelegationChoices)
async def choices(request: Request) -> DelegationChoices:
    snapshot, own = await catalogue.snapshot(), request.ctx.principal.department
    return DelegationChoices(
        departments=[
            DelegationChoice(key=one.key, name=one.name)
            for one in snapshot.departments.values()
            if one.key != own
        ],
        items=[
            DelegationChoice(key=code, name=loaded.item.name)
            for code, loaded in snapshot.items.items()
            if loaded.item.dept == own
        ],
        may_propose=delegations.may_propose(request.ctx.principal),
    )


@bp.post("")
@guards.officer(Act.DELEGATE)
@endpoint(
    summary="Propose that another body acts for my department",
    body=DelegationProposal,
    returns=DelegationAnswer,
    status=201,
    problems=(errors.InvalidDelegation, errors.DepartmentNotFound),
    idempotent=True,
)
async def propose(request: Request, body: DelegationProposal) -> DelegationAnswer:
    by = request.ctx.principal
    snapshot = await catalogue.snapshot()
    own = [code for code, one in snapshot.items.items() if one.item.dept == by.department]
    delegation_id = await idempotency.effect(
        request,
        lambda asked: delegations.propose(_terms(body), known_items=own, by=by, asked=asked),
        UUID,
    )
    return await _answer(await delegations.get(delegation_id, by=by))


@bp.post("/<delegation_id:uuid>/countersignature")
@guards.officer(Act.COUNTERSIGN_DELEGATIONS)
@endpoint(
    summary="Agree for the supervising body: published and in force",
    returns=DelegationAnswer,
    problems=(errors.DelegationNotFound, errors.DelegationMoved, errors.SecondOfficerNeeded),
)
async def countersign(request: Request, delegation_id: UUID) -> DelegationAnswer:
    return await _answer(await delegations.countersign(delegation_id, by=request.ctx.principal))


@bp.post("/<delegation_id:uuid>/refusal")
@guards.officer(Act.COUNTERSIGN_DELEGATIONS)
@endpoint(
    summary="Send a proposal back, with a reason",
    body=DelegationCause,
    returns=DelegationAnswer,
    problems=(errors.DelegationNotFound, errors.DelegationMoved, errors.InvalidDelegation),
)
async def refuse(request: Request, delegation_id: UUID, body: DelegationCause) -> DelegationAnswer:
    return await _answer(
        await delegations.refuse(delegation_id, reason=body.reason, by=request.ctx.principal)
    )


@bp.post("/<delegation_id:uuid>/revocation")
@guards.officer(Act.DELEGATE, Act.COUNTERSIGN_DELEGATIONS)
@endpoint(
    summary="Take a delegation back at once, with a reason",
    body=DelegationCause,
    returns=DelegationAnswer,
    problems=(errors.DelegationNotFound, errors.DelegationMoved, errors.InvalidDelegation),
)
async def revoke(request: Request, delegation_id: UUID, body: DelegationCause) -> DelegationAnswer:
    return await _answer(
        await delegations.revoke(delegation_id, reason=body.reason, by=request.ctx.principal)
    )


def _terms(body: DelegationProposal) -> Terms:
    return Terms(
        ground=body.ground,
        delegate_kind=body.delegate_kind,
        delegate_key=body.delegate_key,
        items=tuple(body.items),
        powers=frozenset(body.powers),
        since=body.since,
        until=body.until,
        document_no=body.document_no,
        document=body.document.lower(),
    )


async def _answer(view: DelegationView) -> DelegationAnswer:
    name_of, terms = (await catalogue.snapshot()).department_name, view.terms
    return DelegationAnswer(
        id=view.id,
        no=view.no,
        ground=terms.ground,
        delegator=name_of(view.delegator),
        delegate=name_of(terms.delegate_key),
        delegate_kind=terms.delegate_kind,
        items=list(terms.items),
        powers=sorted(terms.powers),
        since=terms.since,
        until=terms.until,
        document_no=terms.document_no,
        document=terms.document,
        state=view.state,
        proposed_at=view.proposed_at,
        published_at=view.published_at,
        ended_at=view.ended_at,
        reason=view.reason,
        may=view.may,
    )
