import pytest

from services.guides import errors, guide
from services.guides.reading import read_catalogue
from tests.cases import samples

ITEM = samples.item()


def test_without_answers_the_first_question_is_next() -> None:
    found = guide.evaluate(ITEM, {})

    assert found.next_question == "S1"
    assert [entry.code for entry in found.questions] == ["S1"]
    assert not found.complete


def test_an_answer_opens_a_dependent_question() -> None:
    found = guide.evaluate(ITEM, {"S1": ["agent"]})

    assert found.next_question == "S2"


def test_materials_and_fields_follow_the_answers() -> None:
    alone = guide.evaluate(ITEM, {"S1": ["self"]})
    helped = guide.evaluate(ITEM, {"S1": ["agent"], "S2": ["kin", "firm"]})

    assert [entry.code for entry in alone.materials] == ["M01", "M03"]
    assert [entry.code for entry in helped.materials] == ["M01", "M02", "M03"]
    assert [entry.key for entry in helped.fields] == ["name", "kind", "agent"]
    assert alone.complete
    assert helped.complete


def test_an_answer_to_a_hidden_question_does_not_count() -> None:
    found = guide.evaluate(ITEM, {"S1": ["self"], "S2": ["kin"]})

    assert [entry.code for entry in found.questions] == ["S1"]
    assert found.complete


def test_stop_and_goto_end_the_way() -> None:
    assert guide.evaluate(ITEM, {"S1": ["never"]}).stop == "请到窗口咨询"
    assert guide.evaluate(ITEM, {"S1": ["other"]}).goto == "SJ-GA-01"
    assert not guide.evaluate(ITEM, {"S1": ["other"]}).complete


def test_an_option_changes_mode_limit_and_form() -> None:
    found = guide.evaluate(ITEM, {"S1": ["fast"]})

    assert found.approval_mode == "commitment"
    assert guide.limit_text(found.promised_limit) == "当场办结"
    assert found.presets == {"kind": "甲"}
    assert found.fee_text == "不收费"


def test_an_unknown_question_is_named() -> None:
    with pytest.raises(errors.UnknownQuestion) as refused:
        guide.evaluate(ITEM, {"S9": ["self"]})

    assert refused.value.members == {"question": "S9"}


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(errors.UnknownOption) as refused:
        guide.evaluate(ITEM, {"S1": ["nobody"]})

    assert refused.value.members == {"question": "S1", "option": "nobody"}


def test_two_answers_to_a_single_question_are_refused() -> None:
    with pytest.raises(errors.InvalidAnswers):
        guide.evaluate(ITEM, {"S1": ["self", "agent"]})


def test_replaceable_materials_are_counted() -> None:
    assert guide.evaluate(ITEM, {"S1": ["self"]}).saved_count == 1


@pytest.mark.parametrize("item", read_catalogue().items, ids=lambda item: item.code)
def test_every_answer_of_every_item_gives_a_guide(item: samples.Item) -> None:
    for situation in item.situations:
        for option in situation.options:
            found = guide.evaluate(item, {situation.code: [option.value]})
            assert found.materials
            assert found.promised_limit.value >= 0
