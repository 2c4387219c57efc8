"""Propose the facts of a licence from a case: form, applicant, previous licence. Pure.

Nothing is decided here: the officer sees the draft, fills in what is missing and approves. Where a
field takes its value from is data (`catalogue_data/drafting.yaml`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from wallet.types import facts as facts_of
from wallet.types import validity
from wallet.types.check_digits import is_identity_number
from wallet.types.facts import Facts
from wallet.types.licence_types import DraftRule, Field, FieldType, LicenceType

DERIVED = ("birth_date", "gender", "age_band")


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who the licence is for, as far as a draft needs to know."""

    name: str
    id_no: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Proposed facts, and the required fields the officer has yet to fill in."""

    facts: Facts
    missing: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class _Case:
    """Everything a source may name."""

    type_: LicenceType
    form: Mapping[str, object]
    applicant: Applicant
    previous: Mapping[str, object]
    issued_on: date
    computed: Mapping[str, str | None]


def draft(
    type_: LicenceType,
    rule: DraftRule,
    *,
    form: Mapping[str, object],
    applicant: Applicant,
    previous: Mapping[str, object] | None,
    at: date,
) -> Draft:
    """The facts that can be known on the day `at`, each already fitting its field.

    The licence number is never missing: it is allotted when the licence is issued.
    """
    before = previous or {}
    computed = {"issued_on": at.isoformat(), "valid_to": _valid_to(type_, rule, form, before, at)}
    case = _Case(
        type_=type_,
        form=form,
        applicant=applicant,
        previous=before,
        issued_on=at,
        computed=computed,
    )
    drafted: Facts = {}
    for derived in (False, True):
        for field in type_.fields:
            sources = rule.sources.get(field.key, (f"form.{field.key}", f"previous.{field.key}"))
            if field.key in drafted or derived != (sources[0].partition(".")[0] in DERIVED):
                continue
            value = _first_fitting(field, sources, case, drafted)
            if value is not None:
                drafted[field.key] = value
    ordered = {field.key: drafted[field.key] for field in type_.fields if field.key in drafted}
    missing = (field for field in type_.fields if field.required and field.key not in drafted)
    return Draft(
        facts=ordered,
        missing=tuple(field for field in missing if field.key != rule.number_field),
    )


def _valid_to(
    type_: LicenceType,
    rule: DraftRule,
    form: Mapping[str, object],
    previous: Mapping[str, object],
    at: date,
) -> str | None:
    known = {**previous, **form}
    if rule.issued_on:
        known[rule.issued_on] = at.isoformat()
    day = validity.last_day(
        type_.validity,
        facts=known,
        issued_on=at,
        previous_from=_day(previous.get(rule.issued_on or "")),
        previous_to=_day(previous.get(rule.valid_to or "")),
    )
    return day.isoformat() if day else None


def _first_fitting(
    field: Field, sources: tuple[str, ...], case: _Case, drafted: Facts
) -> object | None:
    for source in sources:
        value = _value(field, source, case, drafted)
        if field.type is FieldType.ENUM and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if facts_of.fits(field, value):
            return facts_of.check_value(field, value)
    return None


def _value(field: Field, source: str, case: _Case, drafted: Facts) -> object | None:
    kind, _, key = source.partition(".")
    match kind:
        case "form":
            return case.form.get(key)
        case "previous":
            return case.previous.get(key)
        case "applicant":
            return case.applicant.name if key == "name" else case.applicant.id_no
        case "issuer":
            return case.type_.issuer_name
        case "computed":
            return case.computed[key]
        case "value":
            return key
        case "given":
            return bool(case.form.get(key))
        case "when":
            key, _, text = key.partition(".")
            return text if case.form.get(key) else None
        case "day":
            return str(case.form.get(key) or "")[:10]
        case _:
            return _from_identity_number(kind, field, drafted.get(key), case.issued_on)


def _from_identity_number(kind: str, field: Field, id_no: object, at: date) -> str | None:
    """What GB 11643 numbers say: birth date (7th to 14th digit) and gender (17th, odd is male)."""
    if not isinstance(id_no, str) or not is_identity_number(id_no):
        return None
    born = date(int(id_no[6:10]), int(id_no[10:12]), int(id_no[12:14]))
    match kind:
        case "birth_date":
            return born.isoformat()
        case "gender":
            return "男" if int(id_no[16]) % 2 else "女"
        case "age_band":
            age = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
            return next((band for band in field.options if _in_band(age, band)), None)
        case unknown:
            raise ValueError(f"a draft has no source {unknown}")


def _in_band(age: int, band: str) -> bool:
    """Whether an age lies in "70-79" or "100以上"."""
    lowest, _, highest = band.removesuffix("以上").partition("-")
    return int(lowest) <= age <= int(highest or 200)


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None
