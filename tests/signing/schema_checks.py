"""Whether JSON follows a schema, for the few keywords that ours use."""

from typing import Any


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """What is wrong with a value; nothing when it follows the schema."""
    if "$ref" in schema:
        yield from problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "const" in schema and value != schema["const"]:
        yield f"{value} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value} is not listed"
    if "anyOf" in schema:
        if all(list(problems(value, option, root)) for option in schema["anyOf"]):
            yield f"{value} is none of the options"
        return
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        yield f"{value} is no {schema['type']}"
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            yield from problems(item, schema["items"], root)
    elif isinstance(value, dict):
        yield from _members(value, schema, root)


def _members(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any]) -> Any:
    known = schema.get("properties", {})
    yield from (f"{name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in known:
            yield from problems(item, known[name], root)
        elif schema.get("additionalProperties") is False:
            yield f"{name} is not foreseen"
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from problems(item, schema["additionalProperties"], root)
