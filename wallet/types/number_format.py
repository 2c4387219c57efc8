"""Put licence numbers together from their templates. Pure; `numbers.py` keeps the counters.

A template of `catalogue_data/drafting.yaml` is filled from left to right:

    {serial:6}        the next number of the counter, six digits
    {year} {year:2}   the year of issue;  {date} is YYYYMMDD
    {fact:id_no}      a fact of the licence
    {choice:business} what `choices` says for the value of that fact (`*` for any other)
    {gb11714} {gb32100} {mod11_10}    check character over what stands before it
"""

import re
from collections.abc import Mapping
from datetime import date

from wallet.errors import InvalidFacts
from wallet.types import check_digits
from wallet.types.licence_types import NumberTemplate

_PLACE = re.compile(r"\{(?P<name>[a-z0-9_]+)(?::(?P<argument>[a-z0-9_]+))?\}")


def render(
    rule: NumberTemplate, *, facts: Mapping[str, object], issued_on: date, serial: int
) -> str:
    """The number that this serial gives. Raises InvalidFacts when a fact it needs is missing."""
    written, end = "", 0
    for place in _PLACE.finditer(rule.template):
        written += rule.template[end : place.start()]
        end = place.end()
        written += _fill(rule, place, written, facts, issued_on, serial)
    return written + rule.template[end:]


def scope_of(rule: NumberTemplate, *, issued_on: date) -> str:
    """Which run of the counter a number belongs to: a new one each day or year, or one only."""
    if "{date}" in rule.template:
        return issued_on.strftime("%Y%m%d")
    if "{year" in rule.template:
        return str(issued_on.year)
    return ""


def needs_serial(rule: NumberTemplate) -> bool:
    """Whether the number uses a counter at all (a driving licence has its holder's number)."""
    return "{serial" in rule.template


def _fill(
    rule: NumberTemplate,
    place: re.Match[str],
    written: str,
    facts: Mapping[str, object],
    issued_on: date,
    serial: int,
) -> str:
    argument = place["argument"]
    match place["name"]:
        case "serial":
            return f"{serial:0{argument}d}"
        case "year":
            return str(issued_on.year)[-int(argument or 4) :]
        case "date":
            return issued_on.strftime("%Y%m%d")
        case "fact":
            return _fact(facts, argument)
        case "choice":
            choices = rule.choices[argument]
            return choices.get(_fact(facts, argument)) or choices["*"]
        case "gb11714":
            return check_digits.organisation_digit(written[-8:])
        case "gb32100":
            return check_digits.credit_code_digit(written)
        case "mod11_10":
            return check_digits.mod11_10_digit("".join(filter(str.isdigit, written)))
        case unknown:
            raise ValueError(f"a number template has no placeholder {unknown}")


def _fact(facts: Mapping[str, object], key: str) -> str:
    value = facts.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidFacts(f"证照编号需要字段 {key}", fields={key: "编制证照编号需要这一项"})
    return value
