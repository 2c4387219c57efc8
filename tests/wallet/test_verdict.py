"""From checks to one verdict."""

import pytest

from signing import REASONS
from wallet.types import verdict
from wallet.types.verdict import Check, Outcome, Reason


def check(outcome: Outcome, reason: str | None = None) -> Check:
    return Check(name="any", outcome=outcome, detail="", reason=reason)


def test_list_of_reasons_is_the_one_that_signing_uses() -> None:
    assert {reason.value for reason in Reason} == REASONS | {Reason.REGISTER_IN_DOUBT}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_says_what_to_do(reason: Reason) -> None:
    title, following = verdict.title_of(verdict.INVALID, [reason])

    assert title
    assert following


def test_all_passed_is_valid() -> None:
    found = verdict.combine([check(Outcome.PASS), check(Outcome.SKIPPED), check(Outcome.WARNING)])

    assert (found.verdict, found.reasons) == ("valid", ())


def test_unknown_never_adds_up_to_valid() -> None:
    found = verdict.combine([check(Outcome.PASS), check(Outcome.UNKNOWN, "status-unreachable")])

    assert (found.verdict, found.reasons) == ("cannot_tell", ("status-unreachable",))


def test_failure_outweighs_unknown() -> None:
    found = verdict.combine(
        [check(Outcome.UNKNOWN, "status-unreachable"), check(Outcome.FAIL, "licence-revoked")]
    )

    assert (found.verdict, found.reasons) == ("invalid", ("licence-revoked",))


def test_each_reason_is_named_once_in_the_order_found() -> None:
    found = verdict.combine(
        [
            check(Outcome.FAIL, "code-used"),
            check(Outcome.FAIL, "bad-seal"),
            check(Outcome.FAIL, "code-used"),
        ]
    )

    assert found.reasons == ("code-used", "bad-seal")


@pytest.mark.parametrize("checks", [[], [check(Outcome.SKIPPED)], [check(Outcome.FAIL)]])
def test_nothing_to_go_by_is_not_valid(checks: list[Check]) -> None:
    assert verdict.combine(checks).verdict != "valid"
