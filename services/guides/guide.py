"""From answers in everyday language to the guide for this one person. Pure.

`evaluate` decides which questions are asked, whether the way ends (`stop`) or leads elsewhere
(`goto`), and which materials, form fields, limits, approval mode and fee apply. Option changes
(`set`) are applied in the order of the questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from services.guides import errors, fees
from services.guides.definitions import (
    ApprovalMode,
    Condition,
    FormField,
    Item,
    Limit,
    MaterialRequirement,
    Option,
    Situation,
)

Answers = Mapping[str, Sequence[str]]
"""Question code → chosen option values; one value unless the question is multi."""

UNITS = {"workday": "个工作日", "day": "天"}


@dataclass(frozen=True, kw_only=True)
class Guide:
    """What applies after the answers given so far."""

    questions: tuple[Situation, ...]
    next_question: str | None
    stop: str | None
    goto: str | None
    materials: tuple[MaterialRequirement, ...]
    fields: tuple[FormField, ...]
    presets: Mapping[str, object] = field(default_factory=dict)
    promised_limit: Limit
    statutory_limit: Limit
    approval_mode: ApprovalMode
    fee: fees.Charge
    saved_count: int
    """How many materials need not be handed in; other departments' data is not at hand yet."""

    @property
    def fee_text(self) -> str:
        return self.fee.text

    @property
    def complete(self) -> bool:
        """Every question that applies is answered and nothing ends the way."""
        return self.next_question is None and self.stop is None and self.goto is None

    def material(self, code: str) -> MaterialRequirement | None:
        return next((entry for entry in self.materials if entry.code == code), None)


def evaluate(item: Item, answers: Answers) -> Guide:
    """The guide of `item` for these answers.

    Raises `UnknownQuestion`, `UnknownOption` or `InvalidAnswers`, each naming the place.
    """
    check_answers(item.situations, answers)
    questions = tuple(visible_questions(item.situations, answers))
    relevant = {entry.code: tuple(answers.get(entry.code, ())) for entry in questions}
    chosen = list(_chosen(questions, relevant))
    changes = {key: value for option in chosen for key, value in option.changes.items()}
    materials = tuple(entry for entry in item.materials if holds(entry.when, relevant))
    return Guide(
        questions=questions,
        next_question=next((entry.code for entry in questions if not relevant[entry.code]), None),
        stop=next((option.stop for option in chosen if option.stop), None),
        goto=next((option.goto for option in chosen if option.goto), None),
        materials=materials,
        fields=tuple(entry for entry in item.form if holds(entry.when, relevant)),
        presets=_presets(changes),
        promised_limit=_promised(item, changes),
        statutory_limit=item.statutory_limit,
        approval_mode=_approval_mode(item, changes),
        fee=fees.charge(item.fee, answers=relevant, changes=changes),
        saved_count=sum(1 for entry in materials if _is_saved(entry)),
    )


def _is_saved(material: MaterialRequirement) -> bool:
    return any(way.by != "data" for way in material.replace)


def check_answers(situations: Sequence[Situation], answers: Answers) -> None:
    """Refuses answers to questions or options that do not exist."""
    known = {entry.code: entry for entry in situations}
    for code, values in answers.items():
        if code not in known:
            raise errors.UnknownQuestion(f"没有问题 {code}", question=code)
        options = {option.value for option in known[code].options}
        unknown = [value for value in values if value not in options]
        if unknown:
            detail = f"问题 {code} 没有选项 {unknown[0]}"
            raise errors.UnknownOption(detail, question=code, option=unknown[0])
        if len(values) > 1 and not known[code].multi:
            raise errors.InvalidAnswers(f"问题 {code} 只能选择一项", question=code)


def visible_questions(situations: Sequence[Situation], answers: Answers) -> Iterator[Situation]:
    """The questions to ask: a question whose own condition hides it does not count as answered."""
    seen: dict[str, Sequence[str]] = {}
    for entry in situations:
        if holds(entry.when, seen):
            seen[entry.code] = answers.get(entry.code, ())
            yield entry


def holds(conditions: Sequence[Condition], answers: Answers) -> bool:
    """All conditions must hold; each is true when an answer is among its values."""
    return all(set(answers.get(entry.q, ())) & set(entry.one_of) for entry in conditions)


def limit_text(limit: Limit) -> str:
    """当场办结, 5个工作日, 15天."""
    if limit.unit == "instant":
        return "当场办结"
    return f"{limit.value}{UNITS[limit.unit]}"


def _chosen(questions: Sequence[Situation], answers: Answers) -> Iterator[Option]:
    for entry in questions:
        yield from (option for option in entry.options if option.value in answers[entry.code])


def _presets(changes: Mapping[str, object]) -> dict[str, object]:
    prefix = "form."
    return {k.removeprefix(prefix): v for k, v in changes.items() if k.startswith(prefix)}


def _promised(item: Item, changes: Mapping[str, object]) -> Limit:
    if "promised_limit" not in changes:
        return item.promised_limit
    return msgspec.convert(changes["promised_limit"], Limit)


def _approval_mode(item: Item, changes: Mapping[str, object]) -> ApprovalMode:
    if "approval_mode" not in changes:
        return item.approval_mode
    mode: ApprovalMode = msgspec.convert(changes["approval_mode"], ApprovalMode)
    return mode
