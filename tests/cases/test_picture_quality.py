"""Drawn pages of text, photographed well and badly."""

import random

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from services.cases.files import picture_quality as quality

SIZE = (1200, 1600)


def page(paper: int = 215, margin: int = 90, ground: int = 70) -> Image.Image:
    """A sheet with lines of something like letters on a darker table."""
    random.seed(5)
    picture = Image.new("L", SIZE, ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((margin, margin, SIZE[0] - margin, SIZE[1] - margin), fill=paper)
    for y in range(margin + 80, SIZE[1] - margin - 80, 44):
        x = margin + 80
        while x < SIZE[0] - margin - 80:
            stroke = random.randrange(4, 22)
            draw.rectangle((x, y, x + 4, y + stroke), fill=30)
            draw.rectangle((x, y + 8, x + stroke, y + 11), fill=30)
            x += 26
    return picture.convert("RGB")


def test_a_good_photo_needs_no_advice() -> None:
    assert quality.hint(page()) is None


def test_a_scan_that_fills_the_picture_needs_no_advice() -> None:
    assert quality.hint(page(paper=255, margin=-5)) is None


def test_a_small_picture() -> None:
    assert quality.hint(page().resize((300, 400))) == quality.TOO_SMALL


def test_a_dark_picture() -> None:
    assert quality.hint(ImageEnhance.Brightness(page()).enhance(0.3)) == quality.TOO_DARK


@pytest.mark.parametrize("radius", [6, 10, 20])
def test_a_blurred_picture(radius: int) -> None:
    assert quality.hint(page().filter(ImageFilter.GaussianBlur(radius))) == quality.BLURRED


def test_a_lamp_in_the_picture() -> None:
    picture = page(paper=190)
    ImageDraw.Draw(picture).ellipse((300, 400, 700, 800), fill="white")

    assert quality.hint(picture) == quality.GLARE


@pytest.mark.parametrize("shift", [(-200, 0), (200, 0), (0, -300), (0, 300), (-200, -300)])
def test_a_sheet_that_leaves_the_picture(shift: tuple[int, int]) -> None:
    picture = Image.new("RGB", SIZE, (70, 70, 70))
    picture.paste(page(), shift)

    assert quality.hint(picture) == quality.CUT_OFF
