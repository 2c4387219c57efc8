"""On what ground an officer may do an act: one function for acts, lists and pages alike. Pure.

The order is the order of the questions: who is there, what the role allows, whether the matter is
the officer's own department's, else on which one delegation (委托) it may be done, whether the
officer has the qualification the item asks for, and whether it is the officer's own matter (回避).
The first that fails is the refusal, and it has a name.

Sources: Administrative Licensing Law art. 24 (委托实施: an administrative organ, within its own
powers, published, in the delegator's name, never passed on), art. 26 (one body receives for
several; it decides nothing); Civil Servants Law art. 76 (own matters).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from identity import errors
from identity.staff import roles
from identity.staff.roles import Act


class Ground(StrEnum):
    """On what law a delegation stands."""

    XK24 = "xk24"
    """行政许可法第二十四条: another administrative organ acts in the delegator's name."""
    XK26 = "xk26"
    """第二十六条: one body receives and hands out for several; deciding is never part of it."""
    OTHER = "other"
    """Items that are no licence: a published document of the government."""


class Power(StrEnum):
    """What a delegation may give."""

    TAKE_IN = "take_in"
    ACCEPT = "accept"
    REQUEST_SUPPLEMENT = "request_supplement"
    DECIDE = "decide"
    DELIVER = "deliver"
    ASSIST = "assist"


class DelegateKind(StrEnum):
    """To whom: a department, everybody at a site, a class of windows, or one window."""

    DEPARTMENT = "department"
    SITE = "site"
    CLASS = "class"
    WINDOW = "window"


_WORKING = frozenset({Power.TAKE_IN, Power.ACCEPT, Power.REQUEST_SUPPLEMENT, Power.DECIDE})

POWERS: Mapping[Act, frozenset[Power]] = {
    Act.READ_CASES: frozenset(Power),
    Act.TAKE_IN: frozenset({Power.TAKE_IN}),
    Act.CHECK_MATERIAL: _WORKING - {Power.TAKE_IN} | {Power.ASSIST},
    Act.ACCEPT: frozenset({Power.ACCEPT}),
    Act.DECLINE_ACCEPTANCE: frozenset({Power.ACCEPT}),
    Act.REQUEST_SUPPLEMENT: frozenset({Power.REQUEST_SUPPLEMENT}),
    Act.APPROVE: frozenset({Power.DECIDE}),
    Act.REFUSE: frozenset({Power.DECIDE}),
    Act.WRITE_TO_APPLICANT: _WORKING | {Power.ASSIST},
    Act.ANSWER_APPLICANT: _WORKING | {Power.ASSIST},
}
"""Act → any one of these powers suffices. An act that is not named cannot be delegated."""

LOOKING = frozenset({Act.READ_CASES})
"""Acts that change nothing: neither absence nor an own matter forbids to look."""

