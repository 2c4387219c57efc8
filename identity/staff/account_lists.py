"""What the accounts desk reads: officers, departments, proposals and the log, in pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from core import clock
from core.data import pages
from identity import errors
from identity.account_errors import PowerProposalNotFound
from identity.models import (
    Absence,
    AccountChange,
    Department,
    Officer,
    PowerProposal,
    PowerProposalKind,
    PowerProposalState,
    State,
)
from identity.principal import Principal
from identity.staff.roles import Act, insist


class Standing(StrEnum):
    """Whether an account can be used today, in one word."""

    WORKING = "working"
    WAITING = "waiting"
    """No power was given yet."""
    START = "start"
    """The start password has not been changed yet."""
    LOCKED = "locked"
    NOT_YET = "not_yet"
    OVER = "over"
    """The time of the post is over."""
    DISMISSED = "dismissed"


@dataclass(frozen=True, kw_only=True)
class OfficerLine:
    """An officer as the desk shows it."""

    id: UUID
    staff_no: str
    name: str
    title: str
    roles: list[str]
    department: str | None
    valid_from: date | None
    valid_to: date | None
    standing: Standing
    away_until: date | None
    """On leave today, until this day."""
    open_proposal: UUID | None


@dataclass(frozen=True, kw_only=True)
class DepartmentLine:
    """A department as the desk shows it."""

    key: str
    name: str
    short_name: str
    credit_code: str
    closed_on: date | None


@dataclass(frozen=True, kw_only=True)
class ProposalLine:
    """A proposal as keepers see it."""

    id: UUID
    officer_id: UUID
    staff_no: str
    name: str
    kind: PowerProposalKind
    before: dict[str, Any]
    after: dict[str, Any]
    cause: str
    state: PowerProposalState
    proposed_by: UUID
    proposed_name: str
    proposed_at: datetime
    lapses_at: datetime
    decided_name: str
    decided_at: datetime | None
    answer: str | None


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One line of the desk's log."""

    id: UUID
    at: datetime
    actor_name: str
    action: str
    target: str
    target_name: str
    detail: dict[str, Any]
    cause: str | None


async def list_departments(by: Principal) -> list[DepartmentLine]:
    """All departments, by key: a city has some fifty."""
    insist(by, Act.KEEP_ACCOUNTS)
    return [
        DepartmentLine(
            key=row.key,
            name=row.name,
            short_name=row.short_name,
            credit_code=row.credit_code,
            closed_on=row.closed_on,
        )
        for row in await Department.all().order_by("key")
    ]


async def list_officers(
    *, department: str | None, words: str, after: str | None, limit: int, by: Principal
) -> pages.Page[OfficerLine]:
    """Officers by staff number. `words`: part of a name, or how a number begins.

    Raises WrongPlace.
    """
    insist(by, Act.KEEP_ACCOUNTS)
    rows = Officer.all()
    if department is not None:
        rows = rows.filter(department_id=department)
    if words:
        rows = rows.filter(Q(staff_no__startswith=words) | Q(name__contains=words))
    by_number = pages.Section("officers.number", rows, ("staff_no",), newest_first=False)
    page = await pages.read(by_number, after=after, limit=limit)
    lines = {line.id: line for line in await _lines(page)}
    return page.map(lambda row: lines[row.id])


async def get_officer(officer_id: UUID, *, by: Principal) -> OfficerLine:
    """One officer. Raises OfficerNotFound."""
    insist(by, Act.KEEP_ACCOUNTS)
    row = await Officer.get_or_none(id=officer_id)
    if row is None:
        raise errors.OfficerNotFound()
    return (await _lines([row]))[0]


async def list_proposals(
    *, open_only: bool, after: str | None, limit: int, by: Principal
) -> pages.Page[ProposalLine]:
    """Proposals, newest first. Raises WrongPlace."""
    insist(by, Act.KEEP_ACCOUNTS)
    rows = PowerProposal.all().select_related("officer")
    name = "proposals.all"
    if open_only:
        name = "proposals.open"
        rows = rows.filter(state=PowerProposalState.OPEN, lapses_at__gt=clock.now())
    newest = pages.Section(name, rows, ("proposed_at", "id"))
    return (await pages.read(newest, after=after, limit=limit)).map(_proposal)


async def get_proposal(proposal_id: UUID, *, by: Principal) -> ProposalLine:
    """One of them. Raises PowerProposalNotFound."""
    insist(by, Act.KEEP_ACCOUNTS)
    row = await PowerProposal.get_or_none(id=proposal_id).select_related("officer")
    if row is None:
        raise PowerProposalNotFound()
    return _proposal(row)


async def list_changes(
    *, target: str | None, after: str | None, limit: int, by: Principal
) -> pages.Page[ChangeLine]:
    """Who changed what, newest first; of one account, device or system if it is named.

    Raises WrongPlace.
    """
    insist(by, Act.KEEP_ACCOUNTS)
    rows = AccountChange.all() if target is None else AccountChange.filter(target=target)
    name = "changes.all" if target is None else "changes.target"
    newest = pages.Section(name, rows, ("at", "id"))
    return (await pages.read(newest, after=after, limit=limit)).map(_change)


async def _lines(rows: Iterable[Officer]) -> list[OfficerLine]:
    found = list(rows)
    ids, today = [row.id for row in found], clock.today()
    away = await Absence.filter(officer_id__in=ids, from_on__lte=today, to_on__gte=today)
    until = {row.officer_id: row.to_on for row in away}
    waiting = await PowerProposal.filter(open_of__in=ids, lapses_at__gt=clock.now()).only(
        "id", "officer_id"
    )
    proposals = {row.officer_id: row.id for row in waiting}
    return [
        OfficerLine(
            id=row.id,
            staff_no=row.staff_no,
            name=row.name,
            title=row.title,
            roles=sorted(row.roles),
            department=row.department_id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            standing=_standing(row, today),
            away_until=until.get(row.id),
            open_proposal=proposals.get(row.id),
        )
        for row in found
    ]


def _standing(row: Officer, today: date) -> Standing:
    if row.state is not State.ACTIVE:
        return Standing.DISMISSED
    if row.locked_at is not None:
        return Standing.LOCKED
    if not row.roles:
        return Standing.WAITING
    if row.valid_from is not None and today < row.valid_from:
        return Standing.NOT_YET
    if row.valid_to is not None and row.valid_to < today:
        return Standing.OVER
    return Standing.WORKING if row.start_until is None else Standing.START


def _proposal(row: PowerProposal) -> ProposalLine:
    lapsed = row.state is PowerProposalState.OPEN and row.lapses_at <= clock.now()
    return ProposalLine(
        id=row.id,
        officer_id=row.officer_id,
        staff_no=row.officer.staff_no,
        name=row.officer.name,
        kind=row.kind,
        before=row.before,
        after=row.after,
        cause=row.cause,
        state=PowerProposalState.LAPSED if lapsed else row.state,
        proposed_by=row.proposed_by,
        proposed_name=row.proposed_name,
        proposed_at=row.proposed_at,
        lapses_at=row.lapses_at,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
        answer=row.answer,
    )


def _change(row: AccountChange) -> ChangeLine:
    return ChangeLine(
        id=row.id,
        at=row.at,
        actor_name=row.actor_name,
        action=row.action,
        target=row.target,
        target_name=row.target_name,
        detail=row.detail,
        cause=row.cause,
    )
