"""Numbers are allotted once each."""

import asyncio
from datetime import date

import pytest

from wallet.errors import InvalidFacts
from wallet.issue import numbers
from wallet.types import catalogue, number_format
from wallet.types.facts import check_number
from wallet.types.licence_types import LicenceType

DAY = date(2026, 11, 25)
FACTS = {
    "entity_type": "个体工商户",
    "business": "餐饮服务经营者",
    "id_no": "310199199003071017",
    "category": "肢体",
    "grade": "三级",
    "level": "执业医师",
    "household_no": "310117001",
}


@pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)
def test_numbers_fit_their_type(type_: LicenceType) -> None:
    facts = {**FACTS, "category": "临床"} if type_.code == "DOC" else FACTS
    rule = catalogue.rule_for(type_.code).number

    number = number_format.render(rule, facts=facts, issued_on=DAY, serial=rule.first)

    assert check_number(type_, number)


def test_shop_and_company_get_their_own_prefix() -> None:
    rule = catalogue.rule_for("BL").number

    shop = number_format.render(rule, facts=FACTS, issued_on=DAY, serial=2001)
    company = number_format.render(
        rule, facts={"entity_type": "有限责任公司"}, issued_on=DAY, serial=2001
    )

    assert (shop[:2], company[:2]) == ("92", "91")


def test_missing_fact_is_refused() -> None:
    with pytest.raises(InvalidFacts):
        number_format.render(catalogue.rule_for("DRV").number, facts={}, issued_on=DAY, serial=0)


async def test_numbers_follow_one_another(db: None) -> None:
    first = await numbers.allot("FOOD", facts=FACTS, issued_on=DAY)
    second = await numbers.allot("FOOD", facts=FACTS, issued_on=DAY)

    assert (first, second) == ("JY23101170010018", "JY23101170010026")


async def test_runs_begin_anew_each_year(db: None) -> None:
    await numbers.allot("MAR", facts={}, issued_on=DAY)

    following = await numbers.allot("MAR", facts={}, issued_on=date(2027, 1, 1))

    assert following == "J310117-2027-001001"


async def test_no_number_is_given_twice(db: None) -> None:
    made = await asyncio.gather(*(numbers.next_serial("race") for _ in range(20)))

    assert sorted(made) == list(range(1, 21))
