"""Subscription messages: our three values into the keys of an approved template, within its rules.

A key of WeChat's is a type and a number (`thing3`), and each type has its limits; a value beyond
them comes back as 47003 after it has cost a call, so it is checked here first. Values that may be
cut are cut; the others are refused. Source: page "subscribe message", parameter limits.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from miniapp_bridge.errors import MessageRejected

KEY = re.compile(r"([a-z_]+?)\d+")
CLOCK = "[0-9]{1,2}:[0-9]{2}"
MOMENT = rf"([0-9]{{4}}年[0-9]{{1,2}}月[0-9]{{1,2}}日(\s?{CLOCK})?|{CLOCK})"
TIME = rf"{MOMENT}(~{MOMENT})?"
PHRASES = frozenset(
    {"待办理", "已受理", "审核中", "已办结", "已退回", "待补正", "已通过", "未通过", "已发证"}
)


def _cut(limit: int) -> Callable[[str], str | None]:
    def fit(value: str) -> str | None:
        flat = " ".join(value.split())
        if not flat:
            return None
        return flat if len(flat) <= limit else flat[: limit - 1] + "…"

    return fit


def _match(pattern: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)
    return lambda value: value if compiled.fullmatch(value) else None


def _name(value: str) -> str | None:
    limit = 20 if value.isascii() else 10
    return _cut(limit)(value)


RULES: dict[str, Callable[[str], str | None]] = {
    "thing": _cut(20),
    "name": _name,
    "character_string": _match(r"[\x21-\x7e]{1,32}"),
    "number": _match(r"-?[0-9]{1,32}(\.[0-9]+)?"),
    "letter": _match(r"[A-Za-z]{1,32}"),
    "symbol": _match(r"[^\w\s]{1,5}"),
    "time": _match(TIME),
    "date": _match(TIME),
    "amount": _match(r"[¥￥$]?[0-9]{1,10}(\.[0-9]{1,2})?元?"),
    "phone_number": _match(r"[+0-9-]{1,17}"),
    "car_number": _match(r"[\u4e00-\u9fffA-Z0-9]{1,8}"),
    "phrase": lambda value: value if value in PHRASES else None,
}
"""Type of a key → the value as it may be sent, or None."""


def fit(values: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The `data` object of a message.

    `values` by our names, `keys` our name → the template's key. Raises MessageRejected for a
    missing, empty or impossible value and for one the template has no key for.
    """
    if set(values) != set(keys):
        raise MessageRejected(vendor_code="47003")
    data = {}
    for ours, theirs in keys.items():
        kind = KEY.fullmatch(theirs)
        rule = RULES.get(kind.group(1)) if kind else None
        value = unicodedata.normalize("NFC", values[ours]).strip()
        fitted = rule(value) if rule else None
        if fitted is None:
            raise MessageRejected(vendor_code="47003")
        data[theirs] = {"value": fitted}
    return data
