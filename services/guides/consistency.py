"""What the entries of the catalogue must say about each other before it may be published.

Sources: Shanghai business-environment regulation art. 24 (no catch-all condition, no material
outside the guide), Administrative Licensing Law art. 42 and 82 (periods), GB 32100-2015 (credit
codes). Pure; every finding names the entry, and all findings come together.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

from identity import numbers
from identity.errors import InvalidCreditCode
from services.guides import errors, fees
from services.guides.definitions import (
    Catalogue,
    Condition,
    FormField,
    Item,
    Limit,
    Situation,
    Theme,
)
from services.guides.guide import holds

_CALENDAR_DAYS_PER_WORKDAY = 7 / 5
_PRESET_PREFIX = "form."
_MOST_PATHS = 5000
"""Ways to answer the questions a fee hangs on; more are a mistake of the catalogue."""
_CHANGEABLE = {"approval_mode", "promised_limit"}


def check(catalogue: Catalogue) -> None:
    """Raises `InvalidCatalogue` with every contradiction found."""
    findings = list(_findings(catalogue))
    if findings:
        raise errors.InvalidCatalogue("；".join(findings), findings=findings)


def _findings(catalogue: Catalogue) -> Iterator[str]:
    departments = {entry.key for entry in catalogue.departments}
    yield from _duplicates("部门", [entry.key for entry in catalogue.departments])
    yield from _duplicates("事项", [entry.code for entry in catalogue.items])
    yield from _duplicates("主题", [entry.code for entry in catalogue.themes])
    for department in catalogue.departments:
        yield from _bad_credit_code(department.key, department.code)
    for system in catalogue.line_systems:
        if system.owner not in departments:
            yield f"{system.code}: 没有部门 {system.owner}"
    for resource in catalogue.data_resources:
        if resource.provider not in departments:
            yield f"{resource.code}: 没有部门 {resource.provider}"
    for item in catalogue.items:
        for finding in _item_findings(item, catalogue):
            yield f"{item.code}: {finding}"
    for theme in catalogue.themes:
        for finding in _theme_findings(theme, catalogue):
            yield f"{theme.code}: {finding}"


def _duplicates(what: str, codes: list[str]) -> Iterator[str]:
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"{what}编码重复 {code}"


def _bad_credit_code(owner: str, code: str) -> Iterator[str]:
    try:
        numbers.check_credit_code(code)
    except InvalidCreditCode:
        yield f"{owner}: 统一社会信用代码 {code} 的校验位不对"


def _item_findings(item: Item, catalogue: Catalogue) -> Iterator[str]:
    yield from _item_references(item, catalogue)
    yield from _item_codes(item, catalogue)
    if _days(item.promised_limit) > _days(item.statutory_limit):
        yield "承诺时限超过法定时限"
    yield from (f"兜底条款 {text}" for text in item.conditions if text.startswith("其他"))
    yield from _duplicates("材料", [entry.code for entry in item.materials])
    yield from _duplicates("表单项", [entry.key for entry in item.form])
    yield from _situation_findings(item.situations, item=item, catalogue=catalogue)
    yield from _fee_findings(item)
    for owner, conditions in _conditions_of(item):
        for finding in _condition_findings(conditions, item.situations):
            yield f"{owner}: {finding}"
    for material in item.materials:
        for way in material.replace:
            if way.by == "licence" and not way.type:
                yield f"{material.code}: 电子证照替代缺少证照类型"
            if way.by == "data" and way.resource not in _codes(catalogue.data_resources):
                yield f"{material.code}: 没有数据资源 {way.resource}"
    yield from (f"表单项 {f.key} 缺少选项" for f in item.form if f.type == "enum" and not f.options)


def _item_references(item: Item, catalogue: Catalogue) -> Iterator[str]:
    labels = catalogue.enumerations
    if item.dept not in {entry.key for entry in catalogue.departments}:
        yield f"没有部门 {item.dept}"
    if item.window not in _codes(catalogue.windows):
        yield f"没有窗口类别 {item.window}"
    if item.line_system not in _codes(catalogue.line_systems):
        yield f"没有业务系统 {item.line_system}"
    for name, values in (("item_type", (item.item_type,)), ("audience", item.audience)):
        unknown = [value for value in values if value not in labels.get(name, {})]
        yield from (f"代码表 {name} 没有 {value}" for value in unknown)
    if (item.result.licence is None) != (item.result.action is None):
        yield "结果证照与动作必须同时给出"


def _fee_findings(item: Item) -> Iterator[str]:
    """A charged item names exactly one amount whatever is answered, in figures."""
    if item.fee.standard:
        yield "收费标准要写成金额(amounts), 不写成一句话"
    if item.fee.charged and not item.fee.amounts:
        yield "收费事项缺少收费金额"
    if not item.fee.charged and item.fee.amounts:
        yield "不收费的事项写了收费金额"
    if not item.fee.charged or not item.fee.amounts:
        return
    asked = [*fees.questions_of(item.fee)]
    if set(asked) - {entry.code for entry in item.situations}:
        return  # _conditions_of tells it
    paths = list(islice(answer_paths(item.situations, asked), _MOST_PATHS + 1))
    if len(paths) > _MOST_PATHS:
        yield f"收费金额取决于太多问题, 无法逐一核对(超过{_MOST_PATHS}种回答)"
        return
    for answers in paths:
        if fees.charge(item.fee, answers=answers, changes={}).fen is None:
            said = "、".join(f"{code}={'+'.join(values)}" for code, values in answers.items())
            yield f"回答 {said or '任何'} 时不是恰好一个收费金额"


def answer_paths(
    situations: Sequence[Situation], asked: Iterable[str]
) -> Iterator[dict[str, tuple[str, ...]]]:
    """Every way to answer these questions and those on which their being asked depends.

    Answers that end the way (`stop`) or lead elsewhere (`goto`) are left out.
    """
    wanted = set(asked)
    for entry in reversed(situations):
        if entry.code in wanted:
            wanted |= {condition.q for condition in entry.when}
    relevant = [entry for entry in situations if entry.code in wanted]
    yield from _answered(relevant, {})


def _answered(
    rest: Sequence[Situation], given: dict[str, tuple[str, ...]]
) -> Iterator[dict[str, tuple[str, ...]]]:
    if not rest:
        yield given
        return
    first, *others = rest
    if not holds(first.when, given):
        yield from _answered(others, given)
        return
    options = [one.value for one in first.options if not one.stop and not one.goto]
    most = len(options) if first.multi else 1
    for size in range(1, most + 1):
        for chosen in combinations(options, size):
            yield from _answered(others, given | {first.code: chosen})


def _item_codes(item: Item, catalogue: Catalogue) -> Iterator[str]:
    """实施编码 31 = implementing body 18 + level 1 + 基本编码 12; 业务办理项编码 33 = that + 2."""
    body = next((d.code for d in catalogue.departments if d.key == item.dept), "")
    if item.impl_code != f"{body}{item.use_level}{item.catalog_code}":
        yield f"实施编码 {item.impl_code} 与部门、层级、基本编码不一致"
    if not item.handle_code.startswith(item.impl_code) or len(item.handle_code) != 33:
        yield f"业务办理项编码 {item.handle_code} 不是实施编码加两位"


def _days(limit: Limit) -> float:
    """A limit in calendar days, for comparing limits of different units."""
    if limit.unit == "instant":
        return 0
    return limit.value * (_CALENDAR_DAYS_PER_WORKDAY if limit.unit == "workday" else 1)


def _codes(entries: Iterable[object]) -> set[str]:
    return {str(getattr(entry, "code", "")) for entry in entries}


def _conditions_of(item: Item) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    yield from ((entry.code, entry.when) for entry in item.situations)
    yield from ((entry.code, entry.when) for entry in item.materials)
    yield from ((entry.key, entry.when) for entry in item.form)
    yield from (("收费金额", entry.when) for entry in item.fee.amounts)


def _condition_findings(
    conditions: tuple[Condition, ...], situations: tuple[Situation, ...]
) -> Iterator[str]:
    values = {entry.code: {option.value for option in entry.options} for entry in situations}
    for condition in conditions:
        if condition.q not in values:
            yield f"条件引用了没有的问题 {condition.q}"
            continue
        unknown = [value for value in condition.one_of if value not in values[condition.q]]
        yield from (f"条件引用了 {condition.q} 没有的选项 {value}" for value in unknown)


def _situation_findings(
    situations: tuple[Situation, ...], *, item: Item, catalogue: Catalogue
) -> Iterator[str]:
    yield from _duplicates("问题", [entry.code for entry in situations])
    fields = {field.key: field for field in item.form}
    for situation in situations:
        yield from _duplicates("选项", [option.value for option in situation.options])
        for option in situation.options:
            if option.goto and option.goto not in _codes(catalogue.items):
                yield f"{situation.code}: 转到没有的事项 {option.goto}"
            for key, value in option.changes.items():
                yield from _change_findings(key, value, fields)


def _change_findings(key: str, value: object, fields: dict[str, FormField]) -> Iterator[str]:
    if not key.startswith(_PRESET_PREFIX):
        if key not in _CHANGEABLE:
            yield f"选项不能改变 {key}"
        return
    field = fields.get(key.removeprefix(_PRESET_PREFIX))
    if field is None:
        yield f"选项预填了没有的表单项 {key}"
    elif field.type == "enum" and value not in field.options:
        yield f"选项把 {key} 预填为没有的值 {value}"


def _theme_findings(theme: Theme, catalogue: Catalogue) -> Iterator[str]:
    items = {item.code: item for item in catalogue.items}
    members = [entry.item for entry in theme.items]
    if theme.lead not in {entry.key for entry in catalogue.departments}:
        yield f"没有部门 {theme.lead}"
    if theme.window not in _codes(catalogue.windows):
        yield f"没有窗口类别 {theme.window}"
    questions = {entry.code for entry in theme.situations}
    for entry in theme.items:
        if entry.item not in items:
            yield f"没有事项 {entry.item}"
            continue
        yield from (f"先办事项 {code} 不在主题中" for code in entry.after if code not in members)
        yield from _condition_findings(entry.include_when, theme.situations)
        known = {situation.code for situation in items[entry.item].situations}
        for code, answer in entry.answers.items():
            if code not in known:
                yield f"{entry.item} 没有问题 {code}"
            if answer.source is not None and answer.source not in questions:
                yield f"没有主题问题 {answer.source}"
