"""Platform accounts of a person: bind by real-name proof, bind another, look, unbind.

One person, one wallet: whoever proves the same identity number is the same person, whatever app
they came by; accounts meet at the number and nowhere else (a union id or a phone number is a hint,
no proof). An account that is bound to somebody else cannot be taken over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock
from core.database import transaction
from core.protection import audit
from core.protection.protect import blind_indexes
from identity import errors, numbers, queries
from identity.log_in import assurance, hand_over, proofs, revoking, sessions
from identity.log_in.assurance import Act, Level
from identity.log_in.proofs import OpenProof
from identity.log_in.sessions import IssuedSession
from identity.models import USER_PURPOSE, PlatformAccount
from identity.people import persons
from identity.principal import Principal, PrincipalKind
from miniapp_bridge.connector import Connector, PlatformIdentity, RealName

if TYPE_CHECKING:
    from redis.asyncio import Redis

WAITING = "binding"
WAITING_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class BoundAccount:
    """An account as its owner sees it."""

    id: UUID
    platform: str
    label: str = field(repr=False)
    """Enough to tell two accounts apart, not the platform's own name of the user."""
    bound_at: datetime
    last_used_at: datetime


async def stored_index(platform: str, user_id: str) -> str:
    """The index an account stands under, while the master key is changed; else the present one."""
    indexes = blind_indexes(user_id, purpose=USER_PURPOSE)
    if len(indexes) > 1:
        row = await PlatformAccount.get_or_none(platform=platform, user_index__in=indexes)
        if row is not None:
            return row.user_index
    return indexes[0]


async def list_bound(person_id: UUID) -> list[BoundAccount]:
    """The person's accounts, the one used last first."""
    rows = await PlatformAccount.filter(subject_id=person_id).order_by("-last_used_at")
    return [
        BoundAccount(
            id=row.id,
            platform=row.platform,
            label=_label(row),
            bound_at=row.created_at,
            last_used_at=row.last_used_at,
        )
        for row in rows
    ]


async def let_wait(identity: PlatformIdentity, *, channel: str, redis: "Redis") -> str:
    """Keep an account that nobody is bound to, until its owner has proved who they are."""
    value = {
        "platform": identity.platform,
        "user_id": identity.user_id,
        "phone": identity.phone,
        "channel": channel,
    }
    return await hand_over.leave(redis, WAITING, value, seconds=WAITING_SECONDS)


async def begin_binding(
    ticket: str,
    *,
    name: str,
    id_no: str,
    connectors: Mapping[str, Connector],
    redis: "Redis",
) -> OpenProof:
    """Start the real-name proof of an account that waits.

    Raises InvalidIdentityNumber, ProofExpired (the ticket), ProofUnavailable.
    """
    number = numbers.check_identity_number(id_no)
    waiting = await hand_over.look(redis, WAITING, ticket)
    if waiting is None:
        raise errors.ProofExpired()
    person = RealName(id_type=persons.IDENTITY_CARD_TYPE, id_no=number, name=name.strip())
    return await proofs.open_proof(
        person,
        platform=waiting["platform"],
        user_id=waiting["user_id"],
        purpose={"act": "bind", "ticket": ticket},
        connectors=connectors,
        redis=redis,
    )


async def finish_binding(
    proof_id: str,
    *,
    connectors: Mapping[str, Connector],
    redis: "Redis",
    idle_minutes: int,
    device: str = "",
) -> IssuedSession:
    """The proof holds: bind the waiting account and sign its person in, confirmed.

    Raises ProofExpired, ProofPending, ProofFailed, AccountTaken.
    """
    async with proofs.finished(proof_id, connectors=connectors, redis=redis) as (person, purpose):
        if purpose.get("act") != "bind":
            raise errors.ProofExpired()
        async with hand_over.taken(
            redis, WAITING, purpose["ticket"], seconds=WAITING_SECONDS
        ) as waiting:
            if waiting is None:
                raise errors.ProofExpired()
            return await _bind_waiting(waiting, person, idle_minutes=idle_minutes, device=device)


