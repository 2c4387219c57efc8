"""What those who keep the system running may decide: for officers who cover the whole city.

Events and deliveries belong to no department, so that a department's supervisor has no say in them.
"""

from uuid import UUID

from core import parked
from identity.principal import Principal
from identity.staff.roles import Act, insist


async def replay_parked(event_id: UUID, *, reason: str, by: Principal) -> None:
    """Tell a parked event again. Raises RoleMissing, ParkedEventNotFound."""
    insist(by, Act.OPERATE)
    await parked.replay(event_id, reason=reason, by=by.actor)


async def drop_parked(event_id: UUID, *, reason: str, by: Principal) -> None:
    """Give a parked event up. Raises RoleMissing, ParkedEventNotFound."""
    insist(by, Act.OPERATE)
    await parked.drop(event_id, reason=reason, by=by.actor)
