"""Sessions of citizens and officers: issue, resolve, revoke.

A token is 256 random bits and lives only with its owner; the table keeps its SHA-256. A session
slides with use up to an absolute maximum, and a revoked one is refused from the next request on.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from core import clock, ids
from core.data import forgetting
from core.data.statements import Find
from core.database import transaction
from core.protection import audit
from identity import errors, queries
from identity.log_in import assurance as assurance_of
from identity.log_in.assurance import Act, Level
from identity.models import Officer, Session, State, Subject
from identity.principal import Principal, PrincipalKind

LONGEST_LIFE = timedelta(hours=12)
"""However busy, a session ends one working day after its sign-in."""

KEPT = timedelta(days=5)
"""How long an ended session is known: a pass that was made in it lives a day, and what a counter
without network read is handed in three days later at most."""

T = TypeVar("T", bound=Hashable)

_BY_ID = Find(Session, "id")

ENROLLING = "enrol"
"""The kind of a session that opens nothing but the enrolment of a second factor: the password was
right, and the office requires more. To every other guard it is no officer's session at all."""

WITH_FACTOR = frozenset({"password+totp", "password+passkey"})
"""Ways of signing in that showed a second factor."""
RECOVERY = "recovery"
"""The way of an ENROLLING session whose officer two others let in without the lost factors."""

_OF_OFFICER = ("id", "department_id", "roles", "state", "locked_at", "valid_from", "valid_to")

SLIDE_EVERY = timedelta(minutes=1)
"""Use moves the end of a session at most this often: one write a minute, not one a request."""


class OpenSession(NamedTuple):
    """What following a stream needs of a session's row."""

    id: UUID
    token_digest: str
    principal_id: UUID
    last_seen_at: datetime
    idle_seconds: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class IssuedSession:
    """What the caller gets once: the token is not kept anywhere else."""

    token: str
    expires_at: datetime
    principal: Principal


async def issue(
    principal: Principal,
    *,
    idle_minutes: int,
    via: str,
    assurance: Level = Level.REAL_NAME,
    device: str = "",
    channel: str = "",
    enrolling: bool = False,
) -> IssuedSession:
    """A new session for a citizen or an officer whose identity has just been proved.

    `via` names the way of signing in for the audit trail, e.g. `sandbox` or `password`. What
    the `channel` does not offer cannot be begun in the session. `enrolling`: see ENROLLING.
    """
    at = clock.now()
    token = ids.new_token()
    idle = timedelta(minutes=idle_minutes)
    async with transaction():
        session = await Session.create(
            token_digest=_digest(token),
            kind=ENROLLING if enrolling else principal.kind.value,
            principal_id=principal.id,
            idle_seconds=int(idle.total_seconds()),
            via=via[:16],
            channel=channel[:32],
            assurance=assurance,
            device=device[:80],
            created_at=at,
            last_seen_at=at,
            expires_at=at + min(idle, LONGEST_LIFE),
        )
        await audit.record(
            actor=principal.actor,
            action="signed-in",
            target=principal.actor,
            detail={"via": via, "session": str(session.id)},
        )
    return IssuedSession(
        token=token,
        expires_at=session.expires_at,
        principal=replace(
            principal,
            session_id=session.id,
            assurance=int(assurance),
            channel=session.channel,
            enrolling=enrolling,
        ),
    )


async def resolve(token: str, *, kind: PrincipalKind, enrolling: bool = False) -> Principal:
    """The principal behind a token; SignInRequired for every token that is not good any more.

    Raises SecondFactorMissing for a session that is only for `enrolling`. Raises ActingRightEnded
    once when the right to act for the organisation has ended; the session then stands for the
    person alone.
    """
    at = clock.now()
    session = await Session.get_or_none(token_digest=_digest(token))
    if session is None or not _is_open(session, at):
        raise errors.SignInRequired()
    if session.kind == ENROLLING and kind is PrincipalKind.OFFICER:
        if not enrolling:
            raise errors.SecondFactorMissing()
    elif session.kind != kind.value:
        raise errors.SignInRequired()
    principal = await _principal(session)
    if session.acting_for is not None:
        await _check_acting_right(session)
    await _slide(session, at)
    return principal


