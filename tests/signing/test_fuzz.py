"""The short form of the fuzzer; `python -m tests.fuzz` is the long one."""

import pytest

from tests import fuzz

COUNTS = {name: 500 for name in fuzz.TARGETS} | {"pdf": 60}


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_mutated_inputs_are_refused_politely_and_quickly(name: str) -> None:
    outcome = fuzz.run(name, count=COUNTS[name])

    assert outcome.failures == []
    assert sum(outcome.verdicts.values()) == COUNTS[name]


def test_input_depends_on_its_number_alone() -> None:
    target = fuzz.TARGETS["seal"]()

    whole, alone = fuzz.run("seal", count=40), fuzz.run("seal", count=1, first=39)

    assert target.mutate(fuzz.source("seal", 39)) == target.mutate(fuzz.source("seal", 39))
    assert set(alone.verdicts) <= set(whole.verdicts)
