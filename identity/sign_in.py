"""Sign in: a platform's one-time code, or a staff number and password, becomes a session.

The platform is asked before the transaction. A platform account without a person is bound when the
platform vouches for the real name (city super-apps do); otherwise the sign-in is refused with a
ticket under which the account waits for its owner's real-name proof.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from core.database import transaction
from core.errors import Problem
from core.protection import audit
from identity import channels, errors, queries
from identity.factors import holding, second_step
from identity.log_in import assurance, sessions, sign_in_log
from identity.log_in.sessions import IssuedSession
from identity.log_in.sign_in_log import Visit
from identity.models import PlatformAccount
from identity.people import accounts, persons
from identity.principal import Principal, PrincipalKind
from identity.staff import officers
from miniapp_bridge.connector import Connector, PlatformIdentity

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def citizen(
    code: str,
    *,
    platform: str,
    connectors: Mapping[str, Connector],
    idle_minutes: int,
    redis: "Redis | None" = None,
    visit: Visit | None = None,
) -> IssuedSession:
    """Sign in a natural person by a mini-app platform's code.

    Raises UnknownPlatform, AccountNotBound (with the member `binding`, a ticket, where `redis` is
    given), ChannelClosed, and what the platform's connector raises.
    """
    connector = connectors.get(platform)
    if connector is None:
        raise errors.UnknownPlatform()
    try:
        identity = await connector.exchange_code(code)
    except Problem as refusal:
        await _record_failure(platform, refusal)
        raise
    return await identified(
        identity, idle_minutes=idle_minutes, redis=redis, visit=visit or Visit()
    )


async def identified(
    identity: PlatformIdentity, *, idle_minutes: int, redis: "Redis | None", visit: Visit
) -> IssuedSession:
    """Sign in whom a platform has named. Raises as `citizen`."""
    try:
        await channels.admit(visit.channel)
        async with transaction():
            person_id = await _person(identity)
            principal = await _principal(person_id)
            issued = await sessions.issue(
                principal,
                idle_minutes=idle_minutes,
                via=identity.platform,
                assurance=assurance.of_platform(identity.platform),
                device=visit.device,
                channel=visit.channel,
            )
            issued = await _act_for(issued, identity.organisation_code)
            await sign_in_log.note(issued.principal, via=identity.platform, visit=visit)
            await channels.count(visit.channel, "sign_in")
        return issued
    except errors.AccountNotBound as refusal:
        await _record_failure(identity.platform, refusal)
        if redis is None:
            raise
        ticket = await accounts.let_wait(identity, channel=visit.channel, redis=redis)
        raise errors.AccountNotBound(binding=ticket) from None
    except Problem as refusal:
        await _record_failure(identity.platform, refusal)
        raise


async def officer(
    staff_no: str,
    password: str,
    *,
    idle_minutes: int,
    place: str = "",
    visit: Visit | None = None,
    factor_required: bool = False,
    redis: "Redis | None" = None,
) -> IssuedSession:
    """Sign in a member of staff from `place`; whoever holds a second factor has to show it.

    Where a factor is required and none is held, the session opens the enrolment only. Raises
    WrongCredentials, TooManySignIns, SecondFactorNeeded (with the member `ticket`, see
    `factors.second_step`, where `redis` is given).
    """
    principal = await officers.authenticate(staff_no, password, place=place)
    visit = visit or Visit(channel="", address=place)
    if await holding.holds_any(principal.id):
        ways = await holding.ways(principal.id)
        raise await second_step.wait_for(principal, ways=ways, visit=visit, redis=redis)
    return await second_step.open_session(
        principal,
        via="password",
        visit=visit,
        idle_minutes=idle_minutes,
        enrolling=factor_required,
    )


async def bind(person_id: UUID, *, platform: str, user_id: str) -> None:
    """Bind a platform account to the person somebody vouches for, also when it changed hands."""
    await PlatformAccount.update_or_create(
        {"user": user_id, "subject_id": person_id},
        platform=platform,
        user_index=await accounts.stored_index(platform, user_id),
    )


async def _person(identity: PlatformIdentity) -> UUID:
    """The person behind a platform account. Raises AccountNotBound."""
    if identity.real_name is not None:
        person_id = await persons.prove(
            id_no=identity.real_name.id_no,
            name=identity.real_name.name,
            phone=identity.phone,
            by=f"platform:{identity.platform}",
        )
        await bind(person_id, platform=identity.platform, user_id=identity.user_id)
    found = await accounts.used(identity.platform, identity.user_id)
    if found is None:
        raise errors.AccountNotBound()
    if identity.phone and identity.real_name is None:
        await persons.hold_phone(found, identity.phone, by=f"platform:{identity.platform}")
    return found


async def _act_for(issued: IssuedSession, credit_code: str | None) -> IssuedSession:
    """Go on for the organisation the city app names, when the person may act for it here too."""
    if credit_code is None:
        return issued
    links = await queries.list_organisations(issued.principal.person_id)
    chosen = next((link.id for link in links if link.uscc == credit_code), None)
    if chosen is None:
        return issued
    principal = await sessions.act_for(issued.principal, chosen)
    return IssuedSession(token=issued.token, expires_at=issued.expires_at, principal=principal)


async def _principal(person_id: UUID) -> Principal:
    subject = await queries.get_subject(person_id)
    return Principal(
        kind=PrincipalKind.CITIZEN, id=subject.id, subject_id=subject.id, name=subject.name
    )


async def _record_failure(platform: str, refusal: Problem) -> None:
    async with transaction():
        await audit.record(
            actor="anonymous",
            action="sign-in-failed",
            target=f"platform:{platform}",
            detail={"reason": refusal.slug},
        )
