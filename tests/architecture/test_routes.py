"""Every route says who may call it and what it takes; OpenAPI and the routes are one."""

import inspect
from typing import Any

import pytest
from sanic import Sanic

from api.edge import guards, openapi, throttle
from app import create_app
from core.settings import Settings

GUARDS = {"public", "visitor", "citizen", "officer", "counter", "client"}


@pytest.fixture(scope="module")
def application(session_settings: Settings) -> Any:
    app = create_app(session_settings)
    app.finalize()
    yield app
    Sanic.unregister_app(app)


def api_routes(application: Any) -> list[Any]:
    return [route for route in application.router.routes if route.path.startswith("api/")]


def test_every_route_has_a_guard(application: Any) -> None:
    for route in application.router.routes:
        guard = getattr(guards.handler_of(route), "__guard__", None)
        assert guard is not None, f"/{route.path} has no guard"
        assert guard in GUARDS, f"/{route.path}: {guard}"


def test_every_api_route_is_declared(application: Any) -> None:
    for route in api_routes(application):
        declared = getattr(guards.handler_of(route), "__endpoint__", None)
        assert declared is not None, f"/{route.path} is not declared"
        assert declared.summary


def test_openapi_names_every_api_route_and_no_other(application: Any) -> None:
    document = openapi.build(application)
    described = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    routed = {(operation.path, operation.method) for operation in openapi.operations(application)}
    methods = sum(len(route.methods) for route in api_routes(application))

    assert described == routed
    assert len([path for path, _ in described if path.startswith("/api/")]) == methods


def test_openapi_names_what_guards_and_limits_refuse(application: Any) -> None:
    """Read off the route; the slugs of a status stand in its description."""
    paths = openapi.build(application)["paths"]
    said = {
        (path, method): {
            int(status): set(answer["description"].split(", "))
            for status, answer in operation["responses"].items()
        }
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    for operation in openapi.operations(application):
        answers = said[operation.path, operation.method]
        where = f"{operation.method} {operation.path}"
        assert "unavailable" in answers[503], where
        if operation.guard in {"citizen", "officer"}:
            assert "sign-in-required" in answers[401], where
        if operation.roles:
            assert "role-missing" in answers[403], where
        if operation.guard in {"counter", "client"}:
            assert "invalid-request-signature" in answers[401], where
        if operation.declaration.body is not None:
            assert "not-json" in answers[415], where
            assert {"malformed-json"} <= answers[400], where
            assert {"body-too-large"} <= answers[413], where
            assert {"request-timeout"} <= answers[408], where
            assert {"invalid-body", "text-with-nul", "unstorable-value"} <= answers[422], where
        if operation.declaration.query is not None:
            assert "invalid-query" in answers[422], where
        if operation.parameters:
            assert "not-found" in answers[404], where


def test_who_counts_tries_declares_the_refusal(application: Any) -> None:
    for operation_handler in (guards.handler_of(route) for route in api_routes(application)):
        source = inspect.getsource(inspect.unwrap(operation_handler))
        # The way back from a platform leads to the sign-in page, whatever went wrong.
        if "throttle.per_" in source and "except Problem" not in source:
            declared = vars(operation_handler)["__endpoint__"].problems
            assert throttle.TooManyTries in declared, source.splitlines()[0:6]


def test_openapi_references_resolve(application: Any) -> None:
    document = openapi.build(application)
    schemas = document["components"]["schemas"]

    def walk(node: object) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                assert reference.removeprefix("#/components/schemas/") in schemas
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)


def test_operation_ids_are_unique(application: Any) -> None:
    document = openapi.build(application)
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]

    assert len(names) == len(set(names))


def test_methods_are_those_a_mini_app_can_send(application: Any) -> None:
    """wx.request has no PATCH; tus is the one exception and takes a method override."""
    for route in api_routes(application):
        allowed = {"GET", "POST", "PUT", "DELETE"}
        if "uploads" in route.path:
            allowed |= {"PATCH", "HEAD", "OPTIONS"}
        assert set(route.methods) <= allowed, f"/{route.path}: {route.methods}"
