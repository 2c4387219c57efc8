"""Registrars record who represents an organisation, from a document; it takes two of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from api.staff.guardianships import PaperNumber, Person
from core.data.pages import WrongPlace
from identity import errors
from identity.people import representatives
from identity.people.representatives import Person as NamedPerson
from identity.staff.roles import Act

bp = Blueprint("staff-representatives", url_prefix="/api/staff/representatives")


class NewRepresentative(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    uscc: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    organisation: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    """Its name, as the register has it."""
    person: Person
    document_no: PaperNumber
    """任职文件, resolution or the like."""


class MadeRepresentation(msgspec.Struct, kw_only=True):
    id: UUID


class RepresentationAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    organisation: str
    uscc: str
    person_masked: str
    document_no: str
    recorded_at: datetime
    may: list[str]
    """agree, refuse."""


class Representations(msgspec.Struct, kw_only=True):
    items: list[RepresentationAnswer]
    next: str | None


@bp.get("")
@guards.officer(Act.KEEP_REPRESENTATIVES)
@endpoint(
    summary="Records that wait for a second officer, the oldest first",
    query=paging.Page,
    returns=Representations,
    problems=(WrongPlace,),
)
async def list_waiting(request: Request, query: paging.Page) -> Representations:
    found = await representatives.list_waiting(
        by=request.ctx.principal, after=query.after, limit=query.limit
    )
    items = [msgspec.convert(one, RepresentationAnswer, from_attributes=True) for one in found]
    return Representations(items=items, next=found.following)


@bp.post("")
@guards.officer(Act.KEEP_REPRESENTATIVES)
@endpoint(
    summary="Record a representative from a document; another officer has to agree",
    body=NewRepresentative,
    returns=MadeRepresentation,
    status=201,
    problems=(
        errors.SubjectNotFound,
        errors.TooManyGuesses,
        errors.InvalidCreditCode,
        errors.InvalidIdentityNumber,
        errors.RepresentationIncomplete,
    ),
    idempotent=True,
)
async def propose(request: Request, body: NewRepresentative) -> MadeRepresentation:
    made = await idempotency.effect(
        request,
        lambda asked: representatives.propose(
            uscc=body.uscc,
            organisation=body.organisation,
            person=NamedPerson(name=body.person.name, id_no=body.person.id_no),
            document_no=body.document_no,
            by=request.ctx.principal,
            asked=asked,
        ),
        UUID,
    )
    return MadeRepresentation(id=made)


@bp.post("/<representation_id:uuid>/agreement")
@guards.officer(Act.KEEP_REPRESENTATIVES)
@endpoint(
    summary="Agree as the second officer: in force now, the former's powers are over",
    problems=(
        errors.RepresentationNotFound,
        errors.RepresentationMoved,
        errors.SecondOfficerNeeded,
    ),
)
async def agree(request: Request, representation_id: UUID) -> None:
    await representatives.agree(representation_id, by=request.ctx.principal)


@bp.post("/<representation_id:uuid>/refusal")
@guards.officer(Act.KEEP_REPRESENTATIVES)
@endpoint(
    summary="The document does not bear it",
    problems=(errors.RepresentationNotFound, errors.RepresentationMoved),
)
async def refuse(request: Request, representation_id: UUID) -> None:
    await representatives.refuse(representation_id, by=request.ctx.principal)
