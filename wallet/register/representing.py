"""Whom the business licence of an organisation names as its legal representative."""

from uuid import UUID

import msgspec

from core import clock
from identity.people.representatives import LicenceSays
from wallet.models import Licence
from wallet.register import holders, status

BUSINESS_LICENCE = "BL"

_NEWEST = 5


async def of_organisation(organisation_id: UUID) -> LicenceSays | None:
    """What the newest valid business licence says; None for an organisation without one."""
    rows = Licence.filter(subject_id=organisation_id, licence_type=BUSINESS_LICENCE)
    today = clock.today()
    for licence in await rows.order_by("-issued_on", "-created_at", "-id").limit(_NEWEST):
        if status.state_of(licence, today).in_force:
            facts = msgspec.json.decode(licence.facts, type=dict[str, object])
            return holders.named_by(facts, number=licence.number)
    return None
