"""What a person wants to be told by, and the hours in which nothing may ring.

The live page and the inbox cannot be turned off: they disturb nobody and are the record. Channels
that ring wait until the quiet hours are over, except for what cannot wait.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID

from core import clock
from core.data.statements import Find
from core.protection.protect import for_row
from push.errors import UnreadableQuietHours
from push.models import NoticePreference

CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
URGENT_KINDS = frozenset({"licence-presented"})
"""Somebody is looking at the holder's licence right now: the holder must be able to object."""


_OF_PERSON = Find(NoticePreference, "person_id")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Quiet hours are wall-clock times in Shanghai and may span midnight."""

    subscription: bool = True
    sms: bool = True
    email: str | None = field(default=None, repr=False)
    quiet_from: str | None = "22:00"
    quiet_until: str | None = "07:30"

    def wants(self, channel: str) -> bool:
        """Whether this channel may be used at all."""
        wanted = {"subscription": self.subscription, "sms": self.sms, "email": bool(self.email)}
        return wanted.get(channel, True)

    def rings_at(self, at: datetime, kind: str) -> datetime:
        """The earliest moment from `at` on at which a message of this kind may ring."""
        if self.quiet_from is None or self.quiet_until is None or kind in URGENT_KINDS:
            return at
        local = clock.local(at)
        begin, end = _time(self.quiet_from), _time(self.quiet_until)
        now = local.time().replace(tzinfo=None)
        quiet = begin <= now < end if begin < end else now >= begin or now < end
        if not quiet:
            return at
        over = datetime.combine(local.date(), end, tzinfo=local.tzinfo)
        return over if over > local else over + timedelta(days=1)


async def get(person_id: UUID) -> Preferences:
    """A person's preferences, or the defaults."""
    row = await _OF_PERSON.one(person_id)
    if row is None:
        return Preferences()
    return Preferences(
        subscription=row.subscription,
        sms=row.sms,
        email=row.email,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
    )


async def change(
    person_id: UUID,
    *,
    subscription: bool,
    sms: bool,
    quiet_from: str | None,
    quiet_until: str | None,
) -> Preferences:
    """Set everything but the e-mail address. Raises UnreadableQuietHours."""
    if (quiet_from is None) != (quiet_until is None) or (
        quiet_from is not None and quiet_from == quiet_until
    ):
        raise UnreadableQuietHours()
    for value in filter(None, (quiet_from, quiet_until)):
        if not CLOCK_TIME.fullmatch(value):
            raise UnreadableQuietHours()
    await _write(
        person_id,
        subscription=subscription,
        sms=sms,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
    return await get(person_id)


async def set_email(person_id: UUID, address: str | None) -> None:
    """Use a confirmed address, or none (`push.email_address` confirms)."""
    await _write(person_id, email=address)


async def _write(person_id: UUID, **values: object) -> None:
    defaults = Preferences()
    first = NoticePreference(
        person_id=person_id, quiet_from=defaults.quiet_from, quiet_until=defaults.quiet_until
    )
    await NoticePreference.bulk_create([first], ignore_conflicts=True)
    changes = for_row(NoticePreference, {**values, "changed_at": clock.now()}, person_id)
    await NoticePreference.filter(person_id=person_id).update(**changes)


def _time(text: str) -> time:
    return time.fromisoformat(text)
