"""What an officer may do, compared: does a change give more, and do roles go together? Pure.

Giving more takes two people; taking away takes one and is done at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Self

from identity.account_errors import InvalidPower
from identity.staff.roles import Role

EVERYWHERE = frozenset({Role.SUPERVISOR, Role.ACCOUNT_KEEPER})
"""Roles that may be held for all departments at once."""

ALONE = frozenset({Role.ACCOUNT_KEEPER})
"""Who gives power decides nothing (three kinds of administrators, GB/T 22239-2019, 8.1.5)."""

APART = frozenset(
    {
        frozenset({Role.REVIEWER, Role.SUPERVISOR}),
        frozenset({Role.REVIEWER, Role.SEAL_KEEPER}),
    }
)
"""Who watches decides no case (Licensing Law art. 60); who keeps the seal reviews none."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """Roles in a department, for a time. `department` None: in all of them."""

    roles: frozenset[Role] = frozenset()
    department: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def to_json(self) -> dict[str, Any]:
        """As a proposal keeps it."""
        return {
            "roles": sorted(self.roles),
            "department": self.department,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(
            roles=frozenset(Role(role) for role in found["roles"]),
            department=found["department"],
            valid_from=_day(found["valid_from"]),
            valid_to=_day(found["valid_to"]),
        )


NONE = Power()
"""Of whoever was dismissed, or has not been given any yet."""


def gives_more(before: Power, after: Power) -> bool:
    """Whether anybody could do with `after` what they could not with `before`."""
    if not after.roles:
        return False
    if after.roles - before.roles:
        return True
    if before.department is not None and after.department != before.department:
        return True
    starts_earlier = before.valid_from is not None and (
        after.valid_from is None or after.valid_from < before.valid_from
    )
    ends_later = before.valid_to is not None and (
        after.valid_to is None or after.valid_to > before.valid_to
    )
    return starts_earlier or ends_later


def check(power: Power, *, today: date) -> None:
    """Raises InvalidPower with what does not go together."""
    roles = power.roles
    if roles & ALONE and len(roles) > 1:
        raise InvalidPower("账号管理员不能兼任其他岗位，请只选这一个岗位")
    if any(frozenset(pair) in APART for pair in combinations(roles, 2)):
        raise InvalidPower("审查人不能兼任督办或印章管理员，请减少岗位")
    if roles & ALONE and power.department is not None:
        raise InvalidPower("账号管理员管理全部部门，请把部门选为“全部部门”")
    if power.department is None and roles - EVERYWHERE:
        raise InvalidPower("只有督办和账号管理员可以不限部门，请选择部门")
    if power.valid_to is not None and power.valid_to < max(power.valid_from or today, today):
        raise InvalidPower("任期截止日不能早于开始日，也不能早于今天")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
