"""One OpenAPI 3.1 document, built from the routes and the declarations beside their handlers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request, Sanic
from sanic.response import raw
from sanic_routing.route import Route

from api.edge import bounds, guards, refusals
from api.edge.endpoint import JSON, Declaration, endpoint
from api.edge.health import VERSION
from api.edge.idempotency import MAX_KEY_LENGTH
from api.edge.problems import MEDIA_TYPE
from core.errors import Problem

bp = Blueprint("openapi", url_prefix="/api")

REF_TEMPLATE = "#/components/schemas/{name}"

SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "public": [],
    "visitor": [{}, {"session": []}, {"bearer": []}],
    "citizen": [{"session": []}, {"bearer": []}],
    "officer": [{"staffSession": []}, {"bearer": []}],
    "counter": [{"counterKey": []}],
    "client": [{"clientKey": []}],
}

SECURITY_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "yj_session"},
    "staffSession": {"type": "apiKey", "in": "cookie", "name": "yj_staff"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "counterKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Counter-Signature",
        "description": "ECDSA P-256 over method, path, time, nonce and body digest; "
        "with X-Counter-Id, X-Counter-Time, X-Counter-Nonce",
    },
    "clientKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Client-Signature",
        "description": "HMAC-SHA256 over method, path, time, nonce and body digest; "
        "with X-Client-Id, X-Client-Time, X-Client-Nonce",
    },
}

PARAMETER_TYPES: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0, "maximum": bounds.LARGEST_LONG},
    "str": {"type": "string", "maxLength": bounds.LONGEST_SEGMENT},
}


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what its handler declares."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    declaration: Declaration
    guard: str
    roles: tuple[str, ...]
    """Roles of an officer, one of which is needed; empty for any."""
    tag: str
    name: str


def operations(app: Sanic[Any, Any]) -> Iterator[Operation]:
    """Every declared operation of `app`; pages and static files declare none."""
    for route in app.router.routes:
        handler = guards.handler_of(route)
        declaration = getattr(handler, "__endpoint__", None)
        if declaration is None:
            continue
        for method in sorted(route.methods):
            yield Operation(
                method=method.lower(),
                path=_path(route),
                parameters=_parameters(route),
                declaration=declaration,
                guard=getattr(handler, "__guard__", "public"),
                roles=getattr(handler, "__roles__", ()),
                tag=route.name.split(".")[1] if "." in route.name else route.name,
                name=f"{route.name.split('.')[-1]}_{method.lower()}",
            )


def _path(route: Route) -> str:
    path = "/" + route.path.lstrip("/")
    for parameter in route.params.values():
        path = path.replace(f"<{parameter.name}:{parameter.label}>", f"{{{parameter.name}}}")
        path = path.replace(f"<{parameter.name}>", f"{{{parameter.name}}}")
    return path


def _parameters(route: Route) -> tuple[tuple[str, str], ...]:
    return tuple((parameter.name, parameter.label) for parameter in route.params.values())


def build(app: Sanic[Any, Any]) -> dict[str, Any]:
    """The whole document."""
    found = sorted(operations(app), key=lambda operation: (operation.path, operation.method))
    schemas = _schemas(found)
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "云间证 Yunjian",
            "version": VERSION,
            "description": "E-licences, e-seals, cases and live progress of a city's services.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": SECURITY_SCHEMES},
    }


def _types(found: list[Operation]) -> list[type]:
    types: list[type] = []
    for operation in found:
        declaration = operation.declaration
        for kind in (declaration.body, declaration.query, declaration.returns):
            if isinstance(kind, type) and kind not in types:
                types.append(kind)
    return types


def _schemas(found: list[Operation]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(_types(found), ref_template=REF_TEMPLATE)
    return {
        **dict(sorted(components.items())),
        "Problem": {
            "type": "object",
            "description": "RFC 9457 problem details; `slug` is stable, `title` is for people",
            "required": ["type", "slug", "title", "status", "instance"],
            "properties": {
                "type": {"type": "string"},
                "slug": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
            },
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    declaration = operation.declaration
    described: dict[str, Any] = {
        "summary": declaration.summary,
        "operationId": f"{operation.tag}_{operation.name}".replace("-", "_"),
        "tags": [operation.tag],
        "security": SECURITY[operation.guard],
        "responses": _responses(operation),
    }
    if operation.roles:
        described["description"] = f"Roles: {', '.join(operation.roles)}"
    if parameters := [*_path_parameters(operation), *_query_parameters(declaration)]:
        described["parameters"] = parameters
    if declaration.idempotent:
        described.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "minLength": 8, "maxLength": MAX_KEY_LENGTH},
            }
        )
    if body := _request_body(declaration):
        described["requestBody"] = body
    return described


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name, label in operation.parameters:
        schema = PARAMETER_TYPES.get(label, PARAMETER_TYPES["str"])
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(declaration: Declaration) -> Iterator[dict[str, Any]]:
    if declaration.query is None:
        return
    (_,), components = msgspec.json.schema_components(
        [declaration.query], ref_template=REF_TEMPLATE
    )
    properties = components[declaration.query.__name__].get("properties", {})
    for name, schema in properties.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _request_body(declaration: Declaration) -> dict[str, Any] | None:
    if declaration.body is not None:
        schema = {"$ref": REF_TEMPLATE.format(name=declaration.body.__name__)}
        return {"required": True, "content": {JSON: {"schema": schema}}}
    if declaration.accepts:
        binary = {"schema": {"type": "string", "format": "binary"}}
        return {"required": True, "content": dict.fromkeys(declaration.accepts, binary)}
    return None


def _responses(operation: Operation) -> dict[str, Any]:
    declaration = operation.declaration
    responses: dict[str, Any] = {str(declaration.status): _success(declaration)}
    for problem in _problems(operation):
        response = responses.setdefault(
            str(problem.status),
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        slugs = {*filter(None, response["description"].split(", ")), problem.slug}
        response["description"] = ", ".join(sorted(slugs))
    return responses


def _problems(operation: Operation) -> Iterator[type[Problem]]:
    yield from operation.declaration.problems
    yield from refusals.derived(
        operation.declaration,
        method=operation.method,
        guard=operation.guard,
        parameters=bool(operation.parameters),
    )


def _success(declaration: Declaration) -> dict[str, Any]:
    if declaration.raw and declaration.returns is None:
        media: dict[str, Any] = {name: {"schema": {}} for name in declaration.media_types}
        return {"description": declaration.summary, **({"content": media} if media else {})}
    if declaration.returns is None:
        return {"description": "Done"}
    schema = {"$ref": REF_TEMPLATE.format(name=declaration.returns.__name__)}
    return {"description": declaration.summary, "content": {JSON: {"schema": schema}}}


@bp.get("/openapi.json")
@guards.public
@endpoint(summary="This document", raw=True, media_types=(JSON,))
async def document(request: Request) -> HTTPResponse:
    ctx = request.app.ctx
    if not hasattr(ctx, "openapi"):
        ctx.openapi = msgspec.json.encode(build(request.app))
    return raw(ctx.openapi, content_type=JSON)