async def via(principal: Principal) -> str:
    """The way a session was opened; empty for a caller without one."""
    session = await Session.get_or_none(id=principal.session_id)
    return "" if session is None else session.via


async def is_open(session_id: UUID) -> bool:
    """Whether a session may go on; long-lived sockets ask again and again. Does not slide."""
    session = await Session.get_or_none(id=session_id)
    return session is not None and _is_open(session, clock.now())


async def revoked_at(session_id: UUID) -> datetime | None:
    """When a session was ended by hand; None for one that goes on or ran out by itself.

    Raises SessionNotFound for one nobody knows (any more; see `KEPT`).
    """
    session = await _BY_ID.one(session_id)
    if session is None:
        raise errors.SessionNotFound()
    return session.revoked_at


async def open_among(session_ids: Collection[UUID]) -> set[UUID]:
    """Those of many sessions that may go on, in one query. Does not slide."""
    rows = await Session.filter(
        id__in=list(session_ids), revoked_at=None, expires_at__gt=clock.now()
    ).values_list("id", flat=True)
    return {UUID(str(row)) for row in rows}


async def resolve_many(tokens: Collection[str], *, kind: PrincipalKind) -> dict[str, Principal]:
    """The principals behind many tokens of one kind in one or two queries; bad tokens are absent.

    For sockets, which come back by the thousand after a restart. As `resolve`, it slides the
    sessions; unlike it, the principals stand for the person alone and carry no name, which
    following a stream does not need.
    """
    digests = {_digest(token): token for token in tokens}
    return await _resolve_where(
        kind, {"token_digest__in": list(digests)}, lambda session: digests[session.token_digest]
    )


async def resolve_ids(
    session_ids: Collection[UUID], *, kind: PrincipalKind
) -> dict[UUID, Principal]:
    """As `resolve_many`, for who proves a session by a one-time ticket."""
    return await _resolve_where(kind, {"id__in": list(session_ids)}, lambda session: session.id)


async def act_for(principal: Principal, organisation_id: UUID | None) -> Principal:
    """Let the session stand for an organisation (or for the person again, with None).

    Raises StepUpRequired, NotActingFor when the person has no valid relation to the organisation.
    """
    if organisation_id is not None:
        assurance_of.require(principal, Act.ACT_FOR)
    if organisation_id is not None and not await queries.may_act_for(
        principal.person_id, organisation_id
    ):
        raise errors.NotActingFor()
    async with transaction():
        changed = await Session.filter(id=principal.session_id, revoked_at=None).update(
            acting_for=organisation_id
        )
        if not changed:
            raise errors.SignInRequired()
        await audit.record(
            actor=principal.actor,
            action="acting-for-changed",
            target=f"organisation:{organisation_id}" if organisation_id else principal.actor,
        )
    return replace(principal, acting_for=organisation_id, certified=False)


async def raise_assurance(principal: Principal, *, minutes: int, by_means: str) -> None:
    """The person has just been confirmed (by face, by certificate): good for `minutes`."""
    async with transaction():
        changed = await Session.filter(id=principal.session_id, revoked_at=None).update(
            raised_until=clock.now() + timedelta(minutes=minutes)
        )
        if not changed:
            raise errors.SignInRequired()
        await audit.record(
            actor=principal.actor,
            action="stepped-up",
            target=principal.actor,
            detail={"means": by_means},
        )


async def certify(principal: Principal, *, minutes: int, by_means: str) -> None:
    """The organisation acted for has just shown its certificate: good for `minutes`, for it."""
    async with transaction():
        changed = await Session.filter(
            id=principal.session_id, revoked_at=None, acting_for=principal.acting_for
        ).update(
            certified_until=clock.now() + timedelta(minutes=minutes),
            certified_for=principal.acting_for,
        )
        if not changed:
            raise errors.SignInRequired()
        await audit.record(
            actor=principal.actor,
            action="stepped-up",
            target=f"organisation:{principal.acting_for}",
            detail={"means": by_means},
        )


async def forget_ended(*, older_than: timedelta = KEPT) -> int:
    """Delete sessions that ended long ago (a timer calls it); the audit trail stays."""
    ended = Session.filter(expires_at__lt=clock.now() - older_than)
    return await forgetting.forget(ended, by="expires_at")


