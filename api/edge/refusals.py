"""What any operation may be refused with, read off its route: its guard, its limits, what it takes.

A handler declares what its own act refuses; nobody has to remember the rest, and
api/edge/openapi.py publishes both (`tests/api/test_schema.py` asks a running server for what is
missing).
"""

from __future__ import annotations

from collections.abc import Iterator

from api.edge.bodies import BodyTooLarge
from api.edge.bounds import TextWithNul, TooMuch, UnreadableHeader, has_free_values
from api.edge.endpoint import Declaration, InvalidBody, InvalidQuery, MalformedJson, NotJson
from api.edge.idempotency import InFlight, KeyReused, UnusableKey
from api.edge.problems import RequestTimeout, Unstorable
from core.errors import Conflict, Malformed, NotFound, Problem, TooLarge, Unavailable
from identity import errors

CHANGING = frozenset({"post", "put", "patch", "delete"})

OF_GUARDS: dict[str, tuple[type[Problem], ...]] = {
    "public": (),
    "visitor": (),
    "citizen": (errors.SignInRequired, errors.ActingRightEnded, errors.StepUpRequired),
    "officer": (errors.SignInRequired, errors.RoleMissing, errors.SecondFactorMissing),
    "counter": (errors.InvalidSignature,),
    "client": (errors.InvalidSignature, errors.QuotaSpent, errors.ScopeMissing),
}
"""What `api/edge/guards.py` raises, by the mark it leaves on a handler."""

BY_COOKIE = frozenset({"citizen", "officer"})

ALWAYS: tuple[type[Problem], ...] = (UnreadableHeader, Malformed, Unavailable)


def derived(
    declaration: Declaration, *, method: str, guard: str, parameters: bool
) -> Iterator[type[Problem]]:
    """The refusals of one method of one path. `parameters`: whether its path has some."""
    yield from ALWAYS
    yield from OF_GUARDS[guard]
    if method in CHANGING:
        yield from _of_bodies(declaration)
        yield Conflict
        if guard in BY_COOKIE:
            yield errors.CrossSiteRequest
    if parameters:
        yield NotFound
    if declaration.query is not None:
        yield InvalidQuery
    # Any query string is read as far as its characters, also by an operation that takes none.
    yield TextWithNul
    if parameters or declaration.query is not None or method in CHANGING:
        yield Unstorable
    if declaration.idempotent:
        yield from (KeyReused, InFlight, UnusableKey)


def _of_bodies(declaration: Declaration) -> Iterator[type[Problem]]:
    yield RequestTimeout
    yield TooLarge
    if not declaration.streams:
        yield BodyTooLarge
    if declaration.body is not None:
        yield from (NotJson, MalformedJson, InvalidBody)
        if has_free_values(declaration.body):
            yield TooMuch
