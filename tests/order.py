"""Which tests a run holds, and which files come first."""

from __future__ import annotations

import os

import pytest

REACHES_A_DATABASE = "database_url"
"""The fixture that every test with a database comes by, directly or not."""


FOLLOWED = "TEST_FOLLOWED_BY_POSTGRES"
"""Set by tools/run_tests.py for the run on SQLite that one on PostgreSQL follows."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("TEST_DATABASE") == "postgres":
        _leave_out_what_has_no_database(config, items)
    elif os.environ.get(FOLLOWED):
        _leave_out_what_comes_again(config, items)
    # The longest files first: at the end no process works alone while the others have nothing left.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _leave_out_what_comes_again(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long walks through acts whose own tests run on both databases: PostgreSQL is enough."""
    left_out = [item for item in items if item.get_closest_marker("one_database")]
    items[:] = [item for item in items if not item.get_closest_marker("one_database")]
    config.hook.pytest_deselected(items=left_out)


def _leave_out_what_has_no_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Such a test does on PostgreSQL what it did on SQLite."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        reaches = REACHES_A_DATABASE in getattr(item, "fixturenames", ())
        (kept if reaches else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)
