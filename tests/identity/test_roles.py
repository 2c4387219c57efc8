from uuid import UUID

import pytest

from identity.principal import Principal, PrincipalKind
from identity.staff import roles
from identity.staff.roles import Act, Role


def test_reviewer_decides_and_supervisor_only_watches() -> None:
    assert roles.may(["reviewer"], Act.APPROVE)
    assert not roles.may(["supervisor"], Act.APPROVE)
    assert roles.may(["supervisor"], Act.READ_OVERVIEW)


def test_window_takes_in_but_decides_nothing() -> None:
    decisions = {Act.ACCEPT, Act.DECLINE_ACCEPTANCE, Act.APPROVE, Act.REFUSE}

    assert not any(roles.may(["window"], act) for act in decisions)


def test_who_keeps_seals_never_reviews() -> None:
    decisions = {Act.ACCEPT, Act.DECLINE_ACCEPTANCE, Act.APPROVE, Act.REFUSE, Act.READ_CASES}

    assert roles.roles_for(Act.KEEP_SEALS) == ("supervisor", "seal_keeper")
    assert roles.ALLOWED[Role.SEAL_KEEPER].isdisjoint(decisions)


def test_unknown_role_allows_nothing() -> None:
    assert not any(roles.may(["emperor"], act) for act in Act)


def test_every_act_is_allowed_to_somebody() -> None:
    assert all(roles.roles_for(act) for act in Act)


def test_only_citizens_apply() -> None:
    officer = Principal(kind=PrincipalKind.OFFICER, id=UUID(int=1), name="吴审核")

    with pytest.raises(ValueError, match="natural person"):
        _ = officer.applicant_id


def test_officer_without_department_covers_all_but_a_counter_does_not() -> None:
    supervisor = Principal(kind=PrincipalKind.OFFICER, id=UUID(int=1), name="孔督办")
    counter = Principal(kind=PrincipalKind.COUNTER, id=UUID(int=2), name="3 号窗")

    assert supervisor.covers("SCJG")
    assert not counter.covers("SCJG")
