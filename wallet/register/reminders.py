"""Tell holders that a licence ends: 90, 30 and 7 days before, as far as its type lets one renew.

A timer calls `remind`; each licence is told once for each distance, however often it runs, and a
timer that slept for a week tells the nearest distance only.

`Licence.remind_on` is the day on which a licence is looked at next: empty until it was looked at
first, NEVER when there is nothing more to tell. So a sweep reads only what is due, by an index, and
costs nothing when nothing is. A window that is made longer later is kept for licences looked at
since; the nearer distances still come.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database, jobs, outbox
from core.errors import Problem
from wallet.events import LicenceEnding
from wallet.models import Licence, Reminder
from wallet.types import catalogue, validity
from wallet.types.licence_types import AnyValidity, OnExpiry
from wallet.types.validity import LicenceState

DISTANCES = (90, 30, 7)
NEVER = date(9999, 12, 31)
PLANNED_AT_ONCE = 500
PLANNED_A_SWEEP = 20_000
REMIND = "remind"


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


def next_look(rule: AnyValidity, valid_to: date, today: date) -> date:
    """The first day after `today` on which a distance is reached, or NEVER. Pure."""
    days = [valid_to - timedelta(days=distance) for distance in distances(rule)]
    return min((day for day in days if day > today), default=NEVER)


async def remind() -> int:
    """Tell every holder who is due. Returns how many; repeating it tells nobody twice.

    One licence that raises (its type is gone) is left to its own job (`remind_one`).
    """
    await _plan()
    due = Licence.filter(
        state=LicenceState.VALID, valid_to__isnull=False, remind_on__lte=clock.today()
    )

    async def page(last: Licence | None, limit: int) -> list[Licence]:
        rows = due if last is None else due.filter(id__gt=last.id)
        return await rows.order_by("id").limit(limit)

    return await jobs.walk(REMIND, page, _remind_of)


async def remind_one(licence_id: UUID) -> None:
    """Tell the holder of one licence, if that is due."""
    licence = await Licence.get_or_none(id=licence_id, state=LicenceState.VALID)
    if licence is not None:
        await _remind_of(licence)


async def _plan() -> None:
    """Give licences that were not looked at yet the day of their first look.

    Only what says when they end is read. A type that is gone is left for the walk to stumble over.
    """
    today, fresh = (
        clock.today(),
        Licence.filter(state=LicenceState.VALID, valid_to__isnull=False, remind_on__isnull=True),
    )
    for _ in range(PLANNED_A_SWEEP // PLANNED_AT_ONCE):
        rows = await fresh.limit(PLANNED_AT_ONCE).values_list("id", "licence_type", "valid_to")
        days: defaultdict[date, list[UUID]] = defaultdict(list)
        for licence_id, licence_type, valid_to in rows:
            days[_first_look(licence_type, valid_to, today)].append(licence_id)
        for day, ids in days.items():
            await Licence.filter(id__in=ids, remind_on=None).update(remind_on=day)
        if len(rows) < PLANNED_AT_ONCE:
            return


def _first_look(licence_type: str, valid_to: date, today: date) -> date:
    try:
        rule = catalogue.get_type(licence_type).validity
    except Problem:
        return today
    if due_distance(rule, (valid_to - today).days) is not None:
        return today
    return next_look(rule, valid_to, today)


async def _remind_of(licence: Licence) -> bool:
    type_, today = catalogue.get_type(licence.licence_type), clock.today()
    if licence.valid_to is None:
        return False
    days_left = (licence.valid_to - today).days
    distance = due_distance(type_.validity, days_left)
    later = next_look(type_.validity, licence.valid_to, today)
    if distance is None or await Reminder.exists(licence_id=licence.id, days__lte=distance):
        await Licence.filter(id=licence.id).update(remind_on=later)
        return False
    event = LicenceEnding(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        licence_type=licence.licence_type,
        licence_name=type_.name,
        valid_to=licence.valid_to,
        days=days_left,
    )
    try:
        async with database.transaction():
            await Reminder.create(licence_id=licence.id, days=distance, at=clock.now())
            await Licence.filter(id=licence.id).update(remind_on=later)
            await outbox.publish(event, key=str(licence.id))
    except IntegrityError:
        return False  # another worker told it in the same moment
    return True
