"""What each officer role may do: the one table of authority. Pure.

The acts ask it themselves (`insist`, `allows`); guards, worklists and pages draw from the same rows
what they offer, so that nobody is offered what the act would refuse.
"""

from collections.abc import Iterable
from enum import StrEnum

from identity.errors import RoleMissing
from identity.principal import Principal, PrincipalKind


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
    """登记员: records from documents who is guardian of whom and who represents an organisation;
    reads no case and no licence."""
    ACCOUNT_KEEPER = "account_keeper"
    """账号管理员: accounts, devices and client systems of the city; works at no other desk."""
    HEAD = "head"
    """负责人: lets other bodies act for the department and takes it back; decides no case."""


class Act(StrEnum):
    """What the staff side can do, in the words of the acts."""

    READ_CASES = "read_cases"
    """Also to follow them live."""
    TAKE_IN = "take_in"
    CHECK_MATERIAL = "check_material"
    ACCEPT = "accept"
    DECLINE_ACCEPTANCE = "decline_acceptance"
    REQUEST_SUPPLEMENT = "request_supplement"
    APPROVE = "approve"
    REFUSE = "refuse"
    WRITE_TO_APPLICANT = "write_to_applicant"
    ANSWER_APPLICANT = "answer_applicant"
    """To have read what the applicant wrote: somebody of the office has it in hand."""
    READ_OVERVIEW = "read_overview"
    KEEP_SEALS = "keep_seals"
    ISSUE_LICENCES = "issue_licences"
    """By hand, on a document."""
    VOUCH = "vouch"
    """To stand in as the second officer for what one alone may not do."""
    FIND_LICENCES = "find_licences"
    CHANGE_LICENCE_STATE = "change_licence_state"
    SEND_BATCHES = "send_batches"
    READ_BATCHES = "read_batches"
    ANSWER_COMPLAINTS = "answer_complaints"
    READ_PAYMENTS = "read_payments"
    REFUND = "refund"
    KEEP_WEBHOOKS = "keep_webhooks"
    OPERATE = "operate"
    """Switches and lists of the whole city: channels, connectors, deliveries, statements."""
    ENROL_COUNTERS = "enrol_counters"
    KEEP_GUARDIANSHIPS = "keep_guardianships"
    KEEP_REPRESENTATIVES = "keep_representatives"
    """Who represents an organisation, on a document: two of them for each record."""
    KEEP_ACCOUNTS = "keep_accounts"
    """Departments, officers and what they may do: see identity/staff/proposals.py."""
    RECOVER_FACTORS = "recover_factors"
    """To be one of the two who let an officer in who lost every second factor."""
    KEEP_SYSTEMS = "keep_systems"
    """Client systems, their keys and quotas."""
    DELEGATE = "delegate"
    """To propose and revoke what others may do for the own department."""
    COUNTERSIGN_DELEGATIONS = "countersign_delegations"
    """For the body that supervises all departments; also to revoke."""
    READ_DELEGATIONS = "read_delegations"


ALLOWED: dict[Role, frozenset[Act]] = {
    Role.WINDOW: frozenset(
        {
            Act.READ_CASES,
            Act.TAKE_IN,
            Act.CHECK_MATERIAL,
            Act.WRITE_TO_APPLICANT,
            Act.ANSWER_APPLICANT,
            Act.READ_DELEGATIONS,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            Act.READ_CASES,
            Act.CHECK_MATERIAL,
            Act.ACCEPT,
            Act.DECLINE_ACCEPTANCE,
            Act.REQUEST_SUPPLEMENT,
            Act.APPROVE,
            Act.REFUSE,
            Act.WRITE_TO_APPLICANT,
            Act.ANSWER_APPLICANT,
            Act.READ_BATCHES,
            Act.VOUCH,
            Act.READ_DELEGATIONS,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            Act.READ_CASES,
            Act.WRITE_TO_APPLICANT,
            Act.READ_OVERVIEW,
            Act.KEEP_SEALS,
            Act.FIND_LICENCES,
            Act.CHANGE_LICENCE_STATE,
            Act.READ_BATCHES,
            Act.ANSWER_COMPLAINTS,
            Act.READ_PAYMENTS,
            Act.REFUND,
            Act.KEEP_WEBHOOKS,
            Act.OPERATE,
            Act.ENROL_COUNTERS,
            Act.COUNTERSIGN_DELEGATIONS,
            Act.READ_DELEGATIONS,
            Act.RECOVER_FACTORS,
        }
    ),
    Role.SEAL_KEEPER: frozenset(
        {
            Act.KEEP_SEALS,
            Act.ISSUE_LICENCES,
            Act.VOUCH,
            Act.FIND_LICENCES,
            Act.CHANGE_LICENCE_STATE,
            Act.SEND_BATCHES,
            Act.READ_BATCHES,
            Act.ANSWER_COMPLAINTS,
        }
    ),
    Role.REGISTRAR: frozenset({Act.KEEP_GUARDIANSHIPS, Act.KEEP_REPRESENTATIVES}),
    Role.ACCOUNT_KEEPER: frozenset(
        {Act.KEEP_ACCOUNTS, Act.KEEP_SYSTEMS, Act.ENROL_COUNTERS, Act.RECOVER_FACTORS}
    ),
    Role.HEAD: frozenset({Act.DELEGATE, Act.READ_DELEGATIONS}),
}

CITY_WIDE = frozenset(
    {Act.OPERATE, Act.COUNTERSIGN_DELEGATIONS, Act.KEEP_ACCOUNTS, Act.KEEP_SYSTEMS}
)
"""Acts on what belongs to no department: only for officers who cover all of them."""


def may(roles: Iterable[str], act: Act) -> bool:
    """Whether any of `roles` allows `act`. Unknown role names allow nothing."""
    return any(act in ALLOWED[Role(role)] for role in roles if role in ALLOWED)


def allows(by: Principal, act: Act, *, department: str | None = None) -> bool:
    """Whether this officer may do `act`, to something of `department` if one is named."""
    if by.kind is not PrincipalKind.OFFICER or not may(by.roles, act):
        return False
    if act in CITY_WIDE:
        return by.department is None
    return department is None or by.covers(department)


def insist(by: Principal, act: Act, *, department: str | None = None) -> None:
    """Raises RoleMissing unless this officer may do `act`."""
    if not allows(by, act, department=department):
        raise RoleMissing()


def roles_for(act: Act) -> tuple[str, ...]:
    """The roles that allow `act`, in the order of the table; the API's description names them."""
    return tuple(role for role, acts in ALLOWED.items() if act in acts)
