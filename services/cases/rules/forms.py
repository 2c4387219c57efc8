"""Form values: what each field type accepts, and where a value may come from. Pure.

`check` normalises values and collects an error per field; `prefill` takes the first source that
has a value (`account.*`, `org.*`, `licence.TYPE.field`; `data.*` waits for the data exchange).
Source of the field list: the item's `form`; nothing outside the guide may be asked for
(Administrative Licensing Law art. 29).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from identity import numbers
from identity.errors import InvalidCreditCode, InvalidIdentityNumber
from services.cases import errors
from services.guides.definitions import FormField

Values = Mapping[str, object]

_LONGEST = {"string": 200, "address": 200, "text": 4000, "code": 60}
_MAX_ROWS = 200
_MAX_COLUMNS = 30
_MAX_CELL = 500
_DECIMAL_PLACES = 6
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-_/.]*")
_DIVISION = re.compile(r"\d{6}(\d{3}){0,2}", re.ASCII)
_SOURCES = {"account": "来自您的账户", "org": "来自单位登记信息"}


class _Unfit(Exception):
    """The value does not fit the field; the text is for the citizen."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the platform knows before the applicant types anything."""

    account: Mapping[str, object] = field(default_factory=dict)
    org: Mapping[str, object] = field(default_factory=dict)
    licences: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    licence_names: Mapping[str, str] = field(default_factory=dict)

    def find(self, path: str) -> object | None:
        """The value at a prefill path, or None."""
        kind, _, rest = path.partition(".")
        if kind == "account":
            return self.account.get(rest)
        if kind == "org":
            return self.org.get(rest)
        if kind == "licence":
            licence_type, _, name = rest.partition(".")
            return self.licences.get(licence_type, {}).get(name)
        return None

    def describe(self, path: str) -> str:
        """Where the value came from, for the applicant."""
        kind, _, rest = path.partition(".")
        if kind == "licence":
            licence_type = rest.partition(".")[0]
            return f"来自您的电子证照《{self.licence_names.get(licence_type, licence_type)}》"
        return _SOURCES[kind]


@dataclass(frozen=True)
class Prefilled:
    value: object
    path: str
    text: str


def licence_facts_of(fields: Iterable[FormField]) -> dict[str, set[str]]:
    """Licence type → the facts of it that these fields are filled from."""
    wanted: dict[str, set[str]] = {}
    for entry in fields:
        for path in entry.prefill:
            kind, _, rest = path.partition(".")
            if kind == "licence":
                licence_type, _, name = rest.partition(".")
                wanted.setdefault(licence_type, set()).add(name)
    return wanted


def prefill(fields: Iterable[FormField], known: Known) -> dict[str, Prefilled]:
    """For each field the first known value that fits its type."""
    found: dict[str, Prefilled] = {}
    for entry in fields:
        for path in entry.prefill:
            value = known.find(path)
            if value in (None, ""):
                continue
            try:
                fitting = _fit(entry, value)
            except _Unfit:
                continue
            found[entry.key] = Prefilled(fitting, path, known.describe(path))
            break
    return found


def check(fields: Iterable[FormField], values: Values) -> dict[str, object]:
    """The values in normal form; an empty value means "not filled in" and becomes None.

    Raises `InvalidForm` with one error per field.
    """
    known = {entry.key: entry for entry in fields}
    checked: dict[str, object] = {}
    wrong: list[dict[str, str]] = []
    for key, value in values.items():
        if key not in known:
            wrong.append({"field": key, "message": "这个事项没有这一项，或您选择的情形不需要填写"})
            continue
        try:
            checked[key] = None if _is_empty(value) else _fit(known[key], value)
        except _Unfit as unfit:
            wrong.append({"field": key, "message": f"{known[key].label}：{unfit}"})
    if wrong:
        raise errors.InvalidForm(errors=wrong)
    return checked


def missing(fields: Iterable[FormField], values: Values) -> list[dict[str, str]]:
    """One error for every required field without a value."""
    return [
        {"field": entry.key, "message": f"{entry.label}：请填写"}
        for entry in fields
        if entry.required and _is_empty(values.get(entry.key))
    ]


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or value == {}


def _fit(entry: FormField, value: object) -> object:
    fitted = _CHECKS[entry.type](entry, value)
    _check_rule(entry, fitted)
    return fitted


