"""The public catalogue: themes, items, search, and the personal guide after a few answers."""

from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.citizen import guides
from api.edge import guards, paging
from api.edge.bounds import Answers, Word
from api.edge.endpoint import endpoint
from api.shared import licence_lookup
from identity import channels
from identity import errors as identity_errors
from identity.principal import Principal
from services.cases.views import queries
from services.guides import catalogue, errors, guide
from services.guides.catalogue import Snapshot
from services.guides.definitions import Item

bp = Blueprint("catalogue", url_prefix="/api/catalogue")


ChannelKey = Annotated[str, msgspec.Meta(max_length=32)]

MOST_ELSEWHERE = 5


class ThemeItem(msgspec.Struct, kw_only=True):
    code: str
    name: str
    short_name: str
    department: str


class ThemeView(msgspec.Struct, kw_only=True):
    code: str
    name: str
    summary: str
    lead_name: str
    promise_text: str
    items: list[ThemeItem]


class Themes(msgspec.Struct, kw_only=True):
    themes: list[ThemeView]


class ItemQuery(paging.ByOffset, kw_only=True, forbid_unknown_fields=True):
    q: Annotated[str, msgspec.Meta(max_length=60)] = ""
    audience: guides.Audience | None = None
    theme: Word | None = None
    department: Word | None = None
    channel: ChannelKey = ""
    """Where the page is shown, else where the session was opened: what is not offered there is
    told of, but not listed."""


class ItemSummary(msgspec.Struct, kw_only=True):
    code: str
    name: str
    short_name: str
    department: str
    """Short name of the department."""
    department_key: str
    item_type: str
    audience: list[guides.Audience]
    promised_text: str
    online_depth: str
    fee_text: str
    licence_type: str | None
    tags: list[str]


class Elsewhere(msgspec.Struct, kw_only=True):
    """An item that was found and is offered by other entries only."""

    name: str
    channels: list[str]
    """Names of the entries that offer it."""


class Items(msgspec.Struct, kw_only=True):
    items: list[ItemSummary]
    total: int
    elsewhere: list[Elsewhere]
    """The first of those that are not offered on this channel, when something was looked for."""


class AskGuide(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    answers: Answers
    channel: ChannelKey = ""
    """Where the page is shown; that of the session is known."""


@bp.get("/themes")
@guards.public
@endpoint(summary="Errands over several items", returns=Themes)
async def list_themes(request: Request) -> Themes:
    snapshot = await catalogue.snapshot()
    themes = [
        ThemeView(
            code=theme.code,
            name=theme.name,
            summary=theme.summary,
            lead_name=snapshot.department_name(theme.lead),
            promise_text=guide.limit_text(theme.promise),
            items=[_theme_item(snapshot.items[entry.item].item, snapshot) for entry in theme.items],
        )
        for theme in snapshot.themes.values()
    ]
    return Themes(themes=themes)


@bp.get("/items")
@guards.visitor
@endpoint(
    summary="Find service items",
    query=ItemQuery,
    returns=Items,
    problems=(errors.ThemeNotFound, identity_errors.ChannelNotFound),
)
async def list_items(request: Request, query: ItemQuery) -> Items:
    entry = query.channel or _entry_of_session(request)
    channel = channels.get_channel(entry)
    snapshot = await catalogue.snapshot()
    codes = snapshot.index.search(query.q)
    if query.theme is not None:
        members = {entry.item for entry in (await catalogue.get_theme(query.theme)).items}
        codes = [code for code in codes if code in members]
    found = [snapshot.items[code].item for code in codes]
    found = [item for item in found if query.department in (None, item.dept)]
    found = [
        item for item in found if query.audience is None or query.audience in guides.audience(item)
    ]
    here = [item for item in found if channels.offers(channel, item.code)]
    there = [item for item in found if not channels.offers(channel, item.code)]
    page = here[query.offset : query.offset + query.limit]
    return Items(
        items=[_summary(item, snapshot) for item in page],
        total=len(here),
        elsewhere=_elsewhere(there) if query.q else [],
    )


@bp.get("/items/<code:str>")
@guards.public
@endpoint(summary="The guide of an item", returns=guides.ItemGuide, problems=(errors.ItemNotFound,))
async def get_item(request: Request, code: str) -> guides.ItemGuide:
    item = (await catalogue.get_item(code)).item
    return guides.item_guide(item, await catalogue.snapshot())


@bp.post("/items/<code:str>/guide")
@guards.visitor
@endpoint(
    summary="The personal guide after some answers",
    body=AskGuide,
    returns=guides.PersonalGuide,
    problems=(
        errors.ItemNotFound,
        errors.UnknownQuestion,
        errors.UnknownOption,
        errors.InvalidAnswers,
        identity_errors.ItemNotOffered,
    ),
)
async def ask_guide(request: Request, code: str, body: AskGuide) -> guides.PersonalGuide:
    item = (await catalogue.get_item(code)).item
    for entry in (body.channel, _entry_of_session(request)):
        channels.require_offer(entry, item.code)
    found = guide.evaluate(item, body.answers)
    principal: Principal | None = request.ctx.principal
    licences = queries.NO_LICENCES
    if principal is not None:
        licences = await licence_lookup.held(principal, queries.licence_types_of(item))
    return guides.personal_guide(found, snapshot=await catalogue.snapshot(), licences=licences)


def _entry_of_session(request: Request) -> str:
    """The entry the caller's session was opened by; the direct one for a visitor."""
    principal: Principal | None = request.ctx.principal
    known = principal.channel if principal is not None else ""
    return known if known in channels.registry() else channels.DIRECT


def _elsewhere(items: list[Item]) -> list[Elsewhere]:
    return [
        Elsewhere(name=item.name, channels=channels.offered_at(item.code))
        for item in items[:MOST_ELSEWHERE]
    ]


def _summary(item: Item, snapshot: Snapshot) -> ItemSummary:
    department = snapshot.departments.get(item.dept)
    return ItemSummary(
        code=item.code,
        name=item.name,
        short_name=item.short_name,
        department=department.short_name if department else item.dept,
        department_key=item.dept,
        item_type=snapshot.label("item_type", item.item_type),
        audience=guides.audience(item),
        promised_text=guide.limit_text(item.promised_limit),
        online_depth=snapshot.label("online_depth", item.online_depth),
        fee_text=guide.evaluate(item, {}).fee_text,
        licence_type=item.result.licence,
        tags=list(item.tags),
    )


def _theme_item(item: Item, snapshot: Snapshot) -> ThemeItem:
    department = snapshot.departments.get(item.dept)
    return ThemeItem(
        code=item.code,
        name=item.name,
        short_name=item.short_name,
        department=department.short_name if department else item.dept,
    )
