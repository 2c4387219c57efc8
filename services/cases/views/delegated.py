"""What of other departments an officer's worklist holds: the items of the delegations that run.

Each item is a section of its own, the next rows of one index that begins with the item; a page
costs a look into as many indexes as items were delegated, however many cases there are.
"""

from dataclasses import dataclass

from tortoise.expressions import Q

from core import clock
from identity.authority import Delegation
from identity.principal import Principal
from identity.staff import register, standing
from services.guides.models import ServiceItem

MOST_ITEMS = 100
"""Items of others in one worklist; who is given more works them off by the search."""


@dataclass(frozen=True)
class Share:
    """An item of another department that the officer may see today, and by which delegation."""

    delegation: Delegation
    code: str


async def shares(by: Principal) -> list[Share]:
    """At most `MOST_ITEMS`, each item once; also of items that have been retired since."""
    if by.department is None:
        return []
    today, who = clock.today(), standing.of_principal(by)
    running = [one for one in (await register.current()).given_to(who) if one.runs(today)]
    found: dict[str, Share] = {}
    for delegation in running:
        if delegation.delegator == by.department:
            continue
        for code in await _codes(delegation):
            found.setdefault(code, Share(delegation, code))
    return list(found.values())[:MOST_ITEMS]


async def _codes(delegation: Delegation) -> list[str]:
    items = ServiceItem.filter(department=delegation.delegator)
    codes: set[str] = {str(code) for code in await items.distinct().values_list("code", flat=True)}
    return sorted(code for code in codes if delegation.names(code))


def visible(by: Principal, held: list[Share]) -> Q:
    """Submitted cases the officer may see, for a search that an index of its own leads."""
    submitted = Q(submitted_at__isnull=False)
    if by.department is None:
        return submitted
    own = Q(department=by.department)
    for delegator in sorted({share.delegation.delegator for share in held}):
        codes = [one.code for one in held if one.delegation.delegator == delegator]
        own |= Q(department=delegator, item_code__in=codes)
    return submitted & own
