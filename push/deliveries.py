"""Single deliveries for operators: by which channel, how often tried, and why not.

Never what is said, nor to whom.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.data import pages
from core.data.pages import Page, Section
from identity.principal import Principal
from identity.staff.roles import Act, insist
from push.deliver import from_stored
from push.models import Delivery, DeliveryState


@dataclass(frozen=True, kw_only=True)
class DeliveryLine:
    """One delivery without its words and its recipient."""

    id: UUID
    event_id: UUID
    channel: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    last_error: str | None


async def list_deliveries(
    *, state: str, channel: str | None, limit: int, after: str | None = None, by: Principal
) -> Page[DeliveryLine]:
    """Newest first; of the whole city. Raises RoleMissing, WrongPlace."""
    insist(by, Act.OPERATE)
    found = Delivery.filter(state=DeliveryState(state))
    if channel is not None:
        found = found.filter(channel=channel)
    section = Section("deliveries", found, ("created_at", "id"))
    return (await pages.read(section, after=after, limit=limit)).map(_line)


def _line(row: Delivery) -> DeliveryLine:
    return DeliveryLine(
        id=row.id,
        event_id=row.event_id,
        channel=row.channel,
        kind=from_stored(row.message).kind,
        state=row.state.value,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        last_error=row.last_error,
    )
