"""Making and renewing an e-seal takes two people: one proposes, another one approves.

Approving has the seal made and registered. A renewal is a new seal, with a number and a validity of
its own, that takes the place of the old one in the same moment; documents sealed before stay good.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from core import clock, database
from core.data import once, pages
from core.data.pages import Page, Section
from core.protection import audit
from identity.principal import Principal
from signing import KeyUnavailable
from signing.keys import signer_key
from signing.pki import certificates
from wallet import second_person
from wallet.errors import (
    ProposalClosed,
    ProposalNotFound,
    ProposalRefused,
    SealStateChangeNotAllowed,
)
from wallet.log import transparency
from wallet.models import ProposalState as ProposalState
from wallet.models import Seal, SealProposal, SealState
from wallet.seal import seals
from wallet.seal.seals import Signs

_KEYS = ("proposed_at", "id")
LONGEST = timedelta(days=5 * 366)
NAME = re.compile(r"[\u4e00-\u9fffA-Za-z0-9（）()·]{2,40}")


@dataclass(frozen=True, kw_only=True)
class ProposalView:
    """A proposal as officers see it."""

    id: UUID
    department: str
    name: str
    valid_to: date
    replaces_id: UUID | None
    cause: str
    state: ProposalState
    proposed_by: UUID
    proposed_name: str
    proposed_at: datetime
    decided_name: str
    decided_at: datetime | None
    seal_id: UUID | None


async def propose(
    *,
    department: str,
    name: str,
    valid_to: date,
    cause: str,
    keys: Signs,
    by: Principal,
    replaces: UUID | None = None,
    asked: once.Asked | None = None,
) -> ProposalView:
    """Ask for a seal that is good from its making to the end of `valid_to`, a day in China.

    Raises NotASealKeeper, ProposalRefused, and for a renewal SealNotFound and
    SealStateChangeNotAllowed.
    """
    seals.insist_keeper(by)
    official = seals.departments().get(department)
    if official is None or not by.covers(department):
        raise ProposalRefused("只能为本部门、且有发证事项的部门申请制章")
    if not NAME.fullmatch(name) or not name.startswith(official):
        raise ProposalRefused(f"印章名称须以部门全称“{official}”开头，不超过四十个字")
    await _insist_valid_to(department, valid_to, keys)
    if replaces is not None:
        old = await seals.get_for(replaces, by)
        if old.state not in (SealState.ACTIVE, SealState.FROZEN) or old.department != department:
            raise SealStateChangeNotAllowed(f"印章{old.state.text}", state=old.state.value)
    async with database.transaction():
        row = await SealProposal.create(
            department=department,
            name=name,
            valid_to=valid_to,
            replaces_id=replaces,
            cause=cause,
            proposed_by=by.id,
            proposed_name=by.name,
            proposed_at=clock.now(),
        )
        await _note(row, "propose", by)
        view = _view(row)
        await once.keep(asked, msgspec.json.encode(view).decode())
    return view


async def renew(
    seal_id: UUID,
    *,
    valid_to: date,
    cause: str,
    keys: Signs,
    by: Principal,
    asked: once.Asked | None = None,
) -> ProposalView:
    """Propose a new seal of the same name in place of this one."""
    old = await seals.get_for(seal_id, by)
    return await propose(
        department=old.department,
        name=old.name,
        valid_to=valid_to,
        cause=cause,
        keys=keys,
        by=by,
        replaces=old.id,
        asked=asked,
    )


async def approve(proposal_id: UUID, *, keys: Signs, by: Principal) -> UUID:
    """Have the seal made; returns its id.

    Raises SecondPersonNeeded for whoever proposed it, ProposalClosed when somebody was faster, and
    SealStateChangeNotAllowed when the seal to be renewed is gone. Then no seal is registered.
    """
    row = await _open(proposal_id, by)
    if row.proposed_by == by.id:
        raise await second_person.refuse(
            by.actor,
            action="seal.approve",
            target=f"seal-proposal:{proposal_id}",
            why="申请人不能审批自己的制章申请，请由另一名工作人员审批",
        )
    await _insist_valid_to(row.department, row.valid_to, keys)
    term = (clock.now(), _end_of(row.valid_to))
    made = await seals.make(row.department, row.name, keys=keys, term=term)
    async with database.transaction():
        await _decide(row, ProposalState.APPROVED, by)
        if row.replaces_id is not None:
            await _replace(row.replaces_id, by)
        seal_id = await seals.add_row(made, by=by.actor)
        await SealProposal.filter(id=row.id).update(seal_id=seal_id)
        await _note(row, "approve", by, seal=seal_id)
    return seal_id


async def refuse(proposal_id: UUID, *, cause: str, by: Principal) -> None:
    """Turn a proposal down, or take one's own back."""
    row = await _open(proposal_id, by)
    async with database.transaction():
        await _decide(row, ProposalState.REFUSED, by)
        await _note(row, "refuse", by, cause=cause)


