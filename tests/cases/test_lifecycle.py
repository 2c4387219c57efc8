import pytest

from services.cases import errors, lifecycle
from services.cases.lifecycle import CaseState, Move

ENDED = [
    CaseState.REFUSED,
    CaseState.ACCEPTANCE_DECLINED,
    CaseState.WITHDRAWN,
    CaseState.CLOSED,
    CaseState.LAPSED,
]


@pytest.mark.parametrize(
    ("state", "move", "target"),
    [
        (CaseState.DRAFT, Move.SUBMIT, CaseState.SUBMITTED),
        (CaseState.SUBMITTED, Move.ACCEPT, CaseState.ACCEPTED),
        (CaseState.SUBMITTED, Move.DECLINE, CaseState.ACCEPTANCE_DECLINED),
        (CaseState.SUBMITTED, Move.REQUEST_SUPPLEMENT, CaseState.SUPPLEMENT_REQUESTED),
        (CaseState.ACCEPTED, Move.REQUEST_SUPPLEMENT, CaseState.SUPPLEMENT_REQUESTED),
        (CaseState.SUPPLEMENT_REQUESTED, Move.LAPSE, CaseState.LAPSED),
        (CaseState.ACCEPTED, Move.APPROVE, CaseState.APPROVED),
        (CaseState.ACCEPTED, Move.REFUSE, CaseState.REFUSED),
        (CaseState.APPROVED, Move.CLOSE, CaseState.CLOSED),
        (CaseState.ACCEPTED, Move.WITHDRAW, CaseState.WITHDRAWN),
    ],
)
def test_a_move_leads_on(state: CaseState, move: Move, target: CaseState) -> None:
    assert lifecycle.after(state, move) is target


@pytest.mark.parametrize("back_to", [CaseState.SUBMITTED, CaseState.ACCEPTED])
def test_an_answer_leads_back_to_where_the_notice_met_the_case(back_to: CaseState) -> None:
    state = CaseState.SUPPLEMENT_REQUESTED

    assert lifecycle.after(state, Move.ANSWER, back_to=back_to) is back_to


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("move", list(Move))
def test_nothing_moves_an_ended_case(state: CaseState, move: Move) -> None:
    with pytest.raises(errors.TransitionNotAllowed) as refused:
        lifecycle.after(state, move, back_to=CaseState.SUBMITTED)

    assert refused.value.members["state"] == state


def test_a_granted_licence_cannot_be_withdrawn_by_the_applicant() -> None:
    with pytest.raises(errors.TransitionNotAllowed):
        lifecycle.after(CaseState.APPROVED, Move.WITHDRAW)


def test_every_state_has_a_text() -> None:
    assert set(lifecycle.TEXTS) == set(CaseState)


def test_what_the_applicant_may_do() -> None:
    assert lifecycle.applicant_may(CaseState.DRAFT) == ["fill", "submit", "withdraw"]
    assert lifecycle.applicant_may(CaseState.SUPPLEMENT_REQUESTED) == ["fill", "withdraw", "answer"]
    assert lifecycle.applicant_may(CaseState.CLOSED) == []
