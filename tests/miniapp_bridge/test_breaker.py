"""The circuit breaker opens after failures in a row, lets one call try, and closes again."""

import pytest

from miniapp_bridge.breaker import Breaker
from miniapp_bridge.errors import CircuitOpen


class Watch:
    """A monotonic clock that stands."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def broken(watch: Watch) -> Breaker:
    breaker = Breaker(failures=3, open_seconds=10, seconds=watch)
    for _ in range(3):
        breaker.admit("x")
        breaker.failed("x")
    return breaker


def test_it_opens_for_one_call_name_only() -> None:
    breaker = broken(Watch())

    with pytest.raises(CircuitOpen) as refusal:
        breaker.admit("x")
    breaker.admit("y")
    assert refusal.value.members == {"retry_after": 10}
    assert breaker.open_circuits() == {"x": 10}


def test_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(failures=2, seconds=Watch())
    for _ in range(5):
        breaker.failed("x")
        breaker.succeeded("x")
    breaker.admit("x")


def test_one_call_tries_after_the_time_and_decides() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.at = 11
    breaker.admit("x")
    with pytest.raises(CircuitOpen):
        breaker.admit("x")
    breaker.failed("x")
    with pytest.raises(CircuitOpen):
        breaker.admit("x")
    watch.at = 22
    breaker.admit("x")
    breaker.succeeded("x")
    breaker.admit("x")


def test_cancelled_try_lets_another_one_try() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.at = 11
    breaker.admit("x")
    breaker.left_undecided("x")
    breaker.admit("x")


def test_it_can_be_tripped_by_hand() -> None:
    watch = Watch()
    breaker = Breaker(seconds=watch)
    breaker.trip("x", seconds=100)
    with pytest.raises(CircuitOpen):
        breaker.admit("x")
    watch.at = 101
    breaker.admit("x")
