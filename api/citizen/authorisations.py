"""Let others use my licences: offer, accept, take back, use; and share once by a link."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging, throttle
from api.edge.bounds import Key
from api.edge.endpoint import endpoint
from core.data.pages import Page, WrongPlace
from identity.errors import (
    DepartmentNotFound,
    InvalidCreditCode,
    InvalidIdentityNumber,
    StepUpRequired,
    TooManyGuesses,
)
from wallet import errors
from wallet.share import authorisations, queries
from wallet.share.authorisations import Grantee, Seen, Terms
from wallet.share.queries import View

bp = Blueprint("authorisations", url_prefix="/api")

TRIES_PER_MINUTE = 10

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Keys = Annotated[list[Key], msgspec.Meta(min_length=1, max_length=60)]
Uses = Annotated[int, msgspec.Meta(ge=1, le=100)]

_TERMS = (
    errors.LicenceNotFound,
    errors.LicenceNotInForce,
    errors.AuthorisationInvalid,
    errors.OnlyData,
    StepUpRequired,
)
_DECISION = (errors.AuthorisationNotFound, errors.AuthorisationOver)


class Offer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """To a person or an organisation by name and number, or to a department by its key."""

    fields: Keys
    purpose: Line
    ends_at: Annotated[datetime, msgspec.Meta(tz=True)]
    max_uses: Uses = 1
    id_no: Annotated[str, msgspec.Meta(max_length=18)] | None = None
    name: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    department: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class Share(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    fields: Keys
    purpose: Line
    ends_at: Annotated[datetime, msgspec.Meta(tz=True)]


class MadeAuthorisation(msgspec.Struct, kw_only=True):
    id: UUID


class LinkAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    url: str
    code: str
    """Pass it on by another way than the link. It is shown this once only."""


class AuthorisationAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    licence_id: UUID
    licence_name: str
    holder_name: str
    grantee_name: str
    kind: str
    """subject, department or link."""
    fields: list[str]
    purpose: str
    state: str
    """offered, accepted, declined, taken_back, ended or used_up."""
    state_text: str
    max_uses: int
    used: int
    created_at: datetime
    ends_at: datetime


class Authorisations(msgspec.Struct, kw_only=True):
    authorisations: list[AuthorisationAnswer]
    next: str | None
    """`after` of the next page; null on the last one."""


class UseIt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Empty: the purpose of the authorisation."""


class OpenLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class SeenField(msgspec.Struct, kw_only=True):
    label: str
    value: str


class SeenAnswer(msgspec.Struct, kw_only=True):
    licence_name: str
    issuer: str
    state: str
    state_text: str
    purpose: str
    fields: list[SeenField]
    uses_left: int


@bp.post("/citizen/licences/<licence_id:uuid>/authorisations")
@guards.citizen
@endpoint(
    summary="Let a person, an organisation or a department see fields of my licence",
    body=Offer,
    returns=MadeAuthorisation,
    status=201,
    problems=(
        *_TERMS,
        TooManyGuesses,
        DepartmentNotFound,
        InvalidIdentityNumber,
        InvalidCreditCode,
    ),
    idempotent=True,
)
async def offer(request: Request, licence_id: UUID, body: Offer) -> MadeAuthorisation:
    to = Grantee(id_no=body.id_no, name=body.name, department=body.department)
    terms = Terms(
        fields=body.fields, purpose=body.purpose, ends_at=body.ends_at, max_uses=body.max_uses
    )
    by = request.ctx.principal
    made = await idempotency.effect(
        request,
        lambda asked: authorisations.offer(licence_id, to=to, terms=terms, by=by, asked=asked),
        UUID,
    )
    return MadeAuthorisation(id=made)


@bp.post("/citizen/licences/<licence_id:uuid>/shares")
@guards.citizen
@endpoint(
    summary="A link that shows fields of my licence once, to whoever has its code",
    body=Share,
    returns=LinkAnswer,
    status=201,
    problems=_TERMS,
    idempotent=True,
)
async def share(request: Request, licence_id: UUID, body: Share) -> LinkAnswer:
    terms = Terms(fields=body.fields, purpose=body.purpose, ends_at=body.ends_at, max_uses=1)
    by = request.ctx.principal
    link = await idempotency.effect(
        request,
        lambda asked: authorisations.share(licence_id, terms=terms, by=by, asked=asked),
        authorisations.Link,
    )
    public_url = request.app.ctx.resources.settings.public_url
    return LinkAnswer(id=link.id, url=f"{public_url}/m/#/shared/{link.token}", code=link.code)


