"""Seal pictures: a transparent red PNG that touches its frame, for short and long names."""

import io
import math
from pathlib import Path

import pytest
from PIL import Image

from signing import SigningError, draw_seal_picture

FONTS = sorted(Path("/usr/share/fonts").rglob("NotoS*CJK*.ttc"))
pytestmark = pytest.mark.skipif(
    not FONTS, reason="no Noto CJK font: apt-get install fonts-noto-cjk"
)


@pytest.fixture(scope="module")
def font() -> bytes:
    return FONTS[0].read_bytes()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGBA")


@pytest.mark.parametrize("name", ["云间市公安局", "云间市行政审批局电子证照专用章", "章" * 40])
def test_picture_is_red_round_and_light(name: str, font: bytes) -> None:
    data = draw_seal_picture(name, font=font, size_px=240)

    picture = opened(data)
    assert picture.size == (240, 240)
    assert len(data) < 20_000
    assert picture.getpixel((0, 0)) == (200, 16, 30, 0)
    for corner in ((120, 2), (2, 120), (237, 120), (120, 237), (120, 110)):
        assert picture.getpixel(corner) == (200, 16, 30, 255)


def ink(picture: Image.Image, degrees: float) -> int:
    """Dark pixels around a place on the name's circle, degrees clockwise from the top."""
    radius = picture.width / 2
    x = radius + 0.735 * radius * math.sin(math.radians(degrees))
    y = radius - 0.735 * radius * math.cos(math.radians(degrees))
    box = (round(x - 12), round(y - 12), round(x + 12), round(y + 12))
    return sum(picture.crop(box).getchannel("A").tobytes()) // 255


def test_name_is_centred_at_the_top(font: bytes) -> None:
    picture = opened(draw_seal_picture("章章章章章", font=font, size_px=240))

    assert ink(picture, 0) > 30
    assert ink(picture, 180) == 0
    assert abs(ink(picture, 24) - ink(picture, -24)) < 60


def test_same_name_gives_the_same_picture(font: bytes) -> None:
    assert draw_seal_picture("云间市", font=font) == draw_seal_picture("云间市", font=font)


@pytest.mark.parametrize(("name", "size"), [("", 240), (" ", 240), ("章" * 41, 240), ("章", 8)])
def test_picture_that_cannot_be_is_refused(name: str, size: int, font: bytes) -> None:
    with pytest.raises(SigningError):
        draw_seal_picture(name, font=font, size_px=size)


def test_something_else_is_no_font() -> None:
    with pytest.raises(SigningError):
        draw_seal_picture("云间市", font=b"not a font")
