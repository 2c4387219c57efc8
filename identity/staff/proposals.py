"""Power takes two: one keeper of accounts proposes, another one gives it.

Neither of the two is the one who gains. A proposal says what the officer has and what they shall
have; it is open once an officer (`open_of` is unique), lapses after a week, and is decided once, by
compare-and-set. Who gains the keeping of accounts, or never had a password, gets a start password:
it is shown to who approved, so that no keeper makes a second self alone.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import msgspec
from tortoise.exceptions import IntegrityError

from core import clock
from core.data import once
from core.database import transaction
from core.protection import audit
from identity import changes, errors
from identity.account_errors import (
    OfficerEnded,
    OfficerWithoutPower,
    PowerChanged,
    PowerProposalClosed,
    PowerProposalNotFound,
    PowerProposalOpen,
    SecondKeeperNeeded,
)
from identity.changes import Hand
from identity.models import Officer, PowerProposal, PowerProposalKind, PowerProposalState, State
from identity.principal import Principal
from identity.staff import departments, first, keeping, passwords
from identity.staff.power import Power, check, gives_more
from identity.staff.roles import Act, Role, insist

LIFE = timedelta(days=7)

Kind, Is = PowerProposalKind, PowerProposalState


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an act at the desk led to."""

    officer_id: UUID
    proposal_id: UUID | None = None
    """Set when a second keeper has to approve."""
    start_password: str | None = field(default=None, repr=False)
    """To be handed over; it is shown this once."""


async def open_account(
    staff_no: str,
    *,
    name: str,
    title: str,
    power: Power,
    cause: str,
    by: Principal,
    asked: once.Asked | None = None,
) -> Outcome:
    """A new account, which may do nothing before another keeper approves.

    Raises InvalidStaffNo, StaffNoTaken, InvalidPower, DepartmentNotFound, DepartmentClosed.
    """
    first.check_staff_no(staff_no)
    check(power, today=clock.today())
    try:
        async with keeping.at_desk(by):
            await departments.hold_open(power.department)
            officer = await Officer.create(
                staff_no=staff_no, name=name, title=title, password_hash="", roles=[]
            )
            outcome = await _propose(officer, Kind.ACCOUNT, power, cause, by)
            await _keep(asked, outcome)
    except IntegrityError:
        if asked is not None and await once.is_done(asked):
            raise
        raise errors.StaffNoTaken() from None
    return outcome


async def change(
    officer_id: UUID, *, power: Power, cause: str, by: Principal, asked: once.Asked | None = None
) -> Outcome:
    """Give an officer this power: what is less is done at once, what is more becomes a proposal.

    Raises OfficerNotFound, OwnAccount, InvalidPower, PowerProposalOpen, DepartmentClosed.
    """
    keeping.insist_not_own(by, officer_id)
    check(power, today=clock.today())
    async with keeping.at_desk(by, officer_id) as rows:
        await departments.hold_open(power.department)
        officer = rows[officer_id]
        if officer.state is not State.ACTIVE or gives_more(keeping.power_of(officer), power):
            outcome = await _propose(officer, Kind.POWER, power, cause, by)
        else:
            outcome = await _narrow(officer, power, cause, by)
        await _keep(asked, outcome)
    return outcome


async def new_password(
    officer_id: UUID, *, cause: str, by: Principal, asked: once.Asked | None = None
) -> Outcome:
    """A start password for who lost theirs: at once, or by two for a keeper of accounts.

    Raises OfficerNotFound, OwnAccount, OfficerEnded, OfficerWithoutPower, PowerProposalOpen.
    """
    keeping.insist_not_own(by, officer_id)
    start = await passwords.new_start()
    async with keeping.at_desk(by, officer_id) as rows:
        officer = rows[officer_id]
        if officer.state is not State.ACTIVE:
            raise OfficerEnded()
        if not officer.password_hash:
            raise OfficerWithoutPower()
        if Role.ACCOUNT_KEEPER in officer.roles:
            power = keeping.power_of(officer)
            outcome = await _propose(officer, Kind.RESET, power, cause, by)
        else:
            await passwords.put(officer_id, start, by=by.actor)
            await _note("start-password-made", officer, changes.hand_of(by), cause=cause)
            outcome = Outcome(officer_id=officer_id, start_password=start.plain)
        await _keep(asked, outcome)
    return outcome


