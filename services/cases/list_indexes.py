"""The indexes by which lists of cases are read: each begins with what is filtered and ends with the
keys of the list (`services.cases.views.lists`), so that a page is the next rows of one of them.

A list for one department, one for a delegated item and the same for the whole city are indexes of
their own. Those of states in which somebody has to act are small: most cases are closed.
"""

from core.queue import IndexWhere

_SUBMITTED = "submitted_at IS NOT NULL"
_WAITS, _RUNS = "state = 'submitted'", "state = 'accepted'"
_WAITS_LONG = f"{_WAITS} AND acceptance_due_on IS NOT NULL"
_RUNS_LONG = f"{_RUNS} AND due_on IS NOT NULL"


def _where(name: str, where: str, *fields: str) -> IndexWhere:
    return IndexWhere(fields=fields, name=f"idx_case_{name}", where=where)


OF_CASES = (
    # an applicant's own, and what waits for the applicant
    ("subject_id", "updated_at", "id"),
    ("subject_id", "state", "updated_at", "id"),
    # worklists: all, by state, most urgent first
    _where("moved", _SUBMITTED, "department", "updated_at", "id"),
    _where("moved_city", _SUBMITTED, "updated_at", "id"),
    _where("state", _SUBMITTED, "department", "state", "updated_at", "id"),
    _where("state_city", _SUBMITTED, "state", "updated_at", "id"),
    _where(
        "accept", "state = 'submitted'", "department", "acceptance_due_on", "submitted_at", "id"
    ),
    _where("accept_city", _WAITS, "acceptance_due_on", "submitted_at", "id"),
    _where("decide", _RUNS, "department", "due_on", "submitted_at", "id"),
    _where("decide_city", _RUNS, "due_on", "submitted_at", "id"),
    _where("unread", "has_unread", "updated_at", "id"),
    _where("unread_here", "has_unread", "department", "updated_at", "id"),
    # searches
    _where("item_moved", _SUBMITTED, "item_code", "updated_at", "id"),
    ("applicant_index", "updated_at", "id"),
    # delegated items, one after the other
    _where("item_state", _SUBMITTED, "item_code", "state", "updated_at", "id"),
    _where("item_accept", _WAITS, "item_code", "acceptance_due_on", "submitted_at", "id"),
    _where("item_decide", _RUNS, "item_code", "due_on", "submitted_at", "id"),
    _where("item_unread", "has_unread", "item_code", "updated_at", "id"),
    # cases of before their lights were written down (`counts.fill_turns`)
    _where("unlit_clock", f"yellow_on IS NULL AND ({_WAITS_LONG} OR {_RUNS_LONG})", "id"),
    # drafts, the oldest first, to be forgotten
    _where("draft", "submitted_at IS NULL", "updated_at"),
)
