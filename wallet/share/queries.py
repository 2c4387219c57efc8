"""Read authorisations: what a holder gave, what somebody received, and what state they are in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from core import clock
from core.data import pages
from core.data.pages import Page, Section
from identity import queries as identity_queries
from identity.principal import Principal
from wallet.models import Authorisation
from wallet.share_models import AuthorisationState
from wallet.types import catalogue

_ENDS = ("ends_at", "id")


@dataclass(frozen=True, kw_only=True)
class View:
    """An authorisation as both sides see it."""

    id: UUID
    licence_id: UUID
    licence_name: str
    holder_name: str
    grantee_name: str
    kind: str
    """subject, department or link."""
    fields: tuple[str, ...]
    """Labels."""
    purpose: str
    state: str
    state_text: str
    max_uses: int
    used: int
    created_at: datetime
    ends_at: datetime


STATE_TEXTS = {
    "offered": "等待对方接受",
    "accepted": "使用中",
    "declined": "对方未接受",
    "taken_back": "已收回",
    "ended": "已到期",
    "used_up": "次数已用完",
}


async def list_given(*, by: Principal, after: str | None = None, limit: int = 20) -> Page[View]:
    """What the caller's licences are authorised for, newest first. Raises WrongPlace."""
    rows = Authorisation.filter(subject_id=by.applicant_id)
    given = Section("given", rows, ("created_at", "id"))
    return await _views(await pages.read(given, after=after, limit=limit))


async def list_received(*, by: Principal, after: str | None = None, limit: int = 20) -> Page[View]:
    """What others let the caller see. Raises WrongPlace.

    First what waits for an answer, the soonest to end before the others; then what was accepted,
    the longest to run before the others; last the offers that nobody answered in time.
    """
    mine, now = Authorisation.filter(_for(by)), clock.now()
    offered = mine.filter(state=AuthorisationState.OFFERED)
    accepted = mine.filter(state=AuthorisationState.ACCEPTED)
    waiting = offered.filter(ends_at__gt=now)
    found = await pages.read(
        Section("received.waiting", waiting, _ENDS, newest_first=False),
        Section("received.accepted", accepted, _ENDS),
        Section("received.missed", offered.filter(ends_at__lte=now), _ENDS),
        after=after,
        limit=limit,
    )
    return await _views(found)


def state_of(row: Authorisation) -> str:
    """The stored state, or what the calendar and the count made of it."""
    if row.state in (AuthorisationState.OFFERED, AuthorisationState.ACCEPTED):
        if row.used >= row.max_uses:
            return "used_up"
        if clock.now() >= row.ends_at:
            return "ended"
    return row.state.value


async def _views(rows: Page[Authorisation]) -> Page[View]:
    names = await identity_queries.names_of({row.subject_id for row in rows})
    return rows.map(lambda row: _view(row, names[row.subject_id]))


def _view(row: Authorisation, holder_name: str) -> View:
    type_ = catalogue.get_type(row.licence_type)
    state = state_of(row)
    kind = "department" if row.grantee_department else "link" if row.link_digest else "subject"
    labels = [item.label for item in type_.fields if item.key in row.fields_granted]
    return View(
        id=row.id,
        licence_id=row.licence_id,
        licence_name=type_.name,
        holder_name=holder_name,
        grantee_name=row.grantee_name,
        kind=kind,
        fields=tuple(labels),
        purpose=row.purpose,
        state=state,
        state_text=STATE_TEXTS[state],
        max_uses=row.max_uses,
        used=row.used,
        created_at=row.created_at,
        ends_at=row.ends_at,
    )


def _for(by: Principal) -> Q:
    if by.department is not None:
        return Q(grantee_department=by.department)
    return Q(grantee_subject_id=by.applicant_id)
