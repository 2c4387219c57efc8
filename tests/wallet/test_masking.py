"""What others may read of a value."""

import pytest

from wallet.types import masking
from wallet.types.licence_types import Mask


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (Mask.NAME, "张演示", "张**"),
        (Mask.NAME, "张", "张*"),
        (Mask.IDNO, "310199199003071017", "310***********1017"),
        (Mask.PHONE, "19900000001", "199****0001"),
        (Mask.ADDRESS, "上海市松江区岳阳街道样例弄2号301室", "上海市松江区岳阳街道****"),
        (Mask.ADDRESS, "某省某市演示县测试村1号", "某省某市演示****"),
        (Mask.DATE, "1990-03-07", "1990年**月**日"),
        (Mask.MIDDLE, "310117000001", "310******001"),
        (Mask.HIDE, "合格", "······"),
        (None, "合格", "合格"),
        (Mask.NAME, "", ""),
    ],
)
def test_masks(mask: Mask | None, text: str, shown: str) -> None:
    assert masking.apply(mask, text) == shown


@pytest.mark.parametrize("text", ["A", "AB", "ABC", "ABCDEFG", "ABCDEFGH"])
def test_number_is_never_shown_whole(text: str) -> None:
    shown = masking.number(text)

    assert shown != text
