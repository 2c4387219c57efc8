"""What one keeper does alone and at once: names, locks, dismissal."""

from uuid import UUID

from core import clock
from identity import changes
from identity.account_errors import OfficerEnded
from identity.models import Absence, Officer, State
from identity.principal import Principal
from identity.staff import keeping, passwords, proposals


async def rename(officer_id: UUID, *, name: str, title: str, by: Principal) -> None:
    """Correct a name or a post, which give no power. Raises OfficerNotFound."""
    async with keeping.at_desk(by, officer_id) as rows:
        officer = rows[officer_id]
        if (officer.name, officer.title) == (name, title):
            return
        await Officer.filter(id=officer_id).update(name=name, title=title)
        await _note("officer-renamed", officer, by, detail={"title": title, "name": name})


async def lock(officer_id: UUID, *, cause: str, by: Principal) -> None:
    """Nobody uses the account until it is unlocked; what is open ends. Repeating changes nothing.

    Raises OfficerNotFound, OwnAccount, OfficerEnded.
    """
    keeping.insist_not_own(by, officer_id)
    async with keeping.at_desk(by, officer_id) as rows:
        officer = _present(rows[officer_id])
        if officer.locked_at is not None:
            return
        await Officer.filter(id=officer_id).update(locked_at=clock.now())
        await passwords.end_sessions(officer_id, by=by.actor)
        await proposals.end_those_of(officer_id, hand=changes.hand_of(by))
        await _note("officer-locked", officer, by, cause=cause)


async def unlock(officer_id: UUID, *, cause: str, by: Principal) -> None:
    """The account is as it was before the lock. Raises as `lock`."""
    keeping.insist_not_own(by, officer_id)
    async with keeping.at_desk(by, officer_id) as rows:
        officer = _present(rows[officer_id])
        if officer.locked_at is None:
            return
        await Officer.filter(id=officer_id).update(locked_at=None)
        await _note("officer-unlocked", officer, by, cause=cause)


async def dismiss(officer_id: UUID, *, cause: str, by: Principal) -> None:
    """End an account now: its sessions, its streams, what it proposed, whom it stands in for.

    Repeating it changes nothing. Raises OfficerNotFound, OwnAccount.
    """
    keeping.insist_not_own(by, officer_id)
    async with keeping.at_desk(by, officer_id) as rows:
        officer = rows[officer_id]
        if officer.state is not State.ACTIVE:
            return
        await Officer.filter(id=officer_id).update(state=State.REVOKED, locked_at=None)
        await passwords.end_sessions(officer_id, by=by.actor)
        await proposals.end_those_of(officer_id, hand=changes.hand_of(by))
        ahead = Absence.filter(substitute_id=officer_id, to_on__gte=clock.today())
        await ahead.update(substitute_id=None)
        await _note("officer-dismissed", officer, by, cause=cause)


def _present(officer: Officer) -> Officer:
    if officer.state is not State.ACTIVE:
        raise OfficerEnded()
    return officer


async def _note(
    action: str,
    officer: Officer,
    by: Principal,
    *,
    detail: dict[str, object] | None = None,
    cause: str | None = None,
) -> None:
    await changes.note(
        changes.hand_of(by),
        action,
        target=changes.officer_target(officer.id),
        name=f"{officer.name} {officer.staff_no}",
        detail=detail,
        cause=cause,
    )
