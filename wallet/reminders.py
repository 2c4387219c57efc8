"""Tell holders that a licence ends: 90, 30 and 7 days before, as far as its type lets one renew.

A timer calls `remind`; each licence is told once for each distance, however often it runs, and a
timer that slept for a week tells the nearest distance only.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database, outbox
from wallet import catalogue, validity
from wallet.events import LicenceEnding
from wallet.licence_types import AnyValidity, OnExpiry
from wallet.models import Licence, Reminder
from wallet.validity import LicenceState

DISTANCES = (90, 30, 7)
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Due:
    """A licence whose holder is to be told now."""

    licence: Licence
    days: int


def distances(rule: AnyValidity) -> tuple[int, ...]:
    """How many days before the end holders of a type are told, the largest first. Pure.

    Nobody is sent to renew before the window opens; the last word comes in any case. A type that
    ends without consequence is not told about.
    """
    if rule.on_expiry is OnExpiry.NONE:
        return ()
    window = validity.window_days(rule)
    inside = [days for days in DISTANCES if days <= window]
    return tuple(dict.fromkeys([*inside, DISTANCES[-1]]))


def due_distance(rule: AnyValidity, days_left: int) -> int | None:
    """The distance that was reached, or None. Pure."""
    if days_left < 0:
        return None
    reached = [days for days in distances(rule) if days_left <= days]
    return min(reached, default=None)


async def remind() -> int:
    """Tell every holder who is due. Returns how many; repeating it tells nobody twice."""
    today, told, after = clock.today(), 0, UUID(int=0)
    rows = Licence.filter(
        state=LicenceState.VALID,
        valid_to__gte=today,
        valid_to__lte=today + timedelta(days=max(DISTANCES)),
    )
    while page := await rows.filter(id__gt=after).order_by("id").limit(PAGE):
        after = page[-1].id
        for licence in page:
            told += await _remind_of(licence)
    return told


async def _remind_of(licence: Licence) -> bool:
    rule = catalogue.get_type(licence.licence_type).validity
    if licence.valid_to is None:
        return False
    days_left = (licence.valid_to - clock.today()).days
    distance = due_distance(rule, days_left)
    if distance is None or await Reminder.exists(licence_id=licence.id, days__lte=distance):
        return False
    event = LicenceEnding(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        licence_type=licence.licence_type,
        licence_name=catalogue.get_type(licence.licence_type).name,
        valid_to=licence.valid_to,
        days=days_left,
    )
    try:
        async with database.transaction():
            await Reminder.create(licence_id=licence.id, days=distance, at=clock.now())
            await outbox.publish(event, key=str(licence.id))
    except IntegrityError:
        return False  # another worker told it in the same moment
    return True
