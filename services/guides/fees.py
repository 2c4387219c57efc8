"""What an applicant is charged: the one amount the answers choose. Pure.

Guide and bill both read `Charge`, so that nobody is billed what the guide did not say. Versions of
items that were stored before amounts had a column of their own say it in a sentence only; cases
that began with them go on, and the sentence the answers chose is read for its single amount.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.guides.definitions import Condition, Fee, FeeAmount

_FREE = "不收费"
_UNSAID = "按规定收费"
_SENTENCE = "fee.standard"
_YUAN = re.compile(r"(\d{1,7}(?:\.\d{1,2})?)\s*元")
_NAMED = 2
"""Up to so many possible amounts are all named; more become a span."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """The fee after the answers given so far."""

    charged: bool
    fen: int | None
    """What is owed; 0 when nothing is, None while answers are missing or nobody can tell."""
    text: str
    basis: str
    online: bool
    """Whether it is paid online; else the window takes it."""

    @property
    def bill(self) -> int:
        """Fen of the bill an accepted case gets; 0 when it gets none."""
        return self.fen if self.online and self.fen else 0


def charge(
    fee: Fee, *, answers: Mapping[str, Sequence[str]], changes: Mapping[str, object]
) -> Charge:
    """The fee for these answers; `changes` are what the chosen options set. Never raises."""
    fen, text = _amount(fee, answers, changes)
    return Charge(
        charged=fee.charged,
        fen=fen,
        text=text,
        basis=fee.basis or "费用",
        online=fee.charged and fee.online_pay,
    )


def _amount(
    fee: Fee, answers: Mapping[str, Sequence[str]], changes: Mapping[str, object]
) -> tuple[int | None, str]:
    if not fee.charged:
        return 0, _FREE
    if not fee.amounts:
        sentence = str(changes.get(_SENTENCE) or fee.standard or _UNSAID)
        return _read(sentence), sentence
    settled = [one for one in fee.amounts if all(_holds(entry, answers) for entry in one.when)]
    if len(settled) == 1:
        return settled[0].fen, amount_text(settled[0])
    return None, _span([one for one in fee.amounts if _possible(one, answers)] or fee.amounts)


def amount_text(amount: FeeAmount) -> str:
    """80元/件, 0元（免收）, 12.50元."""
    if amount.fen == 0:
        return "0元（免收）"
    return f"{_yuan(amount.fen)}元{_per(amount)}"


def _span(amounts: Sequence[FeeAmount]) -> str:
    ordered = sorted(amounts, key=lambda one: one.fen)
    texts = list(dict.fromkeys(amount_text(one) for one in ordered))
    if len(texts) <= _NAMED:
        return "或".join(texts)
    return f"{_yuan(ordered[0].fen)}至{_yuan(ordered[-1].fen)}元{_per(ordered[-1])}"


def _per(amount: FeeAmount) -> str:
    return f"/{amount.per}" if amount.per else ""


def _yuan(fen: int) -> str:
    whole, part = divmod(fen, 100)
    return f"{whole}.{part:02d}" if part else str(whole)


def _holds(condition: Condition, answers: Mapping[str, Sequence[str]]) -> bool:
    return bool(set(answers.get(condition.q, ())) & set(condition.one_of))


def _possible(amount: FeeAmount, answers: Mapping[str, Sequence[str]]) -> bool:
    """Whether no answer speaks against it yet."""
    return all(
        _holds(condition, answers) or not answers.get(condition.q) for condition in amount.when
    )


def _read(sentence: str) -> int | None:
    """Fen of a sentence such as `10元/本`; None when it names no single amount."""
    found = _YUAN.findall(sentence)
    if len(found) != 1:
        return None
    whole, _, part = found[0].partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def questions_of(fee: Fee) -> Iterator[str]:
    """The questions the amounts hang on, each once."""
    yield from dict.fromkeys(entry.q for one in fee.amounts for entry in one.when)
