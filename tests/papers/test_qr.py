"""Codes on papers are read by another library than the one that made them."""

from itertools import pairwise

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from papers import qr
from wallet.types import codes

PRINTED = "HTTPS://SJ.EXAMPLE.CN/L/0123456789ABCDEFGHJKMNPQRS"
SCALE, QUIET_ZONE = 4, 4


def picture(runs: qr.Runs) -> Image.Image:
    side = len(runs) + 2 * QUIET_ZONE
    image = Image.new("L", (side, side), 255)
    for y, row in enumerate(runs):
        for x, length in row:
            for module in range(x, x + length):
                image.putpixel((module + QUIET_ZONE, y + QUIET_ZONE), 0)
    return image.resize((side * SCALE, side * SCALE), Image.Resampling.NEAREST)


def read(runs: qr.Runs) -> str:
    (found,) = zxingcpp.read_barcodes(picture(runs), formats=zxingcpp.BarcodeFormat.QRCode)
    return found.text


def test_code_of_a_printed_licence_is_read_back() -> None:
    assert read(qr.runs(PRINTED)) == PRINTED


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="ascii", min_codepoint=32), min_size=1, max_size=200))
def test_any_address_is_read_back(text: str) -> None:
    assert read(qr.runs(text)) == text


def test_capitals_take_no_more_room_than_on_a_screen() -> None:
    assert len(qr.runs(PRINTED)) == len(codes.modules(PRINTED))


def test_runs_lie_in_a_square_and_never_touch() -> None:
    runs = qr.runs(PRINTED)

    assert (len(runs) - 17) % 4 == 0
    for row in runs:
        assert all(x >= 0 and length > 0 and x + length <= len(runs) for x, length in row)
        assert all(x + length < after for (x, length), (after, _) in pairwise(row))


def test_same_text_is_the_same_code() -> None:
    assert qr.runs(PRINTED) == qr.runs(PRINTED)


def test_what_no_code_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        qr.runs("X" * 5_000)
