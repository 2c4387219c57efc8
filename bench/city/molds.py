"""What cases of one item and licences of one type have in common: made once, from the catalogue.

A case of the city opens through the real acts, so its answers end in a guide, its form fits the
fields and its materials are those the guide asks for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

import wallet.demo
from services.guides.definitions import Item
from services.guides.guide import Answers, evaluate
from services.guides.models import ServiceItem
from tests.journeys import plausible
from wallet.types import catalogue
from wallet.types.identifier import Identifier

MOST_MATERIALS = 3
ORGANISATION = "001"


@dataclass(frozen=True, kw_only=True)
class CaseMold:
    """An item, answered and filled in."""

    code: str
    version: int
    digest: str
    name: str
    department: str
    department_name: str
    implementation: str
    for_organisations: bool
    answers: str
    form: str
    approval_mode: str
    materials: tuple[str, ...]
    """Codes of what is uploaded."""
    result: str
    licence: LicenceMold | None
    """None also for types of which the demo has no example."""


@dataclass(frozen=True, kw_only=True)
class LicenceMold:
    """A type with the facts of an example; its holder's name and number are put in."""

    code: str
    name: str
    department: str
    type_code: str
    issuer_code: str
    id_type: str
    facts: str
    holder_name: str
    holder_no: str
    years: int
    """For how long it is good; 0: for ever."""
    labels: str
    """Of the first fields, as a JSON list."""

    def identifier(self, year: str, serial: int) -> str:
        return str(Identifier(self.type_code, self.issuer_code, f"{year}{serial:07d}", 1))


@dataclass(frozen=True, kw_only=True)
class Molds:
    cases: tuple[CaseMold, ...]
    personal: tuple[LicenceMold, ...]
    """What people hold that have it from no case of the city."""


async def read() -> Molds:
    """From the catalogue that is loaded, and the demo's licences."""
    licences = licence_molds()
    rows = await ServiceItem.filter(current=True).order_by("code")
    cases = []
    for row in rows:
        item = msgspec.convert(row.definition, Item)
        cases.append(_case_mold(item, row, licences))
    personal = tuple(one for one in licences.values() if one.id_type != ORGANISATION)
    return Molds(cases=tuple(cases), personal=personal)


def licence_molds() -> dict[str, LicenceMold]:
    """By type: the newest example of each."""
    holders, examples = wallet.demo.read()
    found = {}
    for one in examples:
        type_ = catalogue.get_type(one.type)
        facts = catalogue.check_facts(one.type, one.fields, numbered=True)
        found[one.type] = LicenceMold(
            code=one.type,
            name=type_.name,
            department=type_.issuer,
            type_code=type_.type_code,
            issuer_code=type_.issuer_code,
            id_type=one.holder_id_type,
            facts=_plain(msgspec.json.encode(facts).decode()),
            holder_name=holders[one.holder].name,
            holder_no=one.holder_id,
            years=0 if one.valid_to is None else max(1, one.valid_to.year - one.issue_date.year),
            labels=_json([field.label for field in type_.fields[:4]]),
        )
    return found


def _case_mold(item: Item, row: ServiceItem, licences: dict[str, LicenceMold]) -> CaseMold:
    answers = _answers(item)
    guide = evaluate(item, answers)
    form = {
        entry.key: plausible.value(msgspec.to_builtins(entry))
        for entry in guide.fields
        if entry.required and entry.key not in guide.presets
    }
    uploaded = [
        entry.code
        for entry in guide.materials
        if entry.required and not any(way.by == "form" for way in entry.replace)
    ]
    return CaseMold(
        code=item.code,
        version=row.version,
        digest=row.digest,
        name=item.name,
        department=item.dept,
        department_name=item.dept,
        implementation=item.impl_code,
        for_organisations="1" not in item.audience,
        answers=_plain(_json(answers)),
        form=_plain(_json(form)),
        approval_mode=guide.approval_mode,
        materials=tuple(uploaded[:MOST_MATERIALS]),
        result=item.result.name,
        licence=licences.get(item.result.licence or ""),
    )


def _answers(item: Item) -> dict[str, list[str]]:
    """Question after question the first option that does not end the way."""
    chosen: dict[str, list[str]] = {}
    while question := evaluate(item, chosen).next_question:
        entry = next(one for one in item.situations if one.code == question)
        chosen = _answered(item, chosen, question, [option.value for option in entry.options])
    return chosen


def _answered(
    item: Item, chosen: Answers, question: str, options: Sequence[str]
) -> dict[str, list[str]]:
    tried: dict[str, list[str]] = {}
    for option in options:
        tried = {**{code: list(values) for code, values in chosen.items()}, question: [option]}
        guide = evaluate(item, tried)
        if not (guide.stop or guide.goto):
            break
    return tried


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(text: str) -> str:
    """Text that goes into COPY as it is. Raises ValueError for one that would not."""
    if set(text) & set("\\\t\n\r"):
        raise ValueError("a mold that COPY would read differently")
    return text