async def _bind_waiting(
    waiting: Mapping[str, Any], person: RealName, *, idle_minutes: int, device: str
) -> IssuedSession:
    async with transaction():
        person_id = await persons.prove(
            id_no=person.id_no,
            name=person.name,
            phone=waiting["phone"],
            by=f"platform:{waiting['platform']}",
        )
        await bind_to(person_id, platform=waiting["platform"], user_id=waiting["user_id"])
        subject = await queries.get_subject(person_id)
        principal = Principal(
            kind=PrincipalKind.CITIZEN, id=subject.id, subject_id=subject.id, name=subject.name
        )
        issued = await sessions.issue(
            principal,
            idle_minutes=idle_minutes,
            via=waiting["platform"],
            assurance=assurance.of_platform(waiting["platform"]),
            device=device,
            channel=waiting.get("channel", ""),
        )
        await sessions.raise_assurance(
            issued.principal, minutes=assurance.STEP_UP_MINUTES, by_means="face"
        )
    return issued


async def bind_another(
    code: str, *, platform: str, connectors: Mapping[str, Connector], by: Principal
) -> None:
    """Bind one more account to the person who is signed in and confirmed.

    Raises StepUpRequired, UnknownPlatform, AccountTaken, and what the connector raises.
    """
    assurance.require(by, Act.MANAGE_ACCOUNTS)
    connector = connectors.get(platform)
    if connector is None:
        raise errors.UnknownPlatform()
    identity = await connector.exchange_code(code)
    await bind_to(by.person_id, platform=identity.platform, user_id=identity.user_id)


async def bind_to(person_id: UUID, *, platform: str, user_id: str) -> None:
    """Bind an account that is free or the person's already. Raises AccountTaken."""
    index = await stored_index(platform, user_id)
    async with transaction():
        try:
            account, created = await PlatformAccount.get_or_create(
                {"user": user_id, "subject_id": person_id}, platform=platform, user_index=index
            )
        except IntegrityError:
            raise errors.AccountTaken() from None
        if account.subject_id != person_id:
            raise errors.AccountTaken()
        if created:
            await audit.record(
                actor=f"citizen:{person_id}",
                action="account-bound",
                target=f"citizen:{person_id}",
                detail={"platform": platform},
            )


async def unbind(account_id: UUID, *, by: Principal) -> None:
    """Give an account up; sessions that came by it end, except the one at hand.

    Raises StepUpRequired, AccountNotFound, LastAccount.
    """
    assurance.require(by, Act.MANAGE_ACCOUNTS)
    async with transaction():
        own = await PlatformAccount.filter(subject_id=by.person_id).select_for_update()
        account = next((row for row in own if row.id == account_id), None)
        if account is None:
            raise errors.AccountNotFound()
        if len(own) == 1:
            raise errors.LastAccount()
        await PlatformAccount.filter(id=account_id).delete()
        await audit.record(
            actor=by.actor,
            action="account-unbound",
            target=by.actor,
            detail={"platform": account.platform},
        )
        await revoking.revoke_via(
            by.person_id, via=account.platform, keep=by.session_id, by=by.actor
        )


async def begin_step_up(
    *, connectors: Mapping[str, Connector], redis: "Redis", by: Principal
) -> OpenProof:
    """Start confirming the person who is signed in. Raises ProofUnavailable."""
    subject = await queries.get_subject(by.person_id)
    via = await sessions.via(by)
    accounts = await queries.list_platform_users(by.person_id)
    user_id = next((one.user_id for one in accounts if one.platform == via), "")
    return await proofs.open_proof(
        RealName(id_type=subject.id_type, id_no=subject.id_no, name=subject.name),
        platform=via,
        user_id=user_id,
        purpose={"act": "step-up", "session": str(by.session_id)},
        connectors=connectors,
        redis=redis,
    )


async def finish_step_up(
    proof_id: str, *, connectors: Mapping[str, Connector], redis: "Redis", by: Principal
) -> Level:
    """Raise the session the proof was opened for, and no other.

    Raises ProofExpired, ProofPending, ProofFailed.
    """
    async with proofs.finished(proof_id, connectors=connectors, redis=redis) as (_, purpose):
        if purpose != {"act": "step-up", "session": str(by.session_id)}:
            raise errors.ProofExpired()
        await sessions.raise_assurance(by, minutes=assurance.STEP_UP_MINUTES, by_means="face")
    return Level.CONFIRMED


async def used(platform: str, user_id: str) -> UUID | None:
    """The person an account is bound to, noting its use; None for one that is not bound."""
    indexes = blind_indexes(user_id, purpose=USER_PURPOSE)
    account = await PlatformAccount.get_or_none(platform=platform, user_index__in=indexes)
    if account is None:
        return None
    await PlatformAccount.filter(id=account.id).update(last_used_at=clock.now())
    return account.subject_id


def _label(account: PlatformAccount) -> str:
    if account.platform == "browser":
        return numbers.mask_phone(account.user)
    return f"…{account.user[-4:]}"
