"""Pure rules at their edges: money, values of templates, scenes, queries of links."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapp_bridge.client import LONG_DIGITS, redact
from miniapp_bridge.errors import MessageRejected
from miniapp_bridge.payments.money import to_fen, to_yuan
from miniapp_bridge.wechat import links, scene, templates

FEN = st.integers(-(10**14) + 1, 10**14 - 1)
SEEN = re.compile(r"[\x21-\x7e]+")
SPACE = st.sampled_from(" \n\t\u3000\u00a0")


@given(FEN)
def test_yuan_and_fen_tell_the_same_amount(fen: int) -> None:
    assert to_fen(to_yuan(fen)) == fen
    assert Decimal(to_yuan(fen)) * 100 == fen


@given(FEN, FEN)
def test_amounts_keep_their_order(one: int, other: int) -> None:
    assert (Decimal(to_yuan(one)) < Decimal(to_yuan(other))) == (one < other)


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [
        ("0", 0),
        ("-0.00", 0),
        ("0.1", 10),
        ("0.29", 29),
        ("1.10", 110),
        ("  88.88\t", 8888),
        ("007", 700),
        ("999999999999.99", 99_999_999_999_999),
    ],
)
def test_exact_amounts_are_read(yuan: str, fen: int) -> None:
    assert to_fen(yuan) == fen


AMOUNTS = [
    "", " ", ".", "1.", ".5", "1.234", "0.001", "1e2", "1_000", "1,000.00", "+1", "--1", "1 2",
    "NaN", "Infinity", "0x10", "¥1", "1元", "１", "١", "1.२", "1\n2", "1" * 13, "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("yuan", AMOUNTS, ids=range(len(AMOUNTS)))
def test_what_is_no_exact_amount_is_not_guessed(yuan: str) -> None:
    with pytest.raises(ValueError, match="not an amount in yuan"):
        to_fen(yuan)


VALUES: list[tuple[str, list[str], list[str]]] = [
    ("thing1", ["a", "长" * 20], ["", " \n ", "\u3000"]),
    ("name1", ["李", "A" * 20], [""]),
    ("character_string1", ["SJ-1", "~" * 32], ["", "a b", "é", "编号", "x" * 33]),
    ("number1", ["0", "-1", "3.14", "9" * 32], ["", "1,0", "+1", "1.", "９", "٣", "9" * 33]),
    ("letter1", ["a", "Z" * 32], ["", "1", "é", "z" * 33]),
    ("symbol1", ["！", "?!?!?"], ["", "a", "_", "? ?", "??????"]),
    (
        "time1",
        ["15:01", "2019年10月1日 15:01", "2019年10月1日15:01", "2019年10月1日",
         "8:00~9:00", "2019年10月1日 8:00~2019年10月2日 9:00"],
        ["", "~", "8:00~", "~9:00", "8:00~9:00~10:00", "15", "15:1", "2019-10-01", "２:00", "明天"],
    ),
    ("date2", ["2019年10月1日", "2019年10月1日~2019年10月2日"], ["", "~", "10月1日", "2019年"]),
    (
        "amount1",
        ["0", "¥12.34", "￥5", "$1.5", "12元", "¥1元"],
        ["", "元", "¥", "12.345", "-1", "1,000", "１２", "1" * 11],
    ),
    ("phone_number1", ["+86-199-0000-0001", "110"], ["", "199a", "1" * 18, "１１０"]),
    ("car_number1", ["沪A12345", "沪AD12345"], ["", "沪a12345", "沪A-2345", "沪A1234567"]),
    ("phrase1", sorted(templates.PHRASES), ["", "通过", "已通过！"]),
    ("thing", [], ["a"]),
    ("1", [], ["a"]),
    ("Thing1", [], ["a"]),
    ("other_kind7", [], ["a"]),
]  # fmt: skip
GOOD = [(key, value) for key, good, _ in VALUES for value in good]
BAD = [(key, value) for key, _, bad in VALUES for value in bad]


def test_every_type_of_the_rules_is_tried() -> None:
    tried = {re.sub(r"\d+$", "", key) for key, _ in GOOD}

    assert tried == set(templates.RULES)


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_value_within_the_limits_goes_out_as_it_is(key: str, value: str) -> None:
    assert templates.fit({"x": value}, {"x": key}) == {key: {"value": value}}


@pytest.mark.parametrize(("key", "value"), BAD)
def test_value_beyond_the_limits_costs_no_call(key: str, value: str) -> None:
    with pytest.raises(MessageRejected) as refusal:
        templates.fit({"x": value}, {"x": key})
    assert refusal.value.vendor_code == "47003"


@given(st.text(), st.sampled_from(sorted(templates.RULES)))
def test_nothing_longer_or_of_several_lines_goes_out(value: str, kind: str) -> None:
    try:
        ((_, sent),) = templates.fit({"x": value}, {"x": f"{kind}1"}).items()
    except MessageRejected:
        return
    assert sent["value"]
    assert not re.search(r"[\r\n\t]", sent["value"])
    if kind in ("thing", "name"):
        assert len(sent["value"]) <= 20


@given(st.text(alphabet="长a ", min_size=1, max_size=60), st.lists(SPACE, max_size=3))
def test_what_was_cut_is_not_cut_again(value: str, spaces: list[str]) -> None:
    wide = "".join(spaces).join(["", value, ""])
    try:
        once = templates.fit({"x": wide}, {"x": "thing1"})["thing1"]["value"]
    except MessageRejected:
        assert not wide.strip()
        return
    assert templates.fit({"x": once}, {"x": "thing1"})["thing1"]["value"] == once


@given(st.text(max_size=40))
def test_scene_is_short_and_visible(text: str) -> None:
    if scene.SCENE.fullmatch(text):
        assert SEEN.fullmatch(text)
        assert 1 <= len(text) <= 32
        assert "%" not in text


@pytest.mark.parametrize("text", ["a" * 32, "!#$&'()*+,/:;=?@-._~", "0"])
def test_scene_that_can_be_carried(text: str) -> None:
    assert scene.SCENE.fullmatch(text)


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (1, 1), (30, 30), (31, 30)])
def test_link_lives_from_a_day_to_a_month(asked: int, given: int) -> None:
    assert links._days(asked) == given


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("errcode 40013 rid 6129ee10", "errcode 40013 rid 6129ee10"),
        ("openid=o1&next=/case/7", "openid=***&next=/case/7"),
        ("Secret: abc, then", "Secret: ***, then"),
        ("'session_key' : \"a b\"}", "'session_key' : ***}"),
        ("codex=1", "codex=1"),
        ("19900000001", "***"),
        ("31019919900307101X.", "***."),
    ],
)
def test_log_keeps_what_helps_and_stars_what_tells(text: str, kept: str) -> None:
    assert redact(text) == kept


@given(st.text(), st.text(alphabet="0123456789", min_size=10, max_size=30), st.text())
def test_no_long_number_comes_through(before: str, digits: str, after: str) -> None:
    assert not LONG_DIGITS.search(redact(f"{before}{digits}{after}"))
