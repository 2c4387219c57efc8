"""Every item that yields a licence can be drafted, completed by an officer and drawn."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from wallet.types import catalogue, facts, number_format
from wallet.types.drafting import Applicant
from wallet.types.licence_types import Field, FieldType

ITEMS = Path(__file__).parents[2] / "services" / "guides" / "catalogue_data" / "items"
TODAY = date(2026, 11, 25)
PERSON = Applicant(name="张演示", id_no="310199199003071017")
COMPANY = Applicant(name="上海松江演示餐饮有限公司", id_no="91310117FAKE100193")

ANSWERS: dict[str, Any] = {
    "delivery": "电子证照",
    "birth_time": "2026-11-01T10:30",
    "gender": "女",
    "capital": "100",
    "items": ["热食类食品制售"],
    "business": "餐饮服务经营者",
    "class": ["C1"],
    "category": None,
    "town_code": "310117001",
    "qual_no": "201831111111111111111111111",
    "project_code": "2602-310117-04-01-000123",
    "household_no": "310117001",
    "org_uscc": COMPANY.id_no,
    "org_name": COMPANY.name,
    "permit_no": "JY23101170000012",
}

BY_TYPE: dict[FieldType, Any] = {
    FieldType.STRING: "示例",
    FieldType.TEXT: "示例文字",
    FieldType.ADDRESS: "上海市松江区方松街道演示路1号",
    FieldType.BOOLEAN: False,
    FieldType.INTEGER: 2,
    FieldType.DECIMAL: "98.5",
    FieldType.DATE: "2026-12-31",
    FieldType.DATETIME: "2026-11-01T10:30",
    FieldType.PHONE: "19900000001",
    FieldType.IDNO: PERSON.id_no,
    FieldType.USCC: COMPANY.id_no,
    FieldType.DIVISION: "310117001",
    FieldType.LIST: ["示例"],
}

PATTERNED = {
    "unit_no": "310117001002GB00003F00040005",
    "qual_no": "201831111111111111111111111",
    "archive_no": "310117000001",
    "project_code": "2602-310117-04-01-000123",
}


def entries(node: object) -> Iterator[dict[str, Any]]:
    """Every mapping with a `result` in a data file, however the file arranges its items."""
    if isinstance(node, dict):
        if "result" in node and "code" in node:
            yield node
            return
        for value in node.values():
            yield from entries(value)
    if isinstance(node, list):
        for value in node:
            yield from entries(value)


def items_with_licences() -> list[dict[str, Any]]:
    files = sorted(ITEMS.glob("*.yaml")) if ITEMS.is_dir() else []
    found = [item for file in files for item in entries(yaml.safe_load(file.read_text("utf-8")))]
    return [item for item in found if item["result"].get("licence")]


ALL = items_with_licences()


def test_all_items_are_walked() -> None:
    assert len(ALL) == 22


def form_of(item: dict[str, Any]) -> dict[str, Any]:
    """The form as an applicant would fill it in."""
    form = item["form"]
    fields = form["fields"] if isinstance(form, dict) else form
    return {field["key"]: _answer(field) for field in fields}


def _answer(field: dict[str, Any]) -> Any:
    known = ANSWERS.get(field["key"])
    if known is not None:
        return known
    if field.get("options"):
        return field["options"][0]
    type_ = FieldType.__members__.get(str(field["type"]).upper())
    return BY_TYPE.get(type_, "示例") if type_ else "示例"


def officer_fills(field: Field) -> Any:
    """What a reviewing officer would write into a field the case says nothing of."""
    if field.options:
        return [field.options[0]] if field.type is FieldType.LIST else field.options[0]
    return PATTERNED.get(field.key, BY_TYPE.get(field.type, "示例"))


def previous_of(item: dict[str, Any]) -> dict[str, Any] | None:
    """The licence that a reissue or an endorsement replaces."""
    if item["result"]["action"] == "issue":
        return None
    type_ = catalogue.get_type(item["result"]["licence"])
    filled = {field.key: officer_fills(field) for field in type_.fields if field.required}
    number = {"BL": ("uscc", COMPANY.id_no), "FOOD": ("permit_no", "JY23101170000012")}
    if type_.code in number:
        key, value = number[type_.code]
        filled[key] = value
    return catalogue.check_facts(type_.code, filled, numbered=True)


@pytest.mark.parametrize("item", ALL, ids=lambda item: item["code"])
def test_item_can_be_issued_this_way(item: dict[str, Any]) -> None:
    code = item["result"]["licence"]
    rule = catalogue.rule_for(code)
    applicant = PERSON if "1" in [str(kind) for kind in item["audience"]] else COMPANY

    drafted, missing = catalogue.draft_facts(
        code, form=form_of(item), applicant=applicant, previous=previous_of(item), at=TODAY
    )
    completed = {**drafted, **{field.key: officer_fills(field) for field in missing}}
    checked = catalogue.check_facts(code, completed)

    number = number_format.render(rule.number, facts=checked, issued_on=TODAY, serial=7)
    assert facts.check_number(catalogue.get_type(code), number)
    if rule.issued_on:
        assert rule.issued_on in checked


def test_fields_that_are_computed_are_never_left_to_the_officer() -> None:
    drafted, missing = catalogue.draft_facts(
        "RES",
        form={"hukou_address": "某省", "address": "演示路1号", "town_code": "310117001"},
        applicant=PERSON,
        previous=None,
        at=TODAY,
    )

    assert drafted["birth_date"] == "1990-03-07"
    assert drafted["gender"] == "男"
    assert drafted["endorse_to"] == "2027-11-24"
    assert [field.key for field in missing] == ["nation"]


def test_endorsement_keeps_the_facts_and_moves_the_end() -> None:
    previous = {
        "name": "张演示",
        "id_no": PERSON.id_no,
        "gender": "男",
        "nation": "汉族",
        "birth_date": "1990-03-07",
        "hukou_address": "某省",
        "address": "旧地址",
        "town_code": "310117001",
        "issue_org": "上海市公安局松江分局",
        "issue_date": "2025-01-10",
        "endorse_to": "2027-01-09",
    }

    drafted, missing = catalogue.draft_facts(
        "RES",
        form={"address": "新地址", "endorse_to": "2027-01-09"},
        applicant=PERSON,
        previous=previous,
        at=date(2026, 12, 20),
    )

    assert missing == []
    assert drafted["address"] == "新地址"
    assert drafted["issue_date"] == "2025-01-10"
    assert drafted["endorse_to"] == "2028-01-09"


def test_value_that_does_not_fit_is_left_to_the_officer() -> None:
    _, missing = catalogue.draft_facts(
        "DIS", form={"category": ["视力", "听力"]}, applicant=PERSON, previous=None, at=TODAY
    )

    assert "category" in [field.key for field in missing]


def test_single_choice_out_of_a_list_is_taken() -> None:
    drafted, _ = catalogue.draft_facts(
        "DIS", form={"category": ["肢体"]}, applicant=PERSON, previous=None, at=TODAY
    )

    assert drafted["category"] == "肢体"


@pytest.mark.parametrize(
    ("form", "entity_type"),
    [({"company_name": "甲公司"}, "有限责任公司"), ({"shop_name": "乙店"}, "个体工商户")],
)
def test_kind_of_company_follows_from_the_form(form: dict[str, Any], entity_type: str) -> None:
    drafted, _ = catalogue.draft_facts("BL", form=form, applicant=PERSON, previous=None, at=TODAY)

    assert drafted["entity_type"] == entity_type
