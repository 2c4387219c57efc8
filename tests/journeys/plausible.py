"""Plausible answers, form values and licence facts for any item of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CREDIT_CODE = "91310117FAKE10027X"
IDENTITY_NUMBER = "310199198511201020"

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
}


def answers(guide: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each question the last option that neither ends the way nor leads elsewhere."""
    return {
        entry["code"]: [next(value for value in reversed(usable(entry["options"])))]
        for entry in guide["situations"]
    }


def usable(options: Sequence[Mapping[str, Any]]) -> list[str]:
    good = [each["value"] for each in options if not (each.get("stop") or each.get("goto"))]
    return good or [options[0]["value"]]


def value(field: Mapping[str, Any]) -> Any:
    """A value that fits the field's type, options and rule."""
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
    return {
        field["key"]: value(field)
        for field in draft["fields"]
        if field["required"] and field["value"] in (None, "", [])
    }
