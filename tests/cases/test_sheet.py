"""A sheet of text, photographed: drawn, laid askew on a table with shadow and noise."""

import io
import math
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from services.cases.files import sheet
from services.cases.files.sheet import Point
from tests.cases.factories import encoded

SIZE = (1500, 2000)
PAGE = (1050, 1485)
FRAME = 60
"""Pixels of the page's edge at which a red frame is printed."""

LAID = {
    "upright": ((0.15, 0.12), (0.86, 0.11), (0.88, 0.85), (0.13, 0.87)),
    "from below": ((0.27, 0.2), (0.73, 0.2), (0.92, 0.88), (0.08, 0.88)),
    "turned": ((0.3, 0.1), (0.9, 0.25), (0.72, 0.9), (0.1, 0.74)),
    "from a corner": ((0.2, 0.15), (0.8, 0.24), (0.9, 0.9), (0.08, 0.75)),
}


def page() -> Image.Image:
    picture = Image.new("RGB", PAGE, (238, 236, 230))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((FRAME, FRAME, PAGE[0] - FRAME, PAGE[1] - FRAME), outline=(200, 20, 20), width=8)
    for line in range(40):
        draw.rectangle(
            (130, 150 + line * 30, 900 - line % 7 * 60, 164 + line * 30), fill=(50, 50, 60)
        )
    draw.rectangle((640, 1150, 880, 1350), fill=(170, 40, 40))
    return picture


def photographed(corners: tuple[Point, ...], *, noise: int = 18) -> Image.Image:
    """The page with its corners where they are said to be, on a wooden table."""
    width, height = SIZE
    points = [(x * width, y * height) for x, y in corners]
    flat = (
        (0.0, 0.0),
        (float(PAGE[0]), 0.0),
        (float(PAGE[0]), float(PAGE[1])),
        (0.0, float(PAGE[1])),
    )
    # The perspective the other way round: from the photograph to the page.
    rows: list[list[float]] = []
    for (u, v), (x, y) in zip(points, flat, strict=True):
        rows.append([u, v, 1, 0, 0, 0, -u * x, -v * x, x])
        rows.append([0, 0, 0, u, v, 1, -u * y, -v * y, y])
    numbers = sheet._solve(rows)
    laid = page().transform(SIZE, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    table = Image.new("RGB", SIZE, (112, 84, 60))
    for stripe in range(0, width, 90):
        ImageDraw.Draw(table).line((stripe, 0, stripe + 200, height), fill=(92, 70, 50), width=9)
    table.paste(laid, mask=mask)
    shade = (
        Image.linear_gradient("L").resize(SIZE).point([190 + level // 4 for level in range(256)])
    )
    lit = ImageChops.multiply(table, Image.merge("RGB", [shade] * 3))
    grain = Image.effect_noise(SIZE, noise).convert("RGB")
    return Image.blend(lit, grain, 0.1).filter(ImageFilter.GaussianBlur(1.2))


@pytest.mark.parametrize("name", LAID)
def test_the_corners_are_found_within_two_percent(name: str) -> None:
    data = encoded(photographed(LAID[name]), kind="JPEG")
    began = time.process_time()

    found = sheet.find_corners(data)

    assert time.process_time() - began < 1.0
    assert found is not None
    for (x, y), (true_x, true_y) in zip(found, LAID[name], strict=True):
        off = math.hypot((x - true_x) * SIZE[0], (y - true_y) * SIZE[1])
        assert off < 0.02 * max(SIZE), (name, off)


@pytest.mark.parametrize("name", LAID)
def test_what_was_askew_becomes_rectangular(name: str, tmp_path: Path) -> None:
    data = encoded(photographed(LAID[name]), kind="JPEG")
    corners = sheet.find_corners(data)
    assert corners is not None

    assert sheet.straighten(data, kind="jpg", corners=corners, target=str(tmp_path / "flat"))

    with Image.open(tmp_path / "flat", formats=["JPEG"]) as picture:
        flat = picture.resize(PAGE)
    # The printed frame is straight and where it was printed, along all four sides.
    width, height = PAGE
    for share in (0.2, 0.5, 0.8):
        across, down = round(share * width), round(share * height)
        for place in (
            _first_red([flat.getpixel((x, down)) for x in range(width // 4)]),
            _first_red([flat.getpixel((width - 1 - x, down)) for x in range(width // 4)]),
            _first_red([flat.getpixel((across, y)) for y in range(height // 4)]),
            _first_red([flat.getpixel((across, height - 1 - y)) for y in range(height // 4)]),
        ):
            assert abs(place - FRAME) < 0.02 * height


def _first_red(pixels: list[object]) -> int:
    for place, pixel in enumerate(pixels):
        red, green, _ = pixel  # type: ignore[misc]
        if red - green > 70:
            return place
    raise AssertionError("no frame")


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (800, 600), (250, 250, 250)),
        Image.new("RGB", (800, 600), (10, 10, 10)),
        Image.effect_noise((800, 600), 60).convert("RGB"),
        Image.linear_gradient("L").resize((800, 600)).convert("RGB"),
    ],
    ids=["white", "black", "noise", "slope"],
)
def test_nothing_is_suggested_where_there_is_no_sheet(picture: Image.Image) -> None:
    found = sheet.find_corners(encoded(picture, kind="JPEG"))

    assert found is None or sheet.is_usable(found)


def test_a_damaged_picture_has_no_corners(tmp_path: Path) -> None:
    assert sheet.find_corners(b"\xff\xd8\xff junk") is None
    assert not sheet.straighten(
        b"\xff\xd8\xff junk", kind="jpg", corners=LAID["upright"], target=str(tmp_path / "x")
    )


def test_metadata_does_not_come_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = encoded(Image.new("RGB", (400, 400), "white"), kind="JPEG", exif=exif)

    sheet.straighten(data, kind="jpg", corners=LAID["upright"], target=str(tmp_path / "x"))

    assert b"taken at home" not in (tmp_path / "x").read_bytes()
    assert not Image.open(io.BytesIO((tmp_path / "x").read_bytes())).getexif()


@pytest.mark.parametrize(
    "corners",
    [
        ((0, 0), (1, 0), (1, 1)),
        ((0, 0), (1, 0), (1, 1.2), (0, 1)),
        ((0, 0), (1, 1), (1, 0), (0, 1)),
        ((0, 0), (0, 1), (1, 1), (1, 0)),
        ((0, 0), (1, 0), (0.4, 0.4), (0, 1)),
        ((0, 0), (0.05, 0), (0.05, 0.05), (0, 0.05)),
        ((0, 0), (1, 0), (1, math.nan), (0, 1)),
    ],
    ids=["three", "outside", "crossed", "backwards", "dented", "tiny", "no number"],
)
def test_corners_of_no_sheet_are_not_usable(corners: tuple[Point, ...]) -> None:
    assert not sheet.is_usable(corners)