async def list_for(
    by: Principal, *, after: str | None = None, limit: int = 20
) -> Page[ProposalView]:
    """The proposals of the departments this officer covers: those that wait, then the others.

    Each the newest first. Raises NotASealKeeper, WrongPlace.
    """
    seals.insist_keeper(by)
    own = SealProposal.all()
    if by.department is not None:
        own = own.filter(department=by.department)
    waiting = Section("proposals.waiting", own.filter(state=ProposalState.OPEN), _KEYS)
    decided = Section("proposals.decided", own.exclude(state=ProposalState.OPEN), _KEYS)
    return (await pages.read(waiting, decided, after=after, limit=limit)).map(_view)


async def get_for(proposal_id: UUID, by: Principal) -> ProposalView:
    """One of them; raises NotASealKeeper, ProposalNotFound."""
    return _view(await _find(proposal_id, by))


async def _insist_valid_to(department: str, valid_to: date, keys: Signs) -> None:
    """A seal ends in the future, within five years, and not after the certificate that uses it."""
    today = clock.today()
    if not today < valid_to <= today + LONGEST:
        raise ProposalRefused("印章有效期须晚于今天，且不超过五年")
    try:
        certificate = certificates.parse(await keys.certificate(signer_key(department)))
    except KeyUnavailable as problem:
        raise ProposalRefused("本部门还没有签章密钥和证书，请先联系运维人员") from problem
    if _end_of(valid_to) > certificate.not_after:
        last = clock.local(certificate.not_after).date()
        raise ProposalRefused(f"印章有效期不能超过签章证书的有效期（{last.isoformat()}）")


def _end_of(day: date) -> datetime:
    """The last second of a day in China."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=clock.SHANGHAI)


async def _find(proposal_id: UUID, by: Principal) -> SealProposal:
    seals.insist_keeper(by)
    row = await SealProposal.get_or_none(id=proposal_id)
    if row is None or not by.covers(row.department):
        raise ProposalNotFound()
    return row


async def _open(proposal_id: UUID, by: Principal) -> SealProposal:
    row = await _find(proposal_id, by)
    if row.state is not ProposalState.OPEN:
        raise ProposalClosed()
    return row


async def _decide(row: SealProposal, state: ProposalState, by: Principal) -> None:
    decided = await SealProposal.filter(id=row.id, state=ProposalState.OPEN).update(
        state=state, decided_by=by.id, decided_name=by.name, decided_at=clock.now()
    )
    if not decided:
        raise ProposalClosed()


async def _replace(seal_id: UUID, by: Principal) -> None:
    living = [SealState.ACTIVE, SealState.FROZEN]
    replaced = await Seal.filter(id=seal_id, state__in=living).update(
        state=SealState.REPLACED, state_by=by.actor
    )
    if not replaced:
        raise SealStateChangeNotAllowed("要换发的印章状态已变化，请重新申请")
    row = await Seal.get(id=seal_id)
    await transparency.seal_changed(bytes(row.seal), state=SealState.REPLACED.value)
    await audit.record(actor=by.actor, action="seal.replaced", target=f"seal:{seal_id}", detail={})


async def _note(row: SealProposal, act: str, by: Principal, **detail: object) -> None:
    facts = {name: str(value) for name, value in detail.items()}
    await audit.record(
        actor=by.actor,
        action=f"seal.{act}",
        target=f"seal-proposal:{row.id}",
        detail={"department": row.department, "name": row.name, "cause": row.cause, **facts},
    )


def _view(row: SealProposal) -> ProposalView:
    return ProposalView(
        id=row.id,
        department=row.department,
        name=row.name,
        valid_to=row.valid_to,
        replaces_id=row.replaces_id,
        cause=row.cause,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_name=row.proposed_name,
        proposed_at=row.proposed_at,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
        seal_id=row.seal_id,
    )
