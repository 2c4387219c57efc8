"""Plausible answers, form values and licence facts for any item of the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Ask = Callable[[Mapping[str, list[str]]], Awaitable[Mapping[str, Any]]]

CREDIT_CODE = "91310117FAKE10027X"
IDENTITY_NUMBER = "310199198511201020"

BY_KEY: Mapping[str, Any] = {
    "household_no": "310117123",
    "unit_no": "310117001001GB00001F00010001",
    "qual_no": "202631110310199199508081050",
    "practice_code": "110310117000123",
}
"""Codes that are written in a form of their own."""

BY_TYPE: Mapping[str, Any] = {
    "string": "演示",
    "text": "演示内容",
    "address": "上海市松江区方松街道演示路 100 号",
    "phone": "19900000002",
    "idno": IDENTITY_NUMBER,
    "uscc": CREDIT_CODE,
    "date": "2026-11-20",
    "datetime": "2026-11-20T08:00:00",
    "decimal": "100",
    "integer": 10,
    "boolean": True,
    "division": "310117",
    "code": "2602-310117-04-01-000123",
}


async def answers(ask: Ask, guide: Mapping[str, Any]) -> dict[str, list[str]]:
    """Answer question after question with the first option that does not end the way."""
    options = {entry["code"]: entry["options"] for entry in guide["situations"]}
    chosen: dict[str, list[str]] = {}
    while question := (await ask(chosen))["next_question"]:
        for option in options[question]:
            tried = {**chosen, question: [option["value"]]}
            result = await ask(tried)
            if not (result["stop"] or result["goto"]):
                break
        chosen = tried
    return chosen


def value(field: Mapping[str, Any]) -> Any:
    """A value that fits the field's type, options and rule."""
    if field["key"] in BY_KEY:
        return BY_KEY[field["key"]]
    kind, options = field["type"], field.get("options") or []
    if kind == "enum":
        return options[0]
    if kind in ("multi", "list"):
        return options[:1] or ["演示"]
    if kind == "table":
        return [{"name": "演示", "value": "100"}]
    minimum = (field.get("rule") or {}).get("min")
    if kind in ("decimal", "integer") and minimum:
        return str(minimum) if kind == "decimal" else minimum
    return BY_TYPE[kind]


def form(case: Mapping[str, Any]) -> dict[str, Any]:
    """Values for every required field that pre-filling left empty."""
    return {
        field["key"]: value(field)
        for field in case["fields"]
        if field["required"] and field["value"] in (None, "", [])
    }


def facts(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What an officer adds to the drafted licence facts."""
    return {field["key"]: value(field) for field in draft["fields"] if field["missing"]}
