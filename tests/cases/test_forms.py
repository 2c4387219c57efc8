import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases import errors
from services.cases.rules import forms
from services.guides.definitions import FormField, Rule


def field(kind: str, **changes: Any) -> FormField:
    shape: dict[str, Any] = {"key": "x", "label": "某项", "type": kind, "required": True}
    return FormField(**(shape | changes))


def checked(kind: str, value: object, **changes: Any) -> object:
    return forms.check([field(kind, **changes)], {"x": value})["x"]


def refusal(kind: str, value: object, **changes: Any) -> str:
    with pytest.raises(errors.InvalidForm) as refused:
        checked(kind, value, **changes)
    (error,) = refused.value.members["errors"]  # type: ignore[misc]
    assert error["field"] == "x"
    return str(error["message"])


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("string", "  张演示 ", "张演示"),
        ("idno", "11010519491231002x", "11010519491231002X"),
        ("uscc", "91310117FAKE100193", "91310117FAKE100193"),
        ("phone", "199 0000 0001", "19900000001"),
        ("phone", "021-57823456", "021-57823456"),
        ("phone", "１９９００００００００", "19900000000"),
        ("phone", "021－57823456", "021-57823456"),
        ("idno", "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        ("date", "2026-11-25", "2026-11-25"),
        ("datetime", "2026-11-25T09:30:00", "2026-11-25T09:30"),
        ("decimal", "12.50", "12.5"),
        ("decimal", 100, "100"),
        ("decimal", "1000", "1000"),
        ("integer", "3", 3),
        ("boolean", False, False),
        ("division", "310117003", "310117003"),
        ("code", "2602-310117-04-01-000123", "2602-310117-04-01-000123"),
        ("list", "C1", ["C1"]),
        ("list", ["甲", "乙"], ["甲", "乙"]),
        ("table", [{"姓名": "甲", "出资": 3}], [{"姓名": "甲", "出资": "3"}]),
    ],
)
def test_a_fitting_value_is_stored_in_normal_form(kind: str, value: object, stored: object) -> None:
    assert checked(kind, value) == stored


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 5),
        ("string", "长" * 201),
        ("string", "a\x00b"),
        ("idno", "310199199003071012"),
        ("idno", "不是号码"),
        ("uscc", "914403001922038217"),
        ("phone", "12345"),
        ("phone", "1990000000१"),
        ("division", "31011700३"),
        ("idno", "11010519491231००२x"),
        ("date", "2026-02-30"),
        ("date", "昨天"),
        ("datetime", "2026-11-25T25:00"),
        ("decimal", "十"),
        ("decimal", "NaN"),
        ("decimal", "1e400"),
        ("decimal", "1e-400"),
        ("decimal", True),
        ("integer", "3.5"),
        ("integer", "1e-30"),
        ("boolean", "yes"),
        ("division", "31"),
        ("code", "a b;c"),
        ("list", [[1]]),
        ("list", {"a": 1}),
        ("table", [{"a": {"b": 1}}]),
        ("table", ["甲"]),
        ("table", [{"a": "x" * 501}]),
    ],
)
def test_an_unfit_value_is_refused_in_words(kind: str, value: object) -> None:
    assert refusal(kind, value).startswith("某项：")


def test_an_option_must_be_one_of_the_list() -> None:
    assert checked("enum", "甲", options=("甲", "乙")) == "甲"
    assert "甲、乙" in refusal("enum", "丙", options=("甲", "乙"))


def test_a_rule_bounds_the_number() -> None:
    assert refusal("decimal", "-1", rule=Rule(min=0)) == "某项：不能小于 0"
    assert refusal("integer", 101, rule=Rule(max=100)) == "某项：不能大于 100"
    assert checked("decimal", "0", rule=Rule(min=0)) == "0"


def test_a_rule_bounds_the_rows() -> None:
    rows = [{"a": "1"}] * 3

    assert refusal("table", rows, rule=Rule(max_rows=2)) == "某项：最多 2 行"


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(errors.InvalidForm) as refused:
        forms.check([field("string")], {"y": 1})

    assert refused.value.members["errors"][0]["field"] == "y"  # type: ignore[index]


def test_every_wrong_field_is_named_at_once() -> None:
    fields = [field("date"), field("phone", key="p")]

    with pytest.raises(errors.InvalidForm) as refused:
        forms.check(fields, {"x": "?", "p": "?"})

    assert len(refused.value.members["errors"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, "", "  ", []])
def test_an_empty_value_clears_the_field(value: object) -> None:
    assert checked("list", value) is None


def test_missing_lists_the_required_fields_only() -> None:
    fields = [field("string"), field("string", key="y", required=False)]

    assert [error["field"] for error in forms.missing(fields, {"x": " "})] == ["x"]


def test_prefill_takes_the_first_known_source() -> None:
    known = forms.Known(
        account={"name": "张演示"},
        licences={"BL": {"name": "演示公司"}},
        licence_names={"BL": "营业执照"},
    )
    paths = ("data.DR-SC-01.name", "licence.BL.name", "account.name")

    filled = forms.prefill([field("string", prefill=paths)], known)

    assert filled["x"].value == "演示公司"
    assert filled["x"].path == "licence.BL.name"
    assert filled["x"].text == "来自您的电子证照《营业执照》"


def test_prefill_skips_a_value_that_does_not_fit() -> None:
    known = forms.Known(account={"id_no": "坏", "name": "张演示"})

    assert forms.prefill([field("idno", prefill=("account.id_no",))], known) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(forms._CHECKS)), JSON)
def test_no_value_breaks_a_field(kind: str, value: object) -> None:
    with contextlib.suppress(errors.InvalidForm):
        checked(kind, value, options=("甲",), rule=Rule(min=0, max=9))
