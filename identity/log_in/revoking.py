"""Sessions ended: by their owner, by what made them, all of a person or an officer."""

from uuid import UUID

from core import clock, outbox
from core.database import transaction
from core.protection import audit
from identity import errors
from identity.events import OfficerSessionsEnded
from identity.models import Session
from identity.principal import Principal


async def revoke(session_id: UUID, *, by: str) -> None:
    """End a session now. Repeating it changes nothing and records nothing."""
    async with transaction():
        changed = await Session.filter(id=session_id, revoked_at=None).update(
            revoked_at=clock.now()
        )
        if changed:
            await audit.record(actor=by, action="signed-out", target=f"session:{session_id}")


async def revoke_of_person(session_id: UUID, *, by: Principal) -> None:
    """End one of the person's own sessions. Raises SessionNotFound, also for somebody else's."""
    async with transaction():
        changed = await Session.filter(
            id=session_id, principal_id=by.person_id, revoked_at=None
        ).update(revoked_at=clock.now())
        if not changed:
            raise errors.SessionNotFound()
        await audit.record(
            actor=by.actor,
            action="session-revoked",
            target=by.actor,
            detail={"session": str(session_id)},
        )


async def revoke_via(person_id: UUID, *, via: str, keep: UUID | None, by: str) -> int:
    """End the person's sessions that came by one platform; returns how many were open."""
    query = Session.filter(principal_id=person_id, via=via, revoked_at=None)
    async with transaction():
        changed = await query.exclude(id=keep).update(revoked_at=clock.now())
        if changed:
            await audit.record(
                actor=by,
                action="sessions-revoked",
                target=f"principal:{person_id}",
                detail={"via": via, "count": changed},
            )
    return changed


async def revoke_all(principal_id: UUID, *, by: str, keep: UUID | None = None) -> int:
    """End every session of a person or an officer but `keep`; returns how many were open."""
    query = Session.filter(principal_id=principal_id, revoked_at=None)
    async with transaction():
        changed = await query.exclude(id=keep).update(revoked_at=clock.now())
        if changed:
            await audit.record(
                actor=by,
                action="sessions-revoked",
                target=f"principal:{principal_id}",
                detail={"count": changed},
            )
    return changed


async def end_officer(officer_id: UUID, *, by: str, keep: UUID | None = None) -> int:
    """End every session of an officer but `keep`, and have the streams that follow in them closed.

    Requests are refused from the commit on; streams hear of it by the event within moments.
    """
    async with transaction():
        opened = Session.filter(principal_id=officer_id, revoked_at=None).exclude(id=keep)
        ids = await opened.select_for_update().values_list("id", flat=True)
        if await revoke_all(officer_id, by=by, keep=keep):
            event = OfficerSessionsEnded(
                officer_id=officer_id, session_ids=[UUID(str(one)) for one in ids]
            )
            await outbox.publish(event, key=f"officer:{officer_id}")
    return len(ids)
