"""The register of delegations (授权委托): proposed by a head, countersigned, revoked at once.

The head of the delegating department proposes; an officer of the body that supervises all
departments, another person, countersigns, which publishes it (Licensing Law art. 24). Either side
revokes, and the next act that would stand on it is refused.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.expressions import F

from core import clock
from core.data import once, pages
from core.data.pages import Page, Section
from core.database import transaction
from core.protection import audit
from identity import errors, queries
from identity.authority import DelegateKind, Ground, Power
from identity.delegation_models import Delegation, DelegationYear
from identity.delegation_models import DelegationState as DelegationState
from identity.principal import Principal
from identity.staff import register, roles
from identity.staff.roles import Act

LONGEST_YEARS = 5
MOST_ITEMS = 40
"""Codes and beginnings of codes in one delegation: a worklist reads an index for each item."""

_ITEM = re.compile(r"[A-Z0-9]{1,12}(-[A-Z0-9]{1,12}){0,4}|[A-Z0-9]{1,12}(-[A-Z0-9]{1,12}){0,3}-\*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9A-Za-z\u4e00-\u9fff_-]{1,40}")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a 委托书 says."""

    ground: Ground
    delegate_kind: DelegateKind
    delegate_key: str
    items: tuple[str, ...]
    powers: frozenset[Power]
    since: date
    until: date
    document_no: str
    document: str
    """SHA-256 or SM3 of the signed document, 64 hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class DelegationView:
    """A delegation as officers see it."""

    id: UUID
    no: str
    delegator: str
    terms: Terms
    state: DelegationState
    proposed_at: datetime
    published_at: datetime | None
    ended_at: datetime | None
    reason: str
    may: list[str]
    """countersign, refuse, revoke: as far as the reader may."""


async def propose(
    terms: Terms, *, known_items: Collection[str], by: Principal, asked: once.Asked | None = None
) -> UUID:
    """Propose that another body acts for the caller's department; gives the delegation's id.

    `known_items` are the department's own item codes; nobody delegates what is another's. Raises
    RoleMissing, InvalidDelegation, DepartmentNotFound.
    """
    roles.insist(by, Act.DELEGATE)
    if by.department is None:
        raise errors.RoleMissing()
    await _check(terms, delegator=by.department, known_items=known_items)
    async with transaction():
        row = await Delegation.create(
            no=await _next_no(),
            ground=terms.ground.value,
            delegator=by.department,
            delegate_kind=terms.delegate_kind.value,
            delegate_key=terms.delegate_key,
            items=list(terms.items),
            powers=sorted(terms.powers),
            since=terms.since,
            until=terms.until,
            document_no=terms.document_no,
            document=terms.document,
            proposed_by=by.id,
            proposed_at=clock.now(),
        )
        await _record("delegation-proposed", row, by=by)
        await once.keep(asked, json.dumps(str(row.id)))
    return row.id


async def countersign(delegation_id: UUID, *, by: Principal) -> DelegationView:
    """Agree for the supervising body: published and in force from its first day on.

    Raises RoleMissing, DelegationNotFound, SecondOfficerNeeded, DelegationMoved.
    """
    roles.insist(by, Act.COUNTERSIGN_DELEGATIONS)
    row = await _get(delegation_id)
    if row.proposed_by == by.id:
        raise errors.SecondOfficerNeeded()
    return await _settle(row, DelegationState.IN_FORCE, by=by, published_at=clock.now())


async def refuse(delegation_id: UUID, *, reason: str, by: Principal) -> DelegationView:
    """Send a proposal back. Raises as `countersign`, and InvalidDelegation without a reason."""
    roles.insist(by, Act.COUNTERSIGN_DELEGATIONS)
    row = await _get(delegation_id)
    return await _settle(row, DelegationState.REFUSED, by=by, reason=_reason(reason))


async def revoke(delegation_id: UUID, *, reason: str, by: Principal) -> DelegationView:
    """Take it back at once. What was done before stays done; the next act is refused.

    By a head of the delegator or the supervising body. Raises RoleMissing, DelegationNotFound,
    DelegationMoved, InvalidDelegation without a reason.
    """
    row = await _get(delegation_id)
    if not _may_revoke(row, by):
        raise errors.RoleMissing()
    reason, at = _reason(reason), clock.now()
    async with transaction():
        running = Delegation.filter(id=row.id, state=DelegationState.IN_FORCE)
        changes = {
            "state": DelegationState.REVOKED,
            "ended_by": by.id,
            "ended_at": at,
            "reason": reason,
        }
        if not await running.update(**changes):
            raise errors.DelegationMoved()
        row.update_from_dict(changes)
        await register.changed()
        await _record("delegation-revoked", row, by=by)
    return _view(row, by)


async def list_for(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[DelegationView]:
    """Those given by and to the caller's department, newest first; all for a supervisor.

    Raises RoleMissing, WrongPlace.
    """
    roles.insist(by, Act.READ_DELEGATIONS)
    keys = ("proposed_at", "id")
    if by.department is None:
        sections = [Section("delegations.all", Delegation.all(), keys)]
    else:
        given = Delegation.filter(delegator=by.department)
        received = Delegation.filter(
            delegate_kind=DelegateKind.DEPARTMENT,
            delegate_key=by.department,
            published_at__isnull=False,
        )
        sections = [
            Section("delegations.given", given, keys),
            Section("delegations.received", received, keys),
        ]
    rows = await pages.read(*sections, after=after, limit=limit)
    return rows.map(lambda row: _view(row, by))


async def get(delegation_id: UUID, *, by: Principal) -> DelegationView:
    """One that the caller's list holds. Raises RoleMissing, DelegationNotFound."""
    roles.insist(by, Act.READ_DELEGATIONS)
    row = await _get(delegation_id)
    received = (DelegateKind.DEPARTMENT, by.department)
    if not by.covers(row.delegator) and (row.delegate_kind, row.delegate_key) != received:
        raise errors.DelegationNotFound()
    return _view(row, by)


