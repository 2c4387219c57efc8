"""Running migrations without what no migration uses.

Tortoise copies and renders every table of every package anew for each operation of each migration,
together with the queries and filters that somebody might ask it for: nine tenths of a migration
from nothing. None of ours asks; what changes rows is plain SQL (a test holds that). And since an
operation makes those tables anew that it touches, the state before it may share all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import tortoise.models as tortoise_models
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

_RENDER, _CLONE, _UNREGISTER = "render", "clone", "unregister_model"
_FILTERS = "get_filters_for_field"
_QUERYSETS = "_build_initial_querysets"


def _no_filters(*_: Any, **__: Any) -> dict[str, Any]:
    return {}


def _no_querysets(_: Any) -> None:
    return


def _before(state: State) -> State:
    """The state as it is, kept while an operation goes on from it."""
    models = {
        key: replace(
            model,
            fields=dict(model.fields),
            options={name: _kept(value) for name, value in model.options.items()},
        )
        for key, model in state.models.items()
    }
    apps = StateApps(
        default_connections=dict(state.apps._default_connections),
        connections=state.apps._connections,
    )
    apps.apps = {label: dict(tables) for label, tables in state.apps.apps.items()}
    return State(models=models, apps=apps)


def _kept(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _unregister(apps: StateApps, label: str, name: str) -> None:
    """Without telling the table that it belongs to nobody: the state before may still have it."""
    apps.apps.get(label, {}).pop(name, None)


@contextmanager
def tables_without_queries() -> Iterator[None]:
    """Inside, tables as migrations see them cannot be queried; all other tables can, as ever."""
    render, filters = ModelState.render, getattr(tortoise_models, _FILTERS)

    def bare(self: ModelState, *arguments: Any, **options: Any) -> Any:
        setattr(tortoise_models, _FILTERS, _no_filters)
        try:
            return render(self, *arguments, **options)
        finally:
            setattr(tortoise_models, _FILTERS, filters)

    instead: list[tuple[type, str, Any]] = [
        (ModelState, _RENDER, bare),
        (StateApps, _QUERYSETS, _no_querysets),
        (StateApps, _UNREGISTER, _unregister),
        (State, _CLONE, _before),
    ]
    was = [(owner, name, getattr(owner, name)) for owner, name, _ in instead]
    for owner, name, own in instead:
        setattr(owner, name, own)
    try:
        yield
    finally:
        for owner, name, own in was:
            setattr(owner, name, own)
