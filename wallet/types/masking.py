"""Hide parts of a value as its field asks, for every place that is not the holder's own. Pure."""

import re
from collections.abc import Callable

from wallet.types.licence_types import Mask

HIDDEN = "······"
_STREET = re.compile(r"^(.*?(?:街道|镇|乡|开发区|工业区))")


def _name(text: str) -> str:
    return text[:1] + "*" * max(len(text) - 1, 1)


def _ends(text: str) -> str:
    """First three and last four; a text too short for that keeps its last character only."""
    if len(text) <= 7:
        return "*" * (len(text) - 1) + text[-1:]
    return text[:3] + "*" * (len(text) - 7) + text[-4:]


def _address(text: str) -> str:
    found = _STREET.match(text)
    return (found[1] if found else text[:6]) + "****"


def _date(text: str) -> str:
    return text[:4] + "年**月**日"


def _middle(text: str) -> str:
    if len(text) < 3:
        return "*" * len(text)
    keep = max(1, min(4, len(text) // 4))
    return text[:keep] + "*" * (len(text) - 2 * keep) + text[-keep:]


_MASKS: dict[Mask, Callable[[str], str]] = {
    Mask.NAME: _name,
    Mask.IDNO: _ends,
    Mask.PHONE: _ends,
    Mask.ADDRESS: _address,
    Mask.DATE: _date,
    Mask.MIDDLE: _middle,
    Mask.HIDE: lambda _: HIDDEN,
}


def apply(mask: Mask | None, text: str) -> str:
    """The text as this mask shows it; an empty text stays empty."""
    return _MASKS[mask](text) if mask is not None and text else text


def number(text: str) -> str:
    """A licence number as lists and messages show it."""
    return _ends(text) if len(text) > 7 else _middle(text)
