import pytest

from services.cases import errors
from services.cases.rules import completeness
from services.cases.rules.completeness import HandedIn, MaterialStatus
from services.guides import guide
from tests.cases import samples

ITEM = samples.item()
FILLED = {"name": "张演示", "kind": "甲", "agent": "李样例"}


def check(answers: dict[str, list[str]], **handed: MaterialStatus) -> None:
    completeness.check(
        guide.evaluate(ITEM, answers),
        values=FILLED,
        handed_in={code: HandedIn(status) for code, status in handed.items()},
    )


def test_what_the_platform_makes_itself_is_there() -> None:
    check({"S1": ["self"]})


@pytest.mark.parametrize(
    "status", [MaterialStatus.CHECKED, MaterialStatus.REUSED, MaterialStatus.COMMITTED]
)
def test_a_material_that_was_provided_is_there(status: MaterialStatus) -> None:
    check({"S1": ["agent"], "S2": ["kin"]}, M02=status)


@pytest.mark.parametrize("status", [MaterialStatus.RECEIVED, MaterialStatus.REJECTED])
def test_a_material_that_is_not_good_yet_is_missing(status: MaterialStatus) -> None:
    with pytest.raises(errors.CaseIncomplete) as refused:
        check({"S1": ["agent"], "S2": ["kin"]}, M02=status)

    assert [entry["code"] for entry in refused.value.members["materials"]] == ["M02"]  # type: ignore[attr-defined]


def test_an_optional_material_may_be_missing_but_not_bad() -> None:
    check({"S1": ["self"]})

    with pytest.raises(errors.CaseIncomplete):
        check({"S1": ["self"]}, M03=MaterialStatus.REJECTED)


def test_a_rejected_form_counts_although_the_platform_makes_it() -> None:
    requirement = ITEM.materials[0]

    rejected = HandedIn(MaterialStatus.REJECTED, "内容不全")

    assert completeness.status_of(requirement, None) is MaterialStatus.GENERATED
    assert completeness.status_of(requirement, rejected) is MaterialStatus.REJECTED


def test_an_open_question_is_named() -> None:
    with pytest.raises(errors.CaseIncomplete) as refused:
        check({"S1": ["agent"]}, M02=MaterialStatus.CHECKED)

    assert refused.value.members["errors"] == [
        {"field": "answers.S2", "message": "请回答：代办人是谁?"}
    ]


def test_a_way_that_ends_is_not_submitted() -> None:
    with pytest.raises(errors.GuideStopped) as refused:
        check({"S1": ["other"]})

    assert refused.value.members == {"goto": "SJ-GA-01"}
