"""My licences: the wallet, one licence, its document, showing it by a code, who looked."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw as raw_response

from api.edge import guards, paging
from api.edge.endpoint import endpoint
from core.data.pages import Page, WrongPlace
from core.errors import TooMany
from identity.errors import StepUpRequired
from identity.principal import Principal
from wallet import errors
from wallet.issue import late_documents
from wallet.log import access_log as uses
from wallet.log.access_log import Use
from wallet.register import history, queries
from wallet.register.queries import LicenceDetail
from wallet.seal import checks
from wallet.show import present

bp = Blueprint("citizen-licences", url_prefix="/api/citizen")

OFD = "application/ofd"


class LicenceCard(msgspec.Struct, kw_only=True):
    id: UUID
    type: str
    name: str
    kind: str
    holder_masked: str
    number_masked: str
    issuer: str
    state: str
    state_text: str
    valid_to: date | None
    """None means without end."""
    days_left: int | None
    version: int
    showable: bool
    only_data: bool
    """Taken in as data, and no second officer has vouched for it: it carries no power."""
    origin_text: str
    """Said of licences that were taken in; empty for one that was issued here."""


class WalletQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    limit: paging.Limit = 50


class LicenceList(msgspec.Struct, kw_only=True):
    licences: list[LicenceCard]
    """Those that can be shown first, the newest of them first."""
    next: str | None
    """`after` of the next page; null on the last one."""


class Fact(msgspec.Struct, kw_only=True):
    key: str
    label: str
    value: str


class SealAnswer(msgspec.Struct, kw_only=True):
    verdict: str
    text: str


class LicencePage(LicenceCard, kw_only=True):
    facts: list[Fact]
    """Masked; `POST …/reveal` gives them whole."""
    identifier: str
    issued_on: date
    seal: SealAnswer
    document_url: str


class RevealedFacts(msgspec.Struct, kw_only=True):
    facts: list[Fact]


class UseAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    n: int
    at: datetime
    kind: str
    """code, document, values, case, copy, authorised, link, revealed, taken, prefill or office."""
    kind_text: str
    who: str
    department: str
    terminal: str
    purpose: str
    case_no: str
    ground: str
    """What gave the right to look."""
    fields_seen: list[str]
    verdict: str
    """Empty where nothing was judged."""
    verdict_text: str
    licence_id: UUID
    licence_name: str


class UseList(msgspec.Struct, kw_only=True):
    uses: list[UseAnswer]
    next: str | None


class UsesWanted(paging.Page, kw_only=True, forbid_unknown_fields=True):
    limit: paging.Limit = 50


class ChangeAnswer(msgspec.Struct, kw_only=True):
    at: datetime
    before: str
    after: str
    after_text: str
    cause: str
    authority: str
    document_no: str


class History(msgspec.Struct, kw_only=True):
    changes: list[ChangeAnswer]
    """Oldest first; empty when the licence is as it was issued."""


class PresentationAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    code: str
    """The text of the QR."""
    svg: str
    expires_at: datetime
    renew_at: datetime
    life_seconds: int
    renew_after_seconds: int


class PresentationStateAnswer(msgspec.Struct, kw_only=True):
    state: str
    """open, used, stopped or expired."""
    used_by: str | None


@bp.get("/licences")
@guards.citizen
@endpoint(
    summary="Licences in my wallet, or in that of the organisation I act for",
    query=WalletQuery,
    returns=LicenceList,
    problems=(WrongPlace,),
)
async def list_licences(request: Request, query: WalletQuery) -> LicenceList:
    found = await queries.list_licences(
        request.ctx.principal.applicant_id, after=query.after, limit=query.limit
    )
    cards = [msgspec.convert(summary, LicenceCard, from_attributes=True) for summary in found]
    return LicenceList(licences=cards, next=found.following)


@bp.get("/licences/<licence_id:uuid>")
@guards.citizen
@endpoint(
    summary="One of my licences, its facts masked",
    returns=LicencePage,
    problems=(errors.LicenceNotFound,),
)
async def get_licence(request: Request, licence_id: UUID) -> LicencePage:
    seal = await _seal(request, licence_id)
    detail = await queries.get_licence(licence_id, by=request.ctx.principal)
    card = msgspec.convert(detail.summary, LicenceCard, from_attributes=True)
    return LicencePage(
        **msgspec.structs.asdict(card),
        facts=_facts(detail),
        identifier=detail.identifier,
        issued_on=detail.issued_on,
        seal=seal,
        document_url=f"/api/citizen/licences/{licence_id}/document",
    )


@bp.post("/licences/<licence_id:uuid>/reveal")
@guards.citizen
@endpoint(
    summary="The facts of one of my licences unmasked; that I looked goes on record",
    returns=RevealedFacts,
    problems=(errors.LicenceNotFound, StepUpRequired),
)
async def reveal(request: Request, licence_id: UUID) -> RevealedFacts:
    detail = await queries.reveal(licence_id, by=request.ctx.principal)
    return RevealedFacts(facts=_facts(detail))


@bp.get("/licences/<licence_id:uuid>/document")
@guards.citizen
@endpoint(
    summary="The sealed OFD document of one of my licences; that I took it goes on record",
    raw=True,
    media_types=(OFD,),
    problems=(errors.LicenceNotFound, errors.OnlyData, StepUpRequired),
)
async def get_document(request: Request, licence_id: UUID) -> HTTPResponse:
    data = await late_documents.take(
        licence_id, by=request.ctx.principal, desk=request.app.ctx.resources.desk
    )
    return raw_response(
        data,
        content_type=OFD,
        headers={
            "Content-Disposition": f'attachment; filename="licence-{licence_id}.ofd"',
            "Cache-Control": "private, no-store",
        },
    )


@bp.get("/uses")
@guards.citizen
@endpoint(
    summary="Who looked at my licences, newest first",
    query=UsesWanted,
    returns=UseList,
    problems=(WrongPlace,),
)
async def list_uses(request: Request, query: UsesWanted) -> UseList:
    principal: Principal = request.ctx.principal
    found = await uses.list_uses(principal.applicant_id, after=query.after, limit=query.limit)
    return _uses(found)


@bp.get("/licences/<licence_id:uuid>/uses")
@guards.citizen
@endpoint(
    summary="Who looked at one of my licences, newest first",
    query=UsesWanted,
    returns=UseList,
    problems=(errors.LicenceNotFound, WrongPlace),
)
async def list_uses_of_licence(request: Request, licence_id: UUID, query: UsesWanted) -> UseList:
    principal: Principal = request.ctx.principal
    found = await uses.list_of_licence(
        licence_id, by=principal, after=query.after, limit=query.limit
    )
    return _uses(found)


@bp.get("/licences/<licence_id:uuid>/history")
@guards.citizen
@endpoint(
    summary="How the state of one of my licences changed, with cause, authority and document",
    returns=History,
    problems=(errors.LicenceNotFound,),
)
async def get_history(request: Request, licence_id: UUID) -> History:
    return history_answer(await history.of_own(licence_id, by=request.ctx.principal))


@bp.post("/licences/<licence_id:uuid>/presentations")
@guards.citizen
@endpoint(
    summary="Show a licence: a code that lives a minute and can be read once",
    returns=PresentationAnswer,
    status=201,
    problems=(
        errors.LicenceNotFound,
        errors.LicenceNotInForce,
        errors.OnlyData,
        StepUpRequired,
        TooMany,
    ),
)
async def open_presentation(request: Request, licence_id: UUID) -> PresentationAnswer:
    desk = request.app.ctx.resources.desk
    # The right first: nobody has a document drawn and sealed whom `open` then refuses.
    opened = await present.open(licence_id, by=request.ctx.principal, desk=desk)
    document = await _draw(request, licence_id)
    await checks.seal_checks(document, desk=desk)
    return PresentationAnswer(
        id=opened.id,
        code=opened.text,
        svg=opened.svg,
        expires_at=opened.expires_at,
        renew_at=opened.renew_at,
        life_seconds=int(present.LIFE.total_seconds()),
        renew_after_seconds=int(present.RENEW_AFTER.total_seconds()),
    )


@bp.get("/presentations/<presentation_id:uuid>")
@guards.citizen
@endpoint(
    summary="What became of a code I showed",
    returns=PresentationStateAnswer,
    problems=(errors.PresentationNotFound,),
)
async def get_presentation(request: Request, presentation_id: UUID) -> PresentationStateAnswer:
    redis = request.app.ctx.resources.redis
    found = await present.state(presentation_id, by=request.ctx.principal, redis=redis)
    return PresentationStateAnswer(state=found.state.value, used_by=found.used_by)


@bp.delete("/presentations/<presentation_id:uuid>")
@guards.citizen
@endpoint(summary="Take a running code back", problems=(errors.PresentationNotFound,))
async def stop_presentation(request: Request, presentation_id: UUID) -> None:
    redis = request.app.ctx.resources.redis
    await present.stop(presentation_id, by=request.ctx.principal, redis=redis)


async def _draw(request: Request, licence_id: UUID) -> str:
    """The licence's document; one that came as data gets it when it is first needed."""
    return await late_documents.ensure(
        licence_id, by=request.ctx.principal, desk=request.app.ctx.resources.desk
    )


async def _seal(request: Request, licence_id: UUID) -> SealAnswer:
    try:
        document = await _draw(request, licence_id)
    except errors.OnlyData as refusal:
        return SealAnswer(verdict="cannot_tell", text=refusal.title)
    found = await checks.verdict_on(document, desk=request.app.ctx.resources.desk)
    return SealAnswer(verdict=found.verdict, text=_seal_text(found.verdict, found.title))


def _facts(detail: LicenceDetail) -> list[Fact]:
    return [Fact(key=fact.key, label=fact.label, value=fact.value) for fact in detail.facts]


def history_answer(found: list[history.Change]) -> History:
    """How the changes of a licence look in an answer."""
    return History(
        changes=[msgspec.convert(one, ChangeAnswer, from_attributes=True) for one in found]
    )


def _seal_text(verdict: str, title: str) -> str:
    return "电子签章完好，可以验证" if verdict == "valid" else title


def _uses(found: Page[Use]) -> UseList:
    shown = [msgspec.convert(use, UseAnswer, from_attributes=True) for use in found]
    return UseList(uses=shown, next=found.following)