async def list_published(*, after: str | None = None, limit: int = 20) -> Page[DelegationView]:
    """What is in force or will be, the earliest end first: public by law. Raises WrongPlace."""
    known = Delegation.filter(state=DelegationState.IN_FORCE, until__gte=clock.today())
    section = Section("delegations.public", known, ("until", "id"), newest_first=False)
    rows = await pages.read(section, after=after, limit=limit)
    return rows.map(lambda row: _view(row, None))


def may_propose(by: Principal) -> bool:
    """Whether the officer heads a department."""
    return by.department is not None and roles.allows(by, Act.DELEGATE)


async def _settle(
    row: Delegation, state: DelegationState, *, by: Principal, **changes: object
) -> DelegationView:
    changes |= {"state": state, "settled_by": by.id}
    async with transaction():
        waiting = Delegation.filter(id=row.id, state=DelegationState.PROPOSED)
        if not await waiting.update(**changes):
            raise errors.DelegationMoved()
        row.update_from_dict(changes)
        await register.changed()
        agreed = state is DelegationState.IN_FORCE
        await _record("delegation-countersigned" if agreed else "delegation-refused", row, by=by)
    return _view(row, by)


async def _check(terms: Terms, *, delegator: str, known_items: Collection[str]) -> None:
    """Raises InvalidDelegation with the sentence for the first thing that is wrong."""
    if complaint := _complaint(terms, delegator=delegator, today=clock.today()):
        raise errors.InvalidDelegation(complaint)
    for entry in terms.items:
        named = entry.endswith("*") and any(code.startswith(entry[:-1]) for code in known_items)
        if not named and entry not in known_items:
            raise errors.InvalidDelegation(f"{entry} 不是本部门的事项，不能委托")
    if terms.delegate_kind is DelegateKind.DEPARTMENT:
        await queries.get_department(terms.delegate_key)


