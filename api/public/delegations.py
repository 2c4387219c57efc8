"""Which body acts for which, on what items: public by Licensing Law art. 24. Names no person."""

from datetime import date

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, paging, throttle
from api.edge.endpoint import endpoint
from api.edge.throttle import TooManyTries
from core.data.pages import WrongPlace
from identity.authority import DelegateKind, Ground, Power
from identity.staff import delegations
from services.guides import catalogue

bp = Blueprint("delegations", url_prefix="/api/delegations")

PER_MINUTE = 60
"""Questions of one address."""


class PublishedDelegation(msgspec.Struct, kw_only=True):
    no: str
    ground: Ground
    delegator: str
    delegate: str
    """Name of the department, or the key of a site, class or window."""
    delegate_kind: DelegateKind
    items: list[str]
    """Codes, or beginnings of codes that end in `-*`."""
    powers: list[Power]
    since: date
    until: date
    """The last day."""
    document_no: str
    document: str
    """Digest of the document."""


class PublishedDelegations(msgspec.Struct, kw_only=True):
    items: list[PublishedDelegation]
    next: str | None


@bp.get("")
@guards.public
@endpoint(
    summary="Delegations between departments that are in force",
    query=paging.Page,
    returns=PublishedDelegations,
    problems=(WrongPlace, TooManyTries),
)
async def list_published(request: Request, query: paging.Page) -> PublishedDelegations:
    await throttle.per_address(request, "delegations", limit=PER_MINUTE)
    found = await delegations.list_published(after=query.after, limit=query.limit)
    name_of = (await catalogue.snapshot()).department_name
    return PublishedDelegations(
        items=[
            PublishedDelegation(
                no=one.no,
                ground=one.terms.ground,
                delegator=name_of(one.delegator),
                delegate=name_of(one.terms.delegate_key),
                delegate_kind=one.terms.delegate_kind,
                items=list(one.terms.items),
                powers=sorted(one.terms.powers),
                since=one.terms.since,
                until=one.terms.until,
                document_no=one.terms.document_no,
                document=one.terms.document,
            )
            for one in found
        ],
        next=found.following,
    )
