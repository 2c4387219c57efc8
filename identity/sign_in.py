"""Sign in: a platform's one-time code, or a staff number and password, becomes a session.

The platform is asked before the transaction. A platform account without a person is bound when the
platform vouches for the real name (city super-apps do); otherwise the sign-in is refused until the
account has been bound by one that does.
"""

from collections.abc import Mapping
from uuid import UUID

from core import audit, clock
from core.database import transaction
from core.errors import Problem
from core.protect import blind_index
from identity import errors, officers, people, queries, sessions
from identity.models import PlatformAccount
from identity.principal import Principal, PrincipalKind
from identity.sessions import IssuedSession
from miniapp_bridge.connector import Connector, PlatformIdentity

USER_PURPOSE = "identity.platform_user"


async def citizen(
    code: str, *, platform: str, connectors: Mapping[str, Connector], idle_minutes: int
) -> IssuedSession:
    """Sign in a natural person by a mini-app platform's code.

    Raises UnknownPlatform, AccountNotBound, and what the platform's connector raises.
    """
    connector = connectors.get(platform)
    if connector is None:
        raise errors.UnknownPlatform()
    try:
        identity = await connector.exchange_code(code)
        async with transaction():
            person_id = await _person(identity)
            principal = await _principal(person_id)
            return await sessions.issue(principal, idle_minutes=idle_minutes, via=platform)
    except Problem as refusal:
        await _record_failure(platform, refusal)
        raise


async def officer(staff_no: str, password: str, *, idle_minutes: int) -> IssuedSession:
    """Sign in a member of staff. Raises WrongCredentials, TooManySignIns."""
    principal = await officers.authenticate(staff_no, password)
    return await sessions.issue(principal, idle_minutes=idle_minutes, via="password")


async def bind(person_id: UUID, *, platform: str, user_id: str) -> None:
    """Bind a platform account to the person somebody vouches for, also when it changed hands."""
    await PlatformAccount.update_or_create(
        {"user": user_id, "subject_id": person_id},
        platform=platform,
        user_index=blind_index(user_id, purpose=USER_PURPOSE),
    )


async def _person(identity: PlatformIdentity) -> UUID:
    """The person behind a platform account. Raises AccountNotBound."""
    user_index = blind_index(identity.user_id, purpose=USER_PURPOSE)
    if identity.real_name is not None:
        person_id = await people.register(
            id_no=identity.real_name.id_no,
            name=identity.real_name.name,
            phone=identity.phone,
            by=f"platform:{identity.platform}",
        )
        await bind(person_id, platform=identity.platform, user_id=identity.user_id)
    account = await PlatformAccount.get_or_none(platform=identity.platform, user_index=user_index)
    if account is None:
        raise errors.AccountNotBound()
    await PlatformAccount.filter(id=account.id).update(last_used_at=clock.now())
    return account.subject_id


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
