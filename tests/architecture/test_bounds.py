"""Whatever comes from outside has an end: each text, number, list and dictionary of a request."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect
from sanic import Sanic

from api.edge import bounds, guards, openapi
from app import create_app
from core.settings import Settings

PATH_LABELS = {"uuid", "str", "int", "path"}
"""A `path` reads files that were loaded at start; the rest is checked by `bounds.check_path`."""

FINITE = (
    inspect.BoolType,
    inspect.NoneType,
    inspect.UUIDType,
    inspect.DateType,
    inspect.DateTimeType,
    inspect.LiteralType,
    inspect.EnumType,
)

LARGE = {
    "/api/enterprise/v1/seal-verifications",
    "/api/citizen/certificate-step-ups/confirmation",
    "/api/staff/cases/{case_id}/supplements",
}
"""Operations that take more than 64 KiB into memory."""


@pytest.fixture(scope="module")
def application(session_settings: Settings) -> Any:
    app = create_app(session_settings)
    app.finalize()
    yield app
    Sanic.unregister_app(app)


def unbounded(kind: inspect.Type, path: str) -> Iterator[str]:
    """The parts of a type that could be of any size."""
    match kind:
        case inspect.StructType():
            if not kind.forbid_unknown_fields:
                yield f"{path} takes unknown fields"
            for field in kind.fields:
                yield from unbounded(field.type, f"{path}.{field.name}")
        case inspect.Metadata():
            yield from unbounded(kind.type, path)
        case inspect.UnionType():
            for one in kind.types:
                yield from unbounded(one, path)
        case inspect.TupleType():
            for one in kind.item_types:
                yield from unbounded(one, f"{path}()")
        case inspect.StrType() | inspect.BytesType():
            if kind.max_length is None:
                yield f"{path}: a text of any length"
        case inspect.IntType() | inspect.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            high = kind.le if kind.le is not None else kind.lt
            if low is None or high is None or max(abs(low), abs(high)) > 2**63 - 1:
                yield f"{path}: a number of any size"
        case inspect.DictType():
            if kind.max_length is None:
                yield f"{path}: any number of keys"
            yield from unbounded(kind.key_type, f"{path}{{key}}")
            if not isinstance(kind.value_type, inspect.AnyType):
                yield from unbounded(kind.value_type, f"{path}{{}}")
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
            if kind.max_length is None:
                yield f"{path}: any number of members"
            yield from unbounded(kind.item_type, f"{path}[]")
        case _ if not isinstance(kind, FINITE):
            yield f"{path}: {type(kind).__name__} is bounded by nothing known"


def test_every_body_and_query_is_bounded(application: Any) -> None:
    found = set()
    for operation in openapi.operations(application):
        for kind in (operation.declaration.body, operation.declaration.query):
            if kind is not None:
                found.update(unbounded(inspect.type_info(kind), kind.__qualname__))

    assert sorted(found) == []


def test_every_path_parameter_is_checked(application: Any) -> None:
    for route in application.router.routes:
        labels = {parameter.label for parameter in route.params.values()}
        assert labels <= PATH_LABELS, f"/{route.path}"


def test_values_of_any_shape_are_found_by_the_decoder(application: Any) -> None:
    """The only door for `Any` is a dictionary of form values, which `check_free` walks."""
    free = set()
    for operation in openapi.operations(application):
        body = operation.declaration.body
        if body is not None and bounds.has_free_values(body):
            free.add(body.__name__)

    assert {"FillForm", "Approve"} <= free


def test_no_body_is_received_before_its_guard_was_asked(application: Any) -> None:
    for route in application.router.routes:
        assert guards.handler_of(route).is_stream, f"/{route.path}"  # type: ignore[attr-defined]


def test_only_named_operations_hold_a_large_body(application: Any) -> None:
    large = {
        operation.path
        for operation in openapi.operations(application)
        if operation.declaration.largest > bounds.JSON_BYTES
    }

    assert large == LARGE


def test_what_a_body_may_say_fits_into_its_limit(application: Any) -> None:
    """Chinese takes three bytes a character; a refusal for size must not contradict the schema."""
    by_key = {
        operation.declaration.body
        for operation in openapi.operations(application)
        if operation.declaration.body is not None
        and has_dictionary(inspect.type_info(operation.declaration.body))
    }
    for operation in openapi.operations(application):
        body = operation.declaration.body
        if body is not None and body not in by_key:
            size = largest(inspect.type_info(body))
            assert size <= operation.declaration.largest, f"{body.__qualname__}: {size}"


def largest(kind: inspect.Type) -> int:
    """Bytes of the largest JSON a bounded type may have, by and large."""
    match kind:
        case inspect.StructType():
            return sum(len(field.name) + 4 + largest(field.type) for field in kind.fields)
        case inspect.Metadata():
            return largest(kind.type)
        case inspect.UnionType():
            return max(largest(one) for one in kind.types)
        case inspect.TupleType():
            return sum(largest(one) for one in kind.item_types)
        case inspect.StrType():
            return 3 * (kind.max_length or 0)
        case inspect.DictType():
            each = largest(kind.key_type) + largest(kind.value_type) + 6
            return each * (kind.max_length or 0)
        case inspect.ListType():
            return (largest(kind.item_type) + 3) * (kind.max_length or 0)
    return 40


def has_dictionary(kind: inspect.Type) -> bool:
    """Answers and form values: an item asks for a fraction of what their type takes."""
    match kind:
        case inspect.StructType():
            return any(has_dictionary(field.type) for field in kind.fields)
        case inspect.Metadata():
            return has_dictionary(kind.type)
    return isinstance(kind, inspect.DictType)
