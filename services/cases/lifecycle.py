"""The states of a case and the moves between them. Pure.

    draft ──submit──▶ submitted ──accept / deem──▶ accepted ──approve──▶ approved ──close──▶ closed
      │                │  ▲   └─decline─▶ acceptance_declined  └─refuse─▶ refused
      │       request  ▼  │ answer                    ▲  │ request
      │               supplement_requested ───answer──┘ ◀┘
      │                └─lapse─▶ lapsed
      └──withdraw (also from submitted, supplement_requested, accepted)──▶ withdrawn

A supplement notice is given once (Administrative Licensing Law art. 32); after the answer the case
goes back to where the notice met it.
"""

from enum import StrEnum

from services.cases import errors


class CaseState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    ACCEPTED = "accepted"
    APPROVED = "approved"
    REFUSED = "refused"
    ACCEPTANCE_DECLINED = "acceptance_declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    LAPSED = "lapsed"


class Move(StrEnum):
    SUBMIT = "submit"
    ACCEPT = "accept"
    DECLINE = "decline"
    REQUEST_SUPPLEMENT = "request_supplement"
    ANSWER = "answer"
    LAPSE = "lapse"
    APPROVE = "approve"
    REFUSE = "refuse"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    FILL = "fill"
    CHANGE_ANSWERS = "change_answers"


_MOVES: dict[Move, dict[CaseState, CaseState]] = {
    Move.SUBMIT: {CaseState.DRAFT: CaseState.SUBMITTED},
    Move.ACCEPT: {CaseState.SUBMITTED: CaseState.ACCEPTED},
    Move.DECLINE: {CaseState.SUBMITTED: CaseState.ACCEPTANCE_DECLINED},
    Move.REQUEST_SUPPLEMENT: {
        CaseState.SUBMITTED: CaseState.SUPPLEMENT_REQUESTED,
        CaseState.ACCEPTED: CaseState.SUPPLEMENT_REQUESTED,
    },
    Move.LAPSE: {CaseState.SUPPLEMENT_REQUESTED: CaseState.LAPSED},
    Move.APPROVE: {CaseState.ACCEPTED: CaseState.APPROVED},
    Move.REFUSE: {CaseState.ACCEPTED: CaseState.REFUSED},
    Move.CLOSE: {CaseState.APPROVED: CaseState.CLOSED},
    Move.WITHDRAW: dict.fromkeys(
        (
            CaseState.DRAFT,
            CaseState.SUBMITTED,
            CaseState.SUPPLEMENT_REQUESTED,
            CaseState.ACCEPTED,
        ),
        CaseState.WITHDRAWN,
    ),
    Move.FILL: {
        CaseState.DRAFT: CaseState.DRAFT,
        CaseState.SUPPLEMENT_REQUESTED: CaseState.SUPPLEMENT_REQUESTED,
    },
    Move.CHANGE_ANSWERS: {CaseState.DRAFT: CaseState.DRAFT},
}

MATERIALS_OPEN = frozenset({CaseState.DRAFT, CaseState.SUPPLEMENT_REQUESTED})
"""States in which the applicant may change materials and form."""

TEXTS = {
    CaseState.DRAFT: "草稿",
    CaseState.SUBMITTED: "已收件，等待受理",
    CaseState.SUPPLEMENT_REQUESTED: "需要补正材料",
    CaseState.ACCEPTED: "已受理，审查中",
    CaseState.APPROVED: "准予许可，正在制证",
    CaseState.REFUSED: "不予许可",
    CaseState.ACCEPTANCE_DECLINED: "不予受理",
    CaseState.WITHDRAWN: "已撤回",
    CaseState.CLOSED: "已办结",
    CaseState.LAPSED: "逾期未补正，已退件",
}

_APPLICANT_MOVES = {
    Move.FILL: "fill",
    Move.SUBMIT: "submit",
    Move.WITHDRAW: "withdraw",
    Move.ANSWER: "answer",
}


def after(state: CaseState, move: Move, *, back_to: CaseState | None = None) -> CaseState:
    """The state that `move` leads to; raises `TransitionNotAllowed` with the present state.

    `back_to` is where an answered supplement returns to: the state the notice met the case in.
    """
    if move is Move.ANSWER and state is CaseState.SUPPLEMENT_REQUESTED and back_to is not None:
        return back_to
    target = _MOVES.get(move, {}).get(state)
    if target is None:
        raise not_allowed(state, move)
    return target


def not_allowed(state: CaseState, move: Move) -> errors.TransitionNotAllowed:
    """The refusal of a move, naming the state the case is in."""
    detail = f"办件现在是“{TEXTS[state]}”，不能进行这项操作"
    return errors.TransitionNotAllowed(detail, state=str(state), move=str(move))


def applicant_may(state: CaseState) -> list[str]:
    """What the applicant can do now, as words for the page."""
    allowed = [word for move, word in _APPLICANT_MOVES.items() if state in _MOVES.get(move, {})]
    return allowed + (["answer"] if state is CaseState.SUPPLEMENT_REQUESTED else [])