_GROUNDS_OF_DECIDING = frozenset({Ground.XK24, Ground.OTHER})


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """A published delegation, as far as the question needs it."""

    id: UUID
    no: str
    """Such as SQWT-2026-0007."""
    ground: Ground
    delegator: str
    kind: DelegateKind
    key: str
    """Of the department, site, class or window."""
    items: tuple[str, ...]
    """Codes, or beginnings of codes that end in `*`."""
    powers: frozenset[Power]
    since: date
    until: date
    """The last day."""
    document: str
    """Digest of the 委托书."""
    revoked: bool = False
    """Taken back before its end: known for a while, so that a refusal can say so."""

    def names(self, item: str) -> bool:
        """Whether the item is one of those delegated."""
        return any(
            item.startswith(entry[:-1]) if entry.endswith("*") else item == entry
            for entry in self.items
        )

    def gives(self, act: Act) -> bool:
        """Whether `act` is among what it gives; deciding never is under article 26."""
        powers = self.powers & POWERS.get(act, frozenset())
        if self.ground not in _GROUNDS_OF_DECIDING:
            powers -= {Power.DECIDE}
        if act in LOOKING:
            return bool(self.powers)
        return bool(powers)

    def runs(self, day: date) -> bool:
        """Whether it is good on `day`."""
        return not self.revoked and self.since <= day <= self.until


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Who an officer is at this moment, in all that authority asks about."""

    officer: UUID
    department: str | None
    """None for who covers all departments."""
    roles: frozenset[str]
    site: str = ""
    window: str = ""
    window_class: str = ""
    qualified: Mapping[str, date] = field(default_factory=dict)
    """Group of items → the last day of the qualification."""
    subjects: frozenset[UUID] = frozenset()
    """The officer as a natural person, and whom that person may act for."""
    active: bool = True
    away: bool = False
    """On recorded leave: somebody else stands in."""

    def stands_at(self, kind: DelegateKind) -> str:
        """The key under which a delegate of this kind is this officer; empty for none."""
        match kind:
            case DelegateKind.DEPARTMENT:
                return self.department or ""
            case DelegateKind.SITE:
                return self.site
            case DelegateKind.CLASS:
                return self.window_class
            case DelegateKind.WINDOW:
                return self.window


@dataclass(frozen=True)
class Register:
    """Every delegation that was published, and which items ask for a qualification."""

    delegations: tuple[Delegation, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    """Item code → the group whose qualification it takes."""

    @cached_property
    def digest(self) -> str:
        """Names the register as it was when an act was judged."""
        lines = [
            "|".join(
                (one.no, one.ground, one.delegator, one.kind, one.key, ",".join(one.items))
                + (",".join(sorted(one.powers)), str(one.since), str(one.until), one.document)
                + (("revoked",) if one.revoked else ())
            )
            for one in sorted(self.delegations, key=lambda one: one.no)
        ]
        lines += [f"{item}={group}" for item, group in sorted(self.groups.items())]
        return hashlib.new("sm3", "\n".join(lines).encode()).hexdigest()

    @cached_property
    def _given(self) -> Mapping[tuple[str, str], tuple[Delegation, ...]]:
        given: dict[tuple[str, str], tuple[Delegation, ...]] = {}
        for one in sorted(self.delegations, key=lambda one: one.no):
            given[one.kind, one.key] = (*given.get((one.kind, one.key), ()), one)
        return given

    def given_to(self, who: Standing) -> list[Delegation]:
        """What is delegated to an officer where the officer stands, in the order of the numbers."""
        found: list[Delegation] = []
        for kind in DelegateKind:
            if key := who.stands_at(kind):
                found += self._given.get((kind, key), ())
        return found


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The ground an act stands on. Goes to the audit, and as words to the timeline."""

    delegation: Delegation | None = None
    city: bool = False
    """By an officer who covers all departments."""
    register: str = ""
    """Digest of the register that was asked; empty where none had to be."""

    @property
    def delegator(self) -> str | None:
        """The department in whose name a delegate acts."""
        return None if self.delegation is None else self.delegation.delegator

    def facts(self) -> dict[str, str]:
        """For the audit's detail."""
        if self.delegation is None:
            return {"basis": "city" if self.city else "department"}
        return {
            "basis": f"delegation:{self.delegation.no}",
            "document": self.delegation.document,
            "register": self.register,
        }


def basis(
    act: Act,
    *,
    department: str,
    item: str,
    day: date,
    who: Standing,
    register: Register,
    about: frozenset[UUID] = frozenset(),
) -> Basis:
    """The ground on which `who` may do `act` to a matter of `department` on `day`.

    `about` are the subjects whose matter it is. Raises the first refusal that applies:
    OfficerInactive, OfficerAway, RoleMissing, NotDelegated (with a reason), NotQualified,
    OwnMatter.
    """
    if not who.active:
        raise errors.OfficerInactive()
    if who.away and act not in LOOKING:
        raise errors.OfficerAway()
    if not roles.may(who.roles, act):
        raise errors.RoleMissing()
    if who.department is None or who.department == department:
        found = Basis(city=who.department is None)
    else:
        found = _delegated(act, department, item, day, who, register)
    _insist_on_qualification(act, item, day, who, register)
    if act not in LOOKING and not who.subjects.isdisjoint(about):
        raise errors.OwnMatter()
    return found


def _delegated(
    act: Act, department: str, item: str, day: date, who: Standing, register: Register
) -> Basis:
    """By one delegation that says all of it; two that say a half each are none."""
    given = [one for one in register.given_to(who) if one.delegator == department]
    fitting = [one for one in given if one.names(item)]
    running = [one for one in fitting if one.runs(day)]
    for one in running:
        if one.gives(act):
            return Basis(delegation=one, register=register.digest)
    if running:
        raise errors.NotDelegated(reason="act")
    if fitting:
        raise errors.NotDelegated(reason=_why_over(fitting, day))
    raise errors.NotDelegated(reason="item" if given else "department")


def _why_over(fitting: list[Delegation], day: date) -> str:
    """Of several that are not good on the day, the one that tells most."""
    if any(one.revoked and one.since <= day <= one.until for one in fitting):
        return "revoked"
    return "ended" if any(one.since <= day for one in fitting) else "not-begun"


def _insist_on_qualification(
    act: Act, item: str, day: date, who: Standing, register: Register
) -> None:
    group = register.groups.get(item)
    if group is None or act in LOOKING:
        return
    until = who.qualified.get(group)
    if until is None or until < day:
        raise errors.NotQualified()