async def approve(proposal_id: UUID, *, by: Principal, asked: once.Asked | None = None) -> Outcome:
    """Give what another keeper proposed.

    Raises PowerProposalNotFound, SecondKeeperNeeded (also to who would gain), PowerProposalClosed
    when somebody was faster or it lapsed, PowerChanged, DepartmentClosed.
    """
    insist(by, Act.KEEP_ACCOUNTS)
    row = await _get(proposal_id)
    if by.id in (row.proposed_by, row.officer_id):
        raise await _refuse_alone(by, row)
    start = await passwords.new_start()
    async with keeping.at_desk(by, row.officer_id, row.proposed_by) as rows:
        if not keeping.is_keeper(rows[row.proposed_by]):
            raise PowerProposalClosed()
        outcome = await _give(row, rows[row.officer_id], start, changes.hand_of(by))
        await _keep(asked, outcome)
    return outcome


async def approve_by_command(staff_no: str) -> Outcome:
    """Give what is proposed for an officer where no keeper at work could: a city begins with one.

    Raises PowerProposalNotFound, KeepersAtWork, and as `approve`.
    """
    row = await PowerProposal.get_or_none(officer__staff_no=staff_no, state=Is.OPEN)
    if row is None:
        raise PowerProposalNotFound()
    start = await passwords.new_start()
    async with transaction():
        rows = await keeping.held(row.officer_id, row.proposed_by)
        if await first.keepers_at_work(besides={row.officer_id, row.proposed_by}):
            raise errors.KeepersAtWork("有其他账号管理员在岗，请由其在页面上批准")
        if not keeping.is_keeper(rows[row.proposed_by]):
            raise PowerProposalClosed()
        return await _give(row, rows[row.officer_id], start, changes.MACHINE)


async def refuse(proposal_id: UUID, *, cause: str, by: Principal) -> None:
    """Turn a proposal down, or take one's own back. Raises as `approve`."""
    row = await _get(proposal_id)
    async with keeping.at_desk(by, row.officer_id) as rows:
        own = row.proposed_by == by.id
        await _close(row, Is.WITHDRAWN if own else Is.REFUSED, changes.hand_of(by), answer=cause)
        word = "power-withdrawn" if own else "power-refused"
        await _note(word, rows[row.officer_id], changes.hand_of(by), cause=cause)


async def end_those_of(officer_id: UUID, *, hand: Hand) -> None:
    """Close what the officer proposed, and what is proposed for them; inside a transaction."""
    for place in ({"proposed_by": officer_id}, {"officer_id": officer_id}):
        await PowerProposal.filter(state=Is.OPEN, **place).update(
            state=Is.WITHDRAWN, open_of=None, decided_name=hand.name[:40], decided_at=clock.now()
        )


async def lapse() -> int:
    """Close what nobody decided within a week (a timer calls it). Nothing is given late without it:
    approving asks the time itself."""
    over = PowerProposal.filter(state=Is.OPEN, lapses_at__lte=clock.now())
    return await over.update(state=Is.LAPSED, open_of=None)


