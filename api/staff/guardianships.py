"""Registrars record and end guardianships of minors, each with the number of a document."""

from datetime import date
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency
from api.edge.endpoint import endpoint
from identity import errors
from identity.people import registrar
from identity.people.registrar import NamedPerson
from identity.staff.roles import Act

bp = Blueprint("staff-guardianships", url_prefix="/api/staff")

PaperNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_PROBLEMS = (errors.SubjectNotFound, errors.TooManyGuesses, errors.InvalidIdentityNumber)


class Person(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Name and identity number as the document writes them; never in an address."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    id_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class WardSearch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ward: Person


class Guardianship(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    ward: Person
    guardian: Person
    document_no: PaperNumber
    """Birth certificate, judgment or the like."""


class GuardianAnswer(msgspec.Struct, kw_only=True):
    name: str
    until: date
    """The last day: the one before the child is of age."""


class Guardians(msgspec.Struct, kw_only=True):
    guardians: list[GuardianAnswer]


@bp.post("/guardianships/search")
@guards.officer(Act.KEEP_GUARDIANSHIPS)
@endpoint(
    summary="Who is guardian of a child today",
    body=WardSearch,
    returns=Guardians,
    problems=_PROBLEMS,
)
async def search(request: Request, body: WardSearch) -> Guardians:
    found = await registrar.find(_named(body.ward), by=request.ctx.principal)
    return Guardians(guardians=[GuardianAnswer(name=one.name, until=one.until) for one in found])


@bp.post("/guardianships")
@guards.officer(Act.KEEP_GUARDIANSHIPS)
@endpoint(
    summary="Record a guardianship from a document; a child not known yet is registered",
    body=Guardianship,
    returns=GuardianAnswer,
    status=201,
    problems=(*_PROBLEMS, errors.NotAMinor),
    idempotent=True,
)
async def record(request: Request, body: Guardianship) -> GuardianAnswer:
    until = await idempotency.effect(
        request,
        lambda asked: registrar.record(
            _named(body.ward),
            guardian=_named(body.guardian),
            document_no=body.document_no,
            by=request.ctx.principal,
            asked=asked,
        ),
        date,
    )
    return GuardianAnswer(name=body.guardian.name.strip(), until=until)


@bp.post("/guardianships/ending")
@guards.officer(Act.KEEP_GUARDIANSHIPS)
@endpoint(
    summary="End a guardianship now, by another document",
    body=Guardianship,
    problems=(*_PROBLEMS, errors.GuardianshipNotFound),
)
async def end(request: Request, body: Guardianship) -> None:
    await registrar.end(
        _named(body.ward),
        guardian=_named(body.guardian),
        document_no=body.document_no,
        by=request.ctx.principal,
    )


def _named(person: Person) -> NamedPerson:
    return NamedPerson(name=person.name, id_no=person.id_no)
