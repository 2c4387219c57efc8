"""The text of codes and their picture."""

import string

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from wallet.types import codes
from wallet.types.codes import Kind

URL = "http://127.0.0.1:8800"


def test_code_has_128_bits_in_26_characters() -> None:
    made = {codes.new_code() for _ in range(200)}

    assert len(made) == 200
    assert all(len(code) == 26 and code[0] in "01234567" for code in made)
    assert all(set(code) <= set(codes.ALPHABET) for code in made)


def test_text_is_read_back() -> None:
    code = codes.new_code()

    text = codes.text_of(code, public_url=URL)

    assert text == f"HTTPS://127.0.0.1:8800/P/{code}"
    assert codes.parse(text) == code
    assert codes.parse(f"  {text.lower()}\n") == code
    assert codes.kind_of(text) is Kind.ONLINE


def test_letters_people_confuse_are_put_right() -> None:
    assert codes.normal("0OIL" + "0" * 22) == "0011" + "0" * 22


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Kind.UNREADABLE),
        ("\x00\x01", Kind.UNREADABLE),
        ("A" * 10_000, Kind.UNREADABLE),
        ("EL1:ABCDEF", Kind.OFFLINE_PASS),
        ("HTTPS://HOST/L/ABCDE-0123456789", Kind.PRINTED),
        ("https://example.com/", Kind.OTHER),
        ("HTTPS://HOST/P/SHORT", Kind.OTHER),
        ("HTTPS://HOST/P/8" + "0" * 25, Kind.OTHER),
        ("HTTPS://HOST/P/U" + "0" * 25, Kind.OTHER),
        ("HTTPS://HOST/X?/P/" + "0" * 26, Kind.OTHER),
    ],
)
def test_other_texts(text: str, kind: Kind) -> None:
    assert codes.kind_of(text) is kind
    assert codes.parse(text) is None


@given(st.text(max_size=400))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    codes.kind_of(text)
    codes.parse(text)


def test_picture_is_read_by_a_scanner() -> None:
    text = codes.text_of(codes.new_code(), public_url="https://www.example.gov.cn")

    found = zxingcpp.read_barcodes(picture_of(codes.svg(text)))

    assert [barcode.text for barcode in found] == [text]


def test_picture_stays_small_in_alphanumeric_mode() -> None:
    assert 'viewBox="0 0 37 37"' in codes.svg(codes.text_of("0" * 26, public_url=URL))


def picture_of(svg: str, scale: int = 8) -> Image.Image:
    """The one path of our SVG as pixels."""
    side = int(svg.split("viewBox=")[1].split()[2])
    canvas = Image.new("L", (side * scale, side * scale), 255)
    pen = ImageDraw.Draw(canvas)
    path = svg.rsplit('d="', 1)[1].split('"')[0]
    for run in path.split("M")[1:]:
        x, rest = run.split(" ", 1)
        y = rest[: next(i for i, c in enumerate(rest) if c not in string.digits)]
        length = rest.split("h")[1].split("v")[0]
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(length) * scale - 1, top + scale - 1), fill=0)
    return canvas
