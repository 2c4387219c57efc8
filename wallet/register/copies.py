"""Types of which one act makes several licences: a marriage gives one to each spouse.

All copies share one number and live and end together; what happens to one happens to the others.
"""

import msgspec

from wallet.models import Licence
from wallet.register import holders
from wallet.types import catalogue
from wallet.types.validity import LicenceState

LIVING = (LicenceState.VALID, LicenceState.SUSPENDED)


def holder_keys(licence_type: str) -> list[str]:
    """The fields that name the holders of the copies; none for a type without copies. Pure."""
    return [copy.id for copy in catalogue.rule_for(licence_type).copies]


async def others(licence: Licence) -> list[Licence]:
    """The other copies of the same act that are not at their end."""
    keys = holder_keys(licence.licence_type)
    if not keys:
        return []
    facts = msgspec.json.decode(licence.facts)
    named = {holders.index(str(facts[key])) for key in keys if key in facts}
    found = Licence.filter(
        licence_type=licence.licence_type,
        number_index=licence.number_index,
        holder_index__in=sorted(named - {licence.holder_index}),
        state__in=LIVING,
    )
    return await found.exclude(id=licence.id).order_by("created_at", "id")
