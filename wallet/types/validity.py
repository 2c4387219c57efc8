"""Until when a licence is valid, and what it is on a given day. Pure.

The seven rules of the catalogue (`licence_types.ValidityRule`) are applied here and nowhere else.
"""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from wallet.types import licence_types as types

DEFAULT_WINDOW_DAYS = 30


class LicenceState(StrEnum):
    """States of a licence. Expiring and expired follow from the date and are never stored."""

    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"

    @property
    def in_force(self) -> bool:
        """Whether the holder may use the licence."""
        return self in (LicenceState.VALID, LicenceState.EXPIRING)

    @property
    def text(self) -> str:
        """The Chinese word that people see."""
        return STATE_TEXTS[self]


STATE_TEXTS = {
    LicenceState.VALID: "有效",
    LicenceState.EXPIRING: "即将到期",
    LicenceState.EXPIRED: "已过期",
    LicenceState.SUSPENDED: "已中止",
    LicenceState.REVOKED: "已吊销",
    LicenceState.WITHDRAWN: "已撤销",
    LicenceState.CANCELLED: "已注销",
    LicenceState.SUPERSEDED: "已换发新版本",
}

_AT_THE_END = {
    types.OnExpiry.EXPIRED_INVALID: LicenceState.EXPIRED,
    types.OnExpiry.VOID: LicenceState.EXPIRED,
    types.OnExpiry.SUSPENDED: LicenceState.SUSPENDED,
    types.OnExpiry.CANCELLED: LicenceState.CANCELLED,
}


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def add_years(day: date, years: int) -> date:
    """The same day some years later (29 February becomes 28)."""
    return add_months(day, years * 12)


def last_day(
    rule: types.AnyValidity,
    *,
    facts: Mapping[str, object],
    issued_on: date,
    previous_from: date | None = None,
    previous_to: date | None = None,
) -> date | None:
    """Last day on which a licence issued on this day is valid; None means without end.

    `previous_from` and `previous_to` are the period of the licence being replaced; a yearly
    endorsement goes on from its end when that is not past, and a ladder climbs one step.
    """
    one_day = timedelta(days=1)
    match rule:
        case types.FixedYears():
            return add_years(_date(facts.get(rule.from_)) or issued_on, rule.years) - one_day
        case types.FromField():
            return _date(facts.get(rule.to))
        case types.AnnualEndorsement():
            if previous_to is not None and previous_to >= issued_on:
                return add_months(previous_to, rule.months)
            return add_months(issued_on, rule.months) - one_day
        case types.LadderYears():
            years = _step_of_ladder(rule.years, previous_from, previous_to)
            return None if years is None else add_years(issued_on, years)
        case types.StartWithin():
            return add_months(issued_on, rule.months) - one_day
        case _:
            return None


def _step_of_ladder(
    ladder: tuple[int | None, ...], previous_from: date | None, previous_to: date | None
) -> int | None:
    if previous_from is None:
        return ladder[0]
    if previous_to is None:
        return ladder[-1]
    lasted = round((previous_to - previous_from).days / 365.25)
    longer = (years for years in ladder if years is None or years > lasted)
    return next(longer, ladder[-1])


def window_days(rule: types.AnyValidity) -> int:
    """How many days before its end a licence counts as expiring (renewal may be asked for)."""
    if isinstance(rule, types.AnnualEndorsement):
        return rule.window_days_before
    return rule.renew_window_days or DEFAULT_WINDOW_DAYS


def state_on(
    stored: LicenceState, *, rule: types.AnyValidity, valid_to: date | None, day: date
) -> LicenceState:
    """What a licence is on a day: the stored state, or what the calendar made of a valid one."""
    if stored is not LicenceState.VALID or valid_to is None:
        return stored
    if day > valid_to:
        return _AT_THE_END.get(rule.on_expiry, LicenceState.VALID)
    if day >= valid_to - timedelta(days=window_days(rule)):
        return LicenceState.EXPIRING
    return LicenceState.VALID


def _date(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None