def _complaint(terms: Terms, *, delegator: str, today: date) -> str | None:
    """What a 委托书 must not say. Pure."""
    last = today.replace(year=today.year + LONGEST_YEARS, day=1)
    to_department = terms.delegate_kind is DelegateKind.DEPARTMENT
    checks = (
        (not terms.powers, "请至少选择一项委托的权限"),
        (not terms.items, "请至少写明一个委托的事项"),
        (len(terms.items) > MOST_ITEMS, f"一份委托最多写 {MOST_ITEMS} 个事项"),
        (len(set(terms.items)) != len(terms.items), "同一个事项只能写一次"),
        (not all(_ITEM.fullmatch(entry) for entry in terms.items), "事项编码不正确，请逐个核对"),
        (not _KEY.fullmatch(terms.delegate_key), "请写明受委托的部门、大厅或窗口"),
        (to_department and terms.delegate_key == delegator, "不能委托给本部门"),
        (terms.until < terms.since, "截止日期不能早于起始日期"),
        (terms.until < today, "截止日期已经过去"),
        (terms.until > last, f"委托期限最长 {LONGEST_YEARS} 年"),
        (not terms.document_no.strip(), "请填写委托书文号"),
        (not _DIGEST.fullmatch(terms.document), "请选择委托书文件，以便留存其摘要"),
        (
            terms.ground is Ground.XK26 and Power.DECIDE in terms.powers,
            "依行政许可法第二十六条统一受理的，不能委托作出决定",
        ),
        (
            terms.ground is Ground.XK24 and not to_department,
            "依行政许可法第二十四条只能委托其他行政机关",
        ),
    )
    return next((complaint for wrong, complaint in checks if wrong), None)


async def _next_no() -> str:
    """The next number of the year; its row is held until the proposal is written."""
    year = str(clock.today().year)
    await DelegationYear.bulk_create([DelegationYear(year=year)], ignore_conflicts=True)
    await DelegationYear.filter(year=year).update(given=F("given") + 1)
    return f"SQWT-{year}-{(await DelegationYear.get(year=year)).given:04d}"


async def _get(delegation_id: UUID) -> Delegation:
    row = await Delegation.get_or_none(id=delegation_id)
    if row is None:
        raise errors.DelegationNotFound()
    return row


async def _record(action: str, row: Delegation, *, by: Principal) -> None:
    await audit.record(
        actor=by.actor,
        action=action,
        target=f"delegation:{row.id}",
        detail={"no": row.no, "delegator": row.delegator, "delegate": row.delegate_key},
    )


def _reason(text: str) -> str:
    if not text.strip():
        raise errors.InvalidDelegation("请写明理由")
    return text.strip()[:300]


def _may_revoke(row: Delegation, by: Principal) -> bool:
    if roles.allows(by, Act.COUNTERSIGN_DELEGATIONS):
        return True
    return by.department is not None and roles.allows(by, Act.DELEGATE, department=row.delegator)


def _may(row: Delegation, by: Principal | None) -> list[str]:
    if by is None:
        return []
    if row.state is DelegationState.PROPOSED and roles.allows(by, Act.COUNTERSIGN_DELEGATIONS):
        return ["refuse"] if row.proposed_by == by.id else ["countersign", "refuse"]
    if row.state is DelegationState.IN_FORCE and _may_revoke(row, by):
        return ["revoke"]
    return []


def _view(row: Delegation, by: Principal | None) -> DelegationView:
    known = register.as_delegation(row)
    return DelegationView(
        id=row.id,
        no=row.no,
        delegator=row.delegator,
        terms=Terms(
            ground=known.ground,
            delegate_kind=known.kind,
            delegate_key=known.key,
            items=known.items,
            powers=known.powers,
            since=row.since,
            until=row.until,
            document_no=row.document_no,
            document=row.document,
        ),
        state=row.state,
        proposed_at=row.proposed_at,
        published_at=row.published_at,
        ended_at=row.ended_at,
        reason=row.reason,
        may=_may(row, by),
    )
