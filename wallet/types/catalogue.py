"""The catalogue of licence types: read once from the data files, then looked up by code.

A new type is an entry in `catalogue_data/licence-types.yaml` and one in `drafting.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Protocol

from papers.yaml_data import CatalogueFault, read_section
from wallet.errors import InvalidFacts, LicenceTypeNotFound
from wallet.types import drafting, number_format
from wallet.types import facts as facts_of
from wallet.types.facts import Facts
from wallet.types.licence_types import DraftRule, Field, LicenceType

DATA = Path(__file__).parent / "catalogue_data"


class Named(Protocol):
    """Whoever applies: `identity.queries.SubjectView` fits."""

    @property
    def name(self) -> str: ...
    @property
    def id_no(self) -> str: ...


@dataclass(frozen=True)
class Catalogue:
    """All types and the rules for drafting them, keyed by code."""

    types: Mapping[str, LicenceType]
    rules: Mapping[str, DraftRule]


def read(folder: Path = DATA) -> Catalogue:
    """Read and cross-check the data. Raises CatalogueFault naming file, line and entry."""
    types = read_section(folder / "licence-types.yaml", "licence_types", list[LicenceType])
    rules = read_section(folder / "drafting.yaml", "rules", list[DraftRule])
    catalogue = Catalogue(
        types={type_.code: type_ for type_ in types}, rules={rule.code: rule for rule in rules}
    )
    if len(catalogue.types) != len(types):
        raise CatalogueFault("licence-types.yaml: a code stands twice")
    if catalogue.types.keys() != catalogue.rules.keys():
        odd = ", ".join(sorted(catalogue.types.keys() ^ catalogue.rules.keys()))
        raise CatalogueFault(f"drafting.yaml and licence-types.yaml differ in: {odd}")
    for type_ in types:
        _cross_check(type_, catalogue.rules[type_.code])
    return catalogue


def _cross_check(type_: LicenceType, rule: DraftRule) -> None:
    """Every field that is named somewhere must exist in the type."""
    keys = {field.key for field in type_.fields}
    single = (rule.holder_name, rule.issued_on, rule.valid_to, rule.number_field)
    named = {
        *type_.face,
        *type_.offline_claims,
        *rule.sources,
        *rule.holder_id,
        *(copy.name for copy in rule.copies),
        *(copy.id for copy in rule.copies),
        *filter(None, single),
    }
    if unknown := named - keys:
        raise CatalogueFault(f"{type_.code}: no such field: {', '.join(sorted(unknown))}")


@cache
def loaded() -> Catalogue:
    """The catalogue of this program, read on first use."""
    return read()


def all_types() -> tuple[LicenceType, ...]:
    """Every licence type in the order of the data file."""
    return tuple(loaded().types.values())


def get_type(code: str) -> LicenceType:
    """The type with this code, or LicenceTypeNotFound."""
    type_ = loaded().types.get(code)
    if type_ is None:
        raise LicenceTypeNotFound()
    return type_


def rule_for(code: str) -> DraftRule:
    """How licences of the type are drafted and numbered."""
    get_type(code)
    return loaded().rules[code]


def face_words(licence_type: str, facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of the facts a type knows, in its order, as people read them."""
    return [
        (field.label, facts_of.show(field, facts[field.key]))
        for field in get_type(licence_type).fields
        if field.key in facts
    ]


def check_facts(licence_type: str, facts: Mapping[str, object], *, numbered: bool = False) -> Facts:
    """The facts in stored form, or InvalidFacts with a reason per field.

    With `numbered` false the licence number may be missing: it is allotted only at issue.
    """
    type_, rule = get_type(licence_type), rule_for(licence_type)
    number_field = rule.number_field
    without = () if numbered or number_field is None else (number_field,)
    checked = facts_of.check(type_, facts, without=without)
    number = checked.get(number_field) if number_field else _number_from_facts(rule, checked)
    if number is not None and not facts_of.check_number(type_, str(number)):
        fault = f"{type_.number.label}的格式或校验位不正确"
        raise InvalidFacts(fault, fields={number_field or "number": fault})
    return checked


def _number_from_facts(rule: DraftRule, facts: Facts) -> str | None:
    """The number of a type whose numbers are made of facts alone, such as a driving licence."""
    if number_format.needs_serial(rule.number):
        return None
    return number_format.render(rule.number, facts=facts, issued_on=date.min, serial=0)


def draft_facts(
    licence_type: str,
    *,
    form: Mapping[str, object],
    applicant: Named,
    previous: Mapping[str, object] | None,
    at: date,
) -> tuple[Facts, list[Field]]:
    """Facts that the case already gives, and the required fields left for the officer."""
    draft = drafting.draft(
        get_type(licence_type),
        rule_for(licence_type),
        form=form,
        applicant=drafting.Applicant(name=applicant.name, id_no=applicant.id_no),
        previous=previous,
        at=at,
    )
    return draft.facts, list(draft.missing)
