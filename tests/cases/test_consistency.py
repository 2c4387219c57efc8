from typing import Any

import msgspec
import pytest

from services.guides import consistency, errors
from services.guides.definitions import Catalogue, Item
from services.guides.reading import read_catalogue
from tests.cases import samples

CATALOGUE = read_catalogue()


ANY = [{"fen": 8000}]


def amount(fen: int, question: str, *answers: str) -> dict[str, Any]:
    return {"fen": fen, "when": [{"q": question, "in": list(answers)}]}


OVERLAPPING = [amount(1, "S2", "kin"), amount(2, "S2", "firm"), amount(3, "S1", "self", "fast")]


def with_item(item: Item) -> Catalogue:
    return msgspec.structs.replace(CATALOGUE, items=(*CATALOGUE.items, item))


def test_the_shipped_catalogue_is_consistent() -> None:
    consistency.check(CATALOGUE)


def test_a_made_up_item_is_consistent() -> None:
    consistency.check(with_item(samples.item()))


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"promised_limit": {"value": 21, "unit": "workday"}}, "承诺时限超过法定时限"),
        ({"promised_limit": {"value": 29, "unit": "day"}}, "承诺时限超过法定时限"),
        ({"window": "W-XX"}, "没有窗口类别 W-XX"),
        ({"line_system": "LS-XX"}, "没有业务系统 LS-XX"),
        ({"conditions": ["其他应当提交的材料"]}, "兜底条款"),
        ({"audience": ["8"]}, "代码表 audience 没有 8"),
        ({"impl_code": "1" * 31}, "实施编码"),
        ({"handle_code": "1" * 33}, "业务办理项编码"),
        ({"fee": {"charged": True}}, "缺少收费金额"),
        ({"fee": {"charged": True, "standard": "80元/件", "amounts": ANY}}, "不写成一句话"),
        ({"fee": {"charged": False, "amounts": ANY}}, "不收费的事项写了收费金额"),
        ({"fee": {"charged": True, "amounts": [*ANY, *ANY]}}, "不是恰好一个收费金额"),
        (
            {"fee": {"charged": True, "amounts": [amount(1, "S1", "self")]}},
            "回答 S1=agent 时不是恰好一个收费金额",
        ),
        (
            {"fee": {"charged": True, "amounts": [amount(1, "S9", "self")]}},
            "收费金额: 条件引用了没有的问题 S9",
        ),
        (
            {"fee": {"charged": True, "amounts": OVERLAPPING}},
            "回答 S1=agent、S2=kin+firm 时不是恰好一个收费金额",
        ),
        ({"materials": [samples.material("M01"), samples.material("M01")]}, "材料编码重复 M01"),
        (
            {"materials": [samples.material("M01", when=[{"q": "S9", "in": ["x"]}])]},
            "条件引用了没有的问题 S9",
        ),
        (
            {"materials": [samples.material("M01", when=[{"q": "S1", "in": ["x"]}])]},
            "S1 没有的选项 x",
        ),
        (
            {"materials": [samples.material("M01", replace=[{"by": "data", "resource": "D"}])]},
            "没有数据资源 D",
        ),
        (
            {"materials": [samples.material("M01", replace=[{"by": "licence"}])]},
            "缺少证照类型",
        ),
    ],
)
def test_a_contradiction_is_found(changes: dict[str, Any], finding: str) -> None:
    with pytest.raises(errors.InvalidCatalogue) as refused:
        consistency.check(with_item(samples.item(**changes)))

    assert finding in str(refused.value)
    assert "SJ-RSJ-99" in str(refused.value)


def test_a_wrong_check_digit_of_a_department_is_found() -> None:
    first = msgspec.structs.replace(CATALOGUE.departments[0], code="11310117FAKE000132")
    broken = msgspec.structs.replace(CATALOGUE, departments=(first, *CATALOGUE.departments[1:]))

    with pytest.raises(errors.InvalidCatalogue, match="校验位"):
        consistency.check(broken)


def test_all_findings_come_together() -> None:
    item = samples.item(window="W-XX", line_system="LS-XX")

    with pytest.raises(errors.InvalidCatalogue) as refused:
        consistency.check(with_item(item))

    assert len(refused.value.members["findings"]) == 2  # type: ignore[arg-type]
