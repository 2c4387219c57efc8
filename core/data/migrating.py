"""Running migrations without what no migration uses.

Tortoise renders every table of every package anew for each operation of each migration, together
with the queries and filters that somebody might ask it for: most of the time of a migration from
nothing. None of ours asks; what changes rows is plain SQL (a test holds that).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tortoise.models as tortoise_models
from tortoise.migrations.schema_generator.state import ModelState
from tortoise.migrations.schema_generator.state_apps import StateApps

_FILTERS = "get_filters_for_field"
_QUERYSETS = "_build_initial_querysets"


def _no_filters(*_: Any, **__: Any) -> dict[str, Any]:
    return {}


def _no_querysets(_: Any) -> None:
    return


@contextmanager
def tables_without_queries() -> Iterator[None]:
    """Inside, tables as migrations see them cannot be queried; all other tables can, as ever."""
    render, querysets = ModelState.render, getattr(StateApps, _QUERYSETS)
    filters = getattr(tortoise_models, _FILTERS)

    def bare(self: ModelState, *arguments: Any, **options: Any) -> Any:
        setattr(tortoise_models, _FILTERS, _no_filters)
        try:
            return render(self, *arguments, **options)
        finally:
            setattr(tortoise_models, _FILTERS, filters)

    ModelState.render = bare  # type: ignore[method-assign]
    setattr(StateApps, _QUERYSETS, _no_querysets)
    try:
        yield
    finally:
        ModelState.render = render  # type: ignore[method-assign]
        setattr(StateApps, _QUERYSETS, querysets)
