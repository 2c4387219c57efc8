from typing import Any

import msgspec
import pytest

from services.guides import fees, guide
from services.guides.definitions import Fee, Item
from services.guides.reading import read_catalogue
from tests.cases import samples

ITEMS = {item.code: item for item in read_catalogue().items}


def charged(*amounts: dict[str, Any], **more: Any) -> Item:
    return samples.item(fee={"charged": True, "online_pay": True, "amounts": amounts, **more})


def amount(fen: int, *answers: str, per: str | None = None) -> dict[str, Any]:
    when = [{"q": "S1", "in": list(answers)}] if answers else []
    return {"fen": fen, "per": per, "when": when}


def charge(item: Item, **answers: list[str]) -> fees.Charge:
    return guide.evaluate(item, answers).fee


@pytest.mark.parametrize(
    ("code", "answers", "fen", "text"),
    [
        ("SJ-QQDJ-01", {"S1": ["house"]}, 8000, "80元/件"),
        ("SJ-QQDJ-01", {"S1": ["other"]}, 55000, "550元/件"),
        ("SJ-QQDJ-01", {}, None, "80元/件或550元/件"),
        ("SJ-GA-04", {}, 1000, "10元/本"),
        ("SJ-YBJ-01", {"S1": ["newborn"], "S3": ["no"]}, 35000, "350元/人"),
        ("SJ-YBJ-01", {"S1": ["adult"], "S3": ["no"], "S4": ["sixties"]}, 70000, "700元/人"),
        ("SJ-YBJ-01", {"S1": ["adult"], "S3": ["yes"]}, 0, "0元（免收）"),
        ("SJ-YBJ-01", {"S1": ["student"]}, None, "0元（免收）或350元/人"),
        ("SJ-YBJ-01", {}, None, "0至900元/人"),
        ("SJ-RSJ-03", {}, 0, "不收费"),
    ],
)
def test_the_answers_choose_the_amount(
    code: str, answers: dict[str, list[str]], fen: int | None, text: str
) -> None:
    found = guide.evaluate(ITEMS[code], answers)

    assert (found.fee.fen, found.fee.text, found.fee_text) == (fen, text, text)


def test_an_answer_of_a_question_that_is_no_longer_asked_chooses_nothing() -> None:
    found = charge(ITEMS["SJ-YBJ-01"], S1=["student"], S3=["no"], S4=["seventies"])

    assert found.fen == 35000


def test_amounts_are_written_with_two_places_when_they_have_fen() -> None:
    assert charge(charged(amount(1250, per="份"))).text == "12.50元/份"
    assert charge(charged(amount(5))).text == "0.05元"


def test_only_what_is_paid_online_and_is_not_nothing_becomes_a_bill() -> None:
    assert charge(charged(amount(8000))).bill == 8000
    assert charge(charged(amount(0))).bill == 0
    assert charge(charged(amount(8000), online_pay=False)).bill == 0
    assert charge(charged(amount(8000, "self"), amount(100, "agent"))).bill == 0
    assert charge(samples.item()).bill == 0


def test_amounts_that_contradict_each_other_are_never_charged() -> None:
    found = charge(charged(amount(8000), amount(100)), S1=["self"])

    assert (found.fen, found.bill, found.text) == (None, 0, "1元或80元")


def test_no_negative_and_no_broken_amount_can_be_read() -> None:
    for fen in (-1, 0.5, "80元", 1_000_000_001):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"charged": True, "amounts": [{"fen": fen}]}, Fee)


@pytest.mark.parametrize(
    ("sentence", "fen"),
    [
        ("10元/本", 1000),
        ("工本费 0.5 元", 50),
        ("12.34元", 1234),
        ("0元", 0),
        ("按规定收费", None),
        ("首次10元，补证20元", None),
        ("", None),
    ],
)
def test_a_version_of_before_is_charged_what_its_sentence_says(
    sentence: str, fen: int | None
) -> None:
    older = samples.item(fee={"charged": True, "standard": sentence, "online_pay": True})

    found = charge(older)

    assert (found.fen, found.text) == (fen, sentence or "按规定收费")


def test_a_version_of_before_is_charged_what_its_answers_set() -> None:
    shape = msgspec.to_builtins(samples.item())
    shape["fee"] = {"charged": True, "standard": "住宅80元/件,非住宅550元/件", "online_pay": True}
    options = shape["situations"][0]["options"]
    options[0]["set"] = {"fee.standard": "550元/件"}
    older = msgspec.convert(shape, Item)

    assert charge(older).bill == 0
    assert charge(older, S1=["self"]).bill == 55000
    assert charge(older, S1=["self"]).text == "550元/件"
