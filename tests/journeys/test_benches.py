"""The short forms of benches whose figures are promises: they run, and what they count is there."""

import pytest

from bench import relay

pytestmark = pytest.mark.slow


def test_slow_reactions_a_batch_and_held_keys_delay_no_other_event() -> None:
    size = relay.SMALL

    found = relay.run(size).details

    assert found["quiet"]["count"] == size.keys
    assert found["beside"]["count"] >= size.keys
    assert found["beside"]["lines_taken"] == size.lines
    assert found["beside"]["p50_ms"] < relay.SLOW_SECONDS * 1000 / 2
    assert found["held_keys"] == size.held
    assert found["next_event"]["p50_ms"] < 1000
    assert found["poll"]["p50_ms"] < 1000
