"""The data files: complete, strict, and telling where they are wrong."""

import shutil
from pathlib import Path

import pytest

from papers.yaml_data import CatalogueFault
from wallet.demo import DemoLicence
from wallet.demo import read as read_demo
from wallet.errors import InvalidFacts, LicenceTypeNotFound
from wallet.types import catalogue, check_digits, facts, identifier
from wallet.types.licence_types import LicenceType


def test_twenty_types() -> None:
    assert len(catalogue.all_types()) == 20


@pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)
def test_codes_of_a_type_are_well_formed(type_: LicenceType) -> None:
    assert check_digits.is_credit_code(type_.issuer_code)
    assert check_digits.is_credit_code(type_.type_code[:18])
    assert len(type_.type_code) == 21
    assert len({field.key for field in type_.fields}) == len(type_.fields)


def test_unknown_type_is_not_found() -> None:
    with pytest.raises(LicenceTypeNotFound):
        catalogue.get_type("NONE")


@pytest.mark.parametrize("licence", read_demo()[1], ids=lambda licence: licence.number)
def test_demo_licences_keep_every_rule(licence: DemoLicence) -> None:
    checked = catalogue.check_facts(licence.type, licence.fields, numbered=True)

    assert checked
    assert facts.check_number(catalogue.get_type(licence.type), licence.number)
    assert identifier.parse(licence.identifier) is not None


def broken_copy(folder: Path, old: str, new: str, name: str = "licence-types.yaml") -> Path:
    for file in catalogue.DATA.glob("*.yaml"):
        shutil.copy(file, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_misspelt_key_names_file_entry_and_line(tmp_path: Path) -> None:
    folder = broken_copy(tmp_path, "name_en: Food", "nmae_en: Food")

    with pytest.raises(CatalogueFault, match=r"licence-types\.yaml, line \d+, .*FOOD.*nmae_en"):
        catalogue.read(folder)


def test_line_of_a_fault_is_the_line_in_the_file(tmp_path: Path) -> None:
    folder = broken_copy(tmp_path, "mask: name", "mask: nobody")
    lines = (folder / "licence-types.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "mask: nobody" in text)

    with pytest.raises(CatalogueFault, match=rf"line {line}, "):
        catalogue.read(folder)


def test_field_named_nowhere_is_a_fault(tmp_path: Path) -> None:
    folder = broken_copy(tmp_path, "holder_name: owner", "holder_name: lord", "drafting.yaml")

    with pytest.raises(CatalogueFault, match="no such field: lord"):
        catalogue.read(folder)


FOOD = {
    "operator": "上海松江演示餐饮有限公司",
    "uscc": "91310117FAKE100193",
    "legal_rep": "李样例",
    "address": "演示路100号",
    "premises": "演示路100号",
    "business": "餐饮服务经营者",
    "items": ["热食类食品制售"],
    "online": True,
    "supervisor": "方松市场监督管理所",
    "issue_date": "2026-11-25",
    "valid_to": "2031-11-24",
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uscc", "91310117FAKE100194"),
        ("business", "杂货铺"),
        ("items", ["烧烤"]),
        ("online", "也许"),
        ("issue_date", "2026-02-30"),
        ("operator", "\x00"),
        ("operator", "长" * 201),
        ("operator", {"a": 1}),
        ("valid_to", None),
        ("permit_no", "JY23101170000013"),
        ("nonsense", "1"),
    ],
)
def test_each_wrong_value_is_named(key: str, value: object) -> None:
    with pytest.raises(InvalidFacts) as refusal:
        catalogue.check_facts("FOOD", {**FOOD, key: value})

    assert list(refusal.value.members["fields"]) == [key]  # type: ignore[call-overload]


def test_number_may_wait_until_issue() -> None:
    assert "permit_no" not in catalogue.check_facts("FOOD", FOOD)

    with pytest.raises(InvalidFacts):
        catalogue.check_facts("FOOD", FOOD, numbered=True)


def test_number_made_of_facts_is_checked_at_approval() -> None:
    page = {
        "name": "张宝宝",
        "relation": "子",
        "gender": "男",
        "birth_date": "2026-11-01",
        "nation": "汉族",
        "id_no": "310199199003071017",
        "head_name": "张演示",
        "address": "演示路1号",
        "household_type": "家庭户",
        "reg_date": "2026-11-25",
        "issue_org": "岳阳派出所",
    }

    with pytest.raises(InvalidFacts):
        catalogue.check_facts("HHR", {**page, "household_no": "12345"})
    assert catalogue.check_facts("HHR", {**page, "household_no": "310117001"})