@bp.get("/citizen/authorisations/given")
@guards.citizen
@endpoint(
    summary="What I let others see, newest first",
    query=paging.Page,
    returns=Authorisations,
    problems=(WrongPlace,),
)
async def list_given(request: Request, query: paging.Page) -> Authorisations:
    by = request.ctx.principal
    return _answers(await queries.list_given(by=by, after=query.after, limit=query.limit))


@bp.get("/citizen/authorisations/received")
@guards.citizen
@endpoint(
    summary="What others let me see, first what waits for my answer",
    query=paging.Page,
    returns=Authorisations,
    problems=(WrongPlace,),
)
async def list_received(request: Request, query: paging.Page) -> Authorisations:
    return await _received(request, query)


@bp.post("/citizen/authorisations/<authorisation_id:uuid>/acceptance")
@guards.citizen
@endpoint(summary="Accept what was offered to me", problems=_DECISION)
async def accept(request: Request, authorisation_id: UUID) -> None:
    await authorisations.accept(authorisation_id, by=request.ctx.principal)


@bp.post("/citizen/authorisations/<authorisation_id:uuid>/refusal")
@guards.citizen
@endpoint(summary="Decline what was offered to me", problems=_DECISION)
async def decline(request: Request, authorisation_id: UUID) -> None:
    await authorisations.decline(authorisation_id, by=request.ctx.principal)


@bp.delete("/citizen/authorisations/<authorisation_id:uuid>")
@guards.citizen
@endpoint(summary="Take an authorisation of mine back, now", problems=_DECISION)
async def take_back(request: Request, authorisation_id: UUID) -> None:
    await authorisations.take_back(authorisation_id, by=request.ctx.principal)


@bp.post("/citizen/authorisations/<authorisation_id:uuid>/uses")
@guards.citizen
@endpoint(
    summary="See what I was authorised to see; counts as one use",
    body=UseIt,
    returns=SeenAnswer,
    problems=(*_DECISION, errors.LicenceNotInForce, StepUpRequired),
)
async def use(request: Request, authorisation_id: UUID, body: UseIt) -> SeenAnswer:
    return _seen(
        await authorisations.use(authorisation_id, purpose=body.purpose, by=request.ctx.principal)
    )


@bp.post("/shared")
@guards.visitor
@endpoint(
    summary="Open a shared link with its code; it works once",
    body=OpenLink,
    returns=SeenAnswer,
    problems=(errors.ShareCodeRefused, errors.LicenceNotInForce, throttle.TooManyTries),
)
async def open_link(request: Request, body: OpenLink) -> SeenAnswer:
    await throttle.per_address(request, "shared", limit=TRIES_PER_MINUTE)
    return _seen(await authorisations.open_link(body.token, body.code, by=request.ctx.principal))


@bp.get("/counter/authorisations")
@guards.counter
@endpoint(
    summary="What holders let my department see",
    query=paging.Page,
    returns=Authorisations,
    problems=(WrongPlace,),
)
async def list_at_counter(request: Request, query: paging.Page) -> Authorisations:
    return await _received(request, query)


@bp.post("/counter/authorisations/<authorisation_id:uuid>/uses")
@guards.counter
@endpoint(
    summary="See what a holder let my department see; counts as one use",
    body=UseIt,
    returns=SeenAnswer,
    problems=(*_DECISION, errors.LicenceNotInForce),
)
async def use_at_counter(request: Request, authorisation_id: UUID, body: UseIt) -> SeenAnswer:
    return _seen(
        await authorisations.use(authorisation_id, purpose=body.purpose, by=request.ctx.principal)
    )


@bp.post("/counter/shared")
@guards.counter
@endpoint(
    summary="Open a link that a citizen brings to a counter, with its code; it works once",
    body=OpenLink,
    returns=SeenAnswer,
    problems=(errors.ShareCodeRefused, errors.LicenceNotInForce, throttle.TooManyTries),
)
async def open_link_at_counter(request: Request, body: OpenLink) -> SeenAnswer:
    await throttle.per_address(request, "shared", limit=TRIES_PER_MINUTE)
    return _seen(await authorisations.open_link(body.token, body.code, by=request.ctx.principal))


async def _received(request: Request, query: paging.Page) -> Authorisations:
    by = request.ctx.principal
    return _answers(await queries.list_received(by=by, after=query.after, limit=query.limit))


def _answers(found: Page[View]) -> Authorisations:
    shown = [msgspec.convert(one, AuthorisationAnswer, from_attributes=True) for one in found]
    return Authorisations(authorisations=shown, next=found.following)


def _seen(found: Seen) -> SeenAnswer:
    return SeenAnswer(
        licence_name=found.licence_name,
        issuer=found.issuer,
        state=found.state,
        state_text=found.state_text,
        purpose=found.purpose,
        fields=[SeenField(label=label, value=value) for label, value in found.fields],
        uses_left=found.uses_left,
    )