def _text(entry: FormField, value: object) -> str:
    if not isinstance(value, str):
        raise _Unfit("请填写文字")
    text = value.strip()
    if "\x00" in text:
        raise _Unfit("含有不能使用的字符")
    longest = _LONGEST.get(entry.type, 200)
    if len(text) > longest:
        raise _Unfit(f"最多 {longest} 个字")
    return text


def _half_width(entry: FormField, value: object) -> str:
    """Chinese keyboards write digits, letters and dashes at full width as easily as at half."""
    return unicodedata.normalize("NFKC", _text(entry, value))


def _pattern(pattern: re.Pattern[str], message: str) -> Callable[[FormField, object], str]:
    def fit(entry: FormField, value: object) -> str:
        text = _half_width(entry, value).replace(" ", "")
        if not pattern.fullmatch(text):
            raise _Unfit(message)
        return text

    return fit


def _decimal(entry: FormField, value: object) -> str:
    """Kept as text: money and areas must not pass through binary fractions."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Unfit("请填写数字")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _Unfit("请填写数字") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise _Unfit("数字过大")
    if number != round(number, _DECIMAL_PLACES):
        raise _Unfit(f"最多 {_DECIMAL_PLACES} 位小数")
    return f"{round(number, _DECIMAL_PLACES).normalize():f}"


def _integer(entry: FormField, value: object) -> int:
    text = _decimal(entry, value)
    if "." in text:
        raise _Unfit("请填写整数")
    return int(text)


def _boolean(entry: FormField, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("请选择是或否")
    return value


def _date(entry: FormField, value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        return date.fromisoformat(_text(entry, value)).isoformat()
    except ValueError:
        raise _Unfit("请填写日期，例如 2026-11-25") from None


def _datetime(entry: FormField, value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    try:
        return datetime.fromisoformat(_text(entry, value)).isoformat(timespec="minutes")
    except ValueError:
        raise _Unfit("请填写日期和时间，例如 2026-11-25T09:30") from None


def _identity_number(entry: FormField, value: object) -> str:
    try:
        return numbers.check_identity_number(_half_width(entry, value))
    except InvalidIdentityNumber as error:
        raise _Unfit(str(error)) from None


def _credit_code(entry: FormField, value: object) -> str:
    try:
        return numbers.check_credit_code(_half_width(entry, value))
    except InvalidCreditCode as error:
        raise _Unfit(str(error)) from None


def _enum(entry: FormField, value: object) -> str:
    text = _text(entry, value)
    if text not in entry.options:
        raise _Unfit(f"请从选项中选择：{'、'.join(entry.options)}")
    return text


def _list(entry: FormField, value: object) -> list[str]:
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or len(entries) > _MAX_ROWS:
        raise _Unfit("请逐项填写")
    return [_cell(item) for item in entries]


def _table(entry: FormField, value: object) -> list[dict[str, str]]:
    limit = (entry.rule.max_rows if entry.rule else None) or _MAX_ROWS
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise _Unfit("请逐行填写")
    if len(value) > limit:
        raise _Unfit(f"最多 {limit} 行")
    if any(len(row) > _MAX_COLUMNS for row in value):
        raise _Unfit(f"最多 {_MAX_COLUMNS} 列")
    return [{_cell(name): _cell(cell) for name, cell in row.items()} for row in value]


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Unfit("每一格请填写文字或数字")
    text = str(value).strip()
    if len(text) > _MAX_CELL or "\x00" in text:
        raise _Unfit(f"每一格最多 {_MAX_CELL} 个字")
    return text


def _check_rule(entry: FormField, value: object) -> None:
    if entry.rule is None or not isinstance(value, str | int) or isinstance(value, bool):
        return
    if entry.type not in ("decimal", "integer"):
        return
    number = Decimal(str(value))
    if entry.rule.min is not None and number < entry.rule.min:
        raise _Unfit(f"不能小于 {entry.rule.min}")
    if entry.rule.max is not None and number > entry.rule.max:
        raise _Unfit(f"不能大于 {entry.rule.max}")


_CHECKS: Mapping[str, Callable[[FormField, object], object]] = {
    "string": _text,
    "text": _text,
    "address": _text,
    "code": _pattern(_CODE, "只能填写字母、数字和连字符"),
    "division": _pattern(_DIVISION, "请填写行政区划代码，例如 310117003"),
    "phone": _pattern(_PHONE, "请填写 11 位手机号码或带区号的固定电话"),
    "decimal": _decimal,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "idno": _identity_number,
    "uscc": _credit_code,
    "enum": _enum,
    "list": _list,
    "table": _table,
}