async def _resolve_where(
    kind: PrincipalKind, where: dict[str, object], name: Callable[[OpenSession], T]
) -> dict[T, Principal]:
    at = clock.now()
    rows = await Session.filter(
        **where, kind=kind.value, revoked_at=None, expires_at__gt=at
    ).values_list(*OpenSession._fields)
    opened = [OpenSession(*row) for row in rows]
    officers: dict[UUID, Officer] = {}
    if kind is PrincipalKind.OFFICER:
        holders = {session.principal_id for session in opened}
        today = clock.today()
        active = Officer.filter(id__in=holders, state=State.ACTIVE).only(*_OF_OFFICER)
        officers = {row.id: row for row in await active if row.may_work(today)}
        opened = [session for session in opened if session.principal_id in officers]
    await _slide_many(opened, at)
    return {
        name(session): Principal(
            kind=kind,
            id=session.principal_id,
            subject_id=session.principal_id if kind is PrincipalKind.CITIZEN else None,
            name="",
            department=officer.department_id if officer else None,
            roles=frozenset(officer.roles) if officer else frozenset(),
            session_id=session.id,
        )
        for session in opened
        for officer in [officers.get(session.principal_id)]
    }


def _is_open(session: Session, at: datetime) -> bool:
    return session.revoked_at is None and at < session.expires_at


async def _principal(session: Session) -> Principal:
    if session.kind in (PrincipalKind.OFFICER.value, ENROLLING):
        officer = await Officer.get_or_none(id=session.principal_id, state=State.ACTIVE)
        if officer is None or not officer.may_work(clock.today()):
            raise errors.SignInRequired()
        enrolling = session.kind == ENROLLING
        return replace(officer_principal(officer), session_id=session.id, enrolling=enrolling)
    subject = await Subject.get_or_none(id=session.principal_id)
    if subject is None:
        raise errors.SignInRequired()
    return Principal(
        kind=PrincipalKind.CITIZEN,
        id=subject.id,
        subject_id=subject.id,
        acting_for=session.acting_for,
        name=subject.name,
        session_id=session.id,
        channel=session.channel,
        assurance=_assurance(session),
        certified=_is_certified(session),
    )


def _assurance(session: Session) -> int:
    raised = session.raised_until is not None and clock.now() < session.raised_until
    return int(Level.CONFIRMED) if raised else int(session.assurance)


def _is_certified(session: Session) -> bool:
    if session.certified_until is None or session.acting_for is None:
        return False
    return session.certified_for == session.acting_for and clock.now() < session.certified_until


def officer_principal(officer: Officer) -> Principal:
    """The principal of an officer, without a session."""
    return Principal(
        kind=PrincipalKind.OFFICER,
        id=officer.id,
        name=officer.name,
        roles=frozenset(officer.roles),
        department=officer.department_id,
    )


async def _check_acting_right(session: Session) -> None:
    organisation_id = session.acting_for
    assert organisation_id is not None  # noqa: S101 - narrowed by the caller
    if await queries.may_act_for(session.principal_id, organisation_id):
        return
    await Session.filter(id=session.id, acting_for=organisation_id).update(acting_for=None)
    raise errors.ActingRightEnded()


async def _slide(session: Session, at: datetime) -> None:
    if at - session.last_seen_at < SLIDE_EVERY:
        return
    expires_at = min(
        at + timedelta(seconds=session.idle_seconds), session.created_at + LONGEST_LIFE
    )
    await Session.filter(id=session.id, revoked_at=None).update(
        last_seen_at=at, expires_at=expires_at
    )


async def _slide_many(opened: Collection[OpenSession], at: datetime) -> None:
    """One write for all sessions that end together, which after a restart is nearly all."""
    together: dict[datetime, list[UUID]] = defaultdict(list)
    for session in opened:
        if at - session.last_seen_at >= SLIDE_EVERY:
            end = at + timedelta(seconds=session.idle_seconds)
            together[min(end, session.created_at + LONGEST_LIFE)].append(session.id)
    for end, ids_ in together.items():
        await Session.filter(id__in=ids_, revoked_at=None).update(last_seen_at=at, expires_at=end)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