async def _propose(
    officer: Officer, kind: PowerProposalKind, power: Power, cause: str, by: Principal
) -> Outcome:
    """Raises PowerProposalOpen; one that lapsed makes room."""
    at = clock.now()
    await PowerProposal.filter(open_of=officer.id, lapses_at__lte=at).update(
        state=Is.LAPSED, open_of=None
    )
    if await PowerProposal.exists(open_of=officer.id):
        raise PowerProposalOpen()
    row = await PowerProposal.create(
        officer_id=officer.id,
        kind=kind,
        before=keeping.power_of(officer).to_json(),
        after=power.to_json(),
        cause=cause,
        open_of=officer.id,
        proposed_by=by.id,
        proposed_name=by.name,
        proposed_at=at,
        lapses_at=at + LIFE,
    )
    await _note(f"{kind}-proposed", officer, changes.hand_of(by), row.after, cause)
    return Outcome(officer_id=officer.id, proposal_id=row.id)


async def _narrow(officer: Officer, power: Power, cause: str, by: Principal) -> Outcome:
    """What is proposed meanwhile began from more than the officer has now: it ends with it."""
    hand = changes.hand_of(by)
    await end_those_of(officer.id, hand=hand)
    await _put(officer, power, by=by.actor)
    await _note("power-narrowed", officer, hand, power.to_json(), cause)
    return Outcome(officer_id=officer.id)


async def _give(
    row: PowerProposal, officer: Officer, start: passwords.StartPassword, hand: Hand
) -> Outcome:
    await _close(row, Is.APPROVED, hand)
    if keeping.power_of(officer).to_json() != row.before:
        raise PowerChanged()
    power = Power.from_json(row.after)
    await departments.hold_open(power.department)
    becomes_keeper = Role.ACCOUNT_KEEPER in power.roles and Role.ACCOUNT_KEEPER not in officer.roles
    returns = officer.state is not State.ACTIVE
    needs_start = row.kind is Kind.RESET or not officer.password_hash or becomes_keeper
    await _put(officer, power, by=hand.actor)
    if needs_start or returns:
        await passwords.put(officer.id, start, by=hand.actor)
    await _note(f"{row.kind}-approved", officer, hand, row.after)
    handed_out = start.plain if needs_start or returns else None
    return Outcome(officer_id=officer.id, start_password=handed_out)


async def _put(officer: Officer, power: Power, *, by: str) -> None:
    await Officer.filter(id=officer.id).update(
        roles=sorted(power.roles),
        department_id=power.department,
        valid_from=power.valid_from,
        valid_to=power.valid_to,
        state=State.ACTIVE,
    )
    await passwords.end_sessions(officer.id, by=by)


async def _close(
    row: PowerProposal, state: PowerProposalState, hand: Hand, *, answer: str | None = None
) -> None:
    at = clock.now()
    open_still = PowerProposal.filter(id=row.id, state=Is.OPEN)
    if state is Is.APPROVED:
        open_still = open_still.filter(lapses_at__gt=at)
    closed = await open_still.update(
        state=state, open_of=None, decided_name=hand.name[:40], decided_at=at
    )
    if not closed:
        raise PowerProposalClosed()
    if answer is not None:
        row.answer = answer
        await row.save(update_fields=["answer"])


async def _get(proposal_id: UUID) -> PowerProposal:
    row = await PowerProposal.get_or_none(id=proposal_id)
    if row is None:
        raise PowerProposalNotFound()
    return row


async def _refuse_alone(by: Principal, row: PowerProposal) -> SecondKeeperNeeded:
    """The refusal, to be raised, after the attempt was written down."""
    async with transaction():
        await audit.record(
            actor=by.actor, action="power-approval-refused", target=f"power-proposal:{row.id}"
        )
    return SecondKeeperNeeded()


async def _note(
    action: str,
    officer: Officer,
    hand: Hand,
    detail: dict[str, object] | None = None,
    cause: str | None = None,
) -> None:
    await changes.note(
        hand,
        action,
        target=changes.officer_target(officer.id),
        name=f"{officer.name} {officer.staff_no}",
        detail=detail,
        cause=cause,
    )


async def _keep(asked: once.Asked | None, outcome: Outcome) -> None:
    await once.keep(asked, msgspec.json.encode(outcome).decode())
