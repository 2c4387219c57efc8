"""What each officer role may do. Pure; the guards and the staff pages read the same table."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """Posts of the staff side. An officer may hold several."""

    WINDOW = "window"
    """综合窗口: takes cases in and answers at the counter; decides nothing."""
    REVIEWER = "reviewer"
    """审查人: accepts, asks for supplements, approves and refuses in one department."""
    SUPERVISOR = "supervisor"
    """督办: sees every department's clocks; decides no case (Licensing Law art. 60)."""
    SEAL_KEEPER = "seal_keeper"
    """印章管理员: registers and suspends e-seals; never reviews a case."""

    REGISTRAR = "registrar"
    """登记员: records and ends guardianships from documents; reads no case and no licence."""


class Act(StrEnum):
    """What the staff side can do, in the words of the acts."""

    READ_CASES = "read_cases"
    TAKE_IN = "take_in"
    CHECK_MATERIAL = "check_material"
    ACCEPT = "accept"
    DECLINE_ACCEPTANCE = "decline_acceptance"
    REQUEST_SUPPLEMENT = "request_supplement"
    APPROVE = "approve"
    REFUSE = "refuse"
    READ_OVERVIEW = "read_overview"
    KEEP_SEALS = "keep_seals"
    ENROL_COUNTERS = "enrol_counters"
    KEEP_GUARDIANSHIPS = "keep_guardianships"


ALLOWED: dict[Role, frozenset[Act]] = {
    Role.WINDOW: frozenset({Act.READ_CASES, Act.TAKE_IN, Act.CHECK_MATERIAL}),
    Role.REVIEWER: frozenset(
        {
            Act.READ_CASES,
            Act.CHECK_MATERIAL,
            Act.ACCEPT,
            Act.DECLINE_ACCEPTANCE,
            Act.REQUEST_SUPPLEMENT,
            Act.APPROVE,
            Act.REFUSE,
        }
    ),
    Role.SUPERVISOR: frozenset({Act.READ_CASES, Act.READ_OVERVIEW, Act.ENROL_COUNTERS}),
    Role.SEAL_KEEPER: frozenset({Act.KEEP_SEALS}),
    Role.REGISTRAR: frozenset({Act.KEEP_GUARDIANSHIPS}),
}


def may(roles: Iterable[str], act: Act) -> bool:
    """Whether any of `roles` allows `act`. Unknown role names allow nothing."""
    return any(act in ALLOWED[Role(role)] for role in roles if role in ALLOWED)


def roles_for(act: Act) -> tuple[str, ...]:
    """The roles that allow `act`, in the order of the table; guards name them."""
    return tuple(role for role, acts in ALLOWED.items() if act in acts)
