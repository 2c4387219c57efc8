"""Check the facts of a licence against the fields of its type, and write them for people. Pure.

Checked facts are plain JSON values: dates and amounts are text ("2026-11-25", "98.5"), so that
they survive storage and signing without a change of form.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from wallet.errors import InvalidFacts
from wallet.types import check_digits, masking
from wallet.types.licence_types import Field, FieldType, LicenceType

Facts = dict[str, object]

MAX_LINE = 200
MAX_TEXT = 2_000
MAX_ITEMS = 40
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")
_DIVISION = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class _Wrong(ValueError):
    """One value does not fit its field; the message is Chinese and for people."""


def check(
    type_: LicenceType, facts: Mapping[str, object], *, without: Collection[str] = ()
) -> Facts:
    """The facts in their stored form, in the order of the type's fields.

    Raises InvalidFacts naming every field that is unknown, missing or wrong. Fields in `without`
    may be missing: the licence number is allotted only when the licence is issued.
    """
    faults: dict[str, str] = {}
    checked: Facts = {}
    for key in facts:
        if type_.field(key) is None:
            faults[str(key)] = "证照没有这个字段"
    for field in type_.fields:
        try:
            value = check_value(field, facts.get(field.key))
        except _Wrong as fault:
            faults[field.key] = f"{field.label}：{fault}"
            continue
        if value is not None:
            checked[field.key] = value
        elif field.required and field.key not in without:
            faults[field.key] = f"请填写{field.label}"
    if faults:
        raise InvalidFacts("；".join(faults.values()), fields=faults)
    return checked


def fits(field: Field, value: object) -> bool:
    """Whether a value could stand in the field."""
    try:
        return check_value(field, value) is not None
    except _Wrong:
        return False


def check_value(field: Field, value: object) -> object | None:
    """One value in its stored form; None when it is empty. Raises a ValueError with the reason."""
    if value is None or value == "" or value == []:
        return None
    checked = _CHECKS[field.type](field, value)
    if field.pattern and not re.fullmatch(field.pattern, str(checked)):
        raise _Wrong("格式不正确")
    return checked


def check_number(type_: LicenceType, number: str) -> bool:
    """Whether a licence number has the type's pattern and check digit."""
    if not re.fullmatch(type_.number.pattern, number):
        return False
    return type_.number.check is None or check_digits.CHECKS[type_.number.check](number)


def show(field: Field, value: object, *, masked: bool = False) -> str:
    """A checked value as people read it."""
    if value is None:
        return ""
    if masked and field.mask is not None:
        return masking.apply(field.mask, _plain_text(value))
    if field.type is FieldType.DATE:
        return show_date(date.fromisoformat(str(value)))
    if field.type is FieldType.DATETIME:
        moment = datetime.fromisoformat(str(value))
        return f"{show_date(moment.date())}{moment:%H时%M分}"
    if field.type is FieldType.IMAGE:
        return "（照片）"
    return _plain_text(value)


def show_date(day: date) -> str:
    """A day in Chinese writing."""
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _plain_text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(value)


def _line(field: Field, value: object) -> str:
    return _text(field, value, limit=MAX_LINE).replace("\n", " ")


def _paragraph(field: Field, value: object) -> str:
    return _text(field, value, limit=MAX_TEXT)


def _text(_field: Field, value: object, *, limit: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Wrong("应为文字")
    text = str(value).strip()
    if _CONTROL.search(text):
        raise _Wrong("含有不可见的控制字符")
    if not text or len(text) > limit:
        raise _Wrong(f"应为1至{limit}个字")
    return text


def _option(field: Field, value: object) -> str:
    text = _line(field, value)
    if text not in field.options:
        raise _Wrong(f"只能是{'、'.join(field.options)}之一")
    return text


def _list(field: Field, value: object) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) > MAX_ITEMS:
        raise _Wrong(f"最多{MAX_ITEMS}项")
    items = [_option(field, item) if field.options else _line(field, item) for item in values]
    return list(dict.fromkeys(items))


def _boolean(_field: Field, value: object) -> bool:
    known = {"true": True, "是": True, "false": False, "否": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    raise _Wrong("应为是或否")


def _integer(field: Field, value: object) -> int:
    number = _number(field, value)
    if number != number.to_integral_value():
        raise _Wrong("应为整数")
    return int(number)


def _decimal(field: Field, value: object) -> str:
    number = _number(field, value)
    return f"{number.quantize(Decimal(1)) if number == number.to_integral_value() else number:f}"


def _number(field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Wrong("应为数字")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _Wrong("应为数字") from None
    if not number.is_finite() or abs(number) >= Decimal("1e12"):
        raise _Wrong("应为不超过一万亿的数字")
    if field.min is not None and number < field.min:
        raise _Wrong(f"不能小于{field.min}")
    if field.max is not None and number > field.max:
        raise _Wrong(f"不能大于{field.max}")
    return number


def _date(_field: Field, value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _Wrong("应为日期，例如2026-11-25") from None


def _datetime(_field: Field, value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise _Wrong("应为日期和时间，例如2026-11-25T10:30") from None
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


def _matching(pattern: re.Pattern[str], fault: str) -> Callable[[Field, object], str]:
    def check_it(field: Field, value: object) -> str:
        text = _line(field, value)
        if not pattern.fullmatch(text):
            raise _Wrong(fault)
        return text

    return check_it


def _identity_number(field: Field, value: object) -> str:
    text = _line(field, value).upper()
    if not check_digits.is_identity_number(text):
        raise _Wrong("公民身份号码不正确，请核对")
    return text


def _credit_code(field: Field, value: object) -> str:
    text = _line(field, value).upper()
    if not check_digits.is_credit_code(text):
        raise _Wrong("统一社会信用代码不正确，请核对")
    return text


_CHECKS: dict[FieldType, Callable[[Field, object], object]] = {
    FieldType.STRING: _line,
    FieldType.TEXT: _paragraph,
    FieldType.ADDRESS: _line,
    FieldType.CODE: _line,
    FieldType.ENUM: _option,
    FieldType.LIST: _list,
    FieldType.BOOLEAN: _boolean,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.PHONE: _matching(_PHONE, "电话号码不正确"),
    FieldType.DIVISION: _matching(_DIVISION, "行政区划代码应为6、9或12位数字"),
    FieldType.IMAGE: _matching(_DIGEST, "应为已上传照片的摘要"),
    FieldType.IDNO: _identity_number,
    FieldType.USCC: _credit_code,
}
