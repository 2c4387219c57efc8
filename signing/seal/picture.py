"""Draw the impression of a round official seal: red ring, star, name along the arc.

The proportions follow the State Council rules on official seals (国发〔1999〕25号): round, 42 mm
for a city department, a five-pointed star in the middle, the name from left to right around it.
The font comes as bytes; its licence must allow it.
"""

import io
import math

from PIL import Image, ImageDraw, ImageFont

from signing.errors import SigningError

DIAMETER_MM = 42
_RED = (200, 16, 30)
# One red in sixteen strengths: a picture of some 12 kB, since every seal carries it along.
_SHADES = 16
_OVERSAMPLE = 3
_SMALLEST, _LARGEST = 64, 2048
_LONGEST_NAME = 40
# Shares of the radius: width of the ring, circle of the name, size of the star and characters.
_RING, _NAME_CIRCLE, _STAR, _CHARACTER = 0.045, 0.735, 0.30, 0.30
_WIDEST_ARC = math.radians(290)
# Official names are set narrow and tall.
_NARROW = 0.72


def draw_seal_picture(name: str, *, font: bytes, size_px: int = 480) -> bytes:
    """PNG with a transparent ground, `size_px` square, the ring touching all four sides.

    Raises SigningError for an empty or overlong name, an unreadable font or an odd size.
    """
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise SigningError(f"a seal's name has 1 to {_LONGEST_NAME} characters")
    if not _SMALLEST <= size_px <= _LARGEST:
        raise SigningError(f"a seal picture is {_SMALLEST} to {_LARGEST} pixels wide")
    size = size_px * _OVERSAMPLE
    radius = size / 2
    ink = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(ink)
    pen.ellipse((0, 0, size - 1, size - 1), outline=255, width=round(radius * _RING))
    pen.polygon(_star(radius, radius * _STAR), fill=255)
    _draw_name(ink, name.strip(), font, radius)
    return _as_png(ink.resize((size_px, size_px), Image.Resampling.LANCZOS))


def _as_png(ink: Image.Image) -> bytes:
    """Red where there is ink, as strong as the ink, transparent elsewhere."""
    step = 256 // _SHADES
    picture = Image.frombytes("P", ink.size, ink.point(lambda value: value // step).tobytes())
    picture.putpalette(_RED * _SHADES)
    strengths = bytes(shade * 255 // (_SHADES - 1) for shade in range(_SHADES))
    out = io.BytesIO()
    picture.save(out, "PNG", transparency=strengths, optimize=True, bits=4)
    return out.getvalue()


def _star(centre: float, radius: float) -> list[tuple[float, float]]:
    """The ten corners of a five-pointed star standing on two points."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else inner
        angle = math.radians(36 * corner - 90)
        corners.append((centre + reach * math.cos(angle), centre + reach * math.sin(angle)))
    return corners


def _draw_name(ink: Image.Image, name: str, font: bytes, radius: float) -> None:
    """The characters upright on their circle, evenly spread and centred at the top."""
    circle = radius * _NAME_CIRCLE
    height = radius * _CHARACTER
    step = min(height * 1.06 / circle, _WIDEST_ARC / len(name))
    height = min(height, step * circle / 0.85)
    try:
        letters = ImageFont.truetype(io.BytesIO(font), round(height))
    except OSError as problem:
        raise SigningError("the font cannot be read") from problem
    for position, character in enumerate(name):
        angle = (position - (len(name) - 1) / 2) * step
        x = radius + circle * math.sin(angle)
        y = radius - circle * math.cos(angle)
        tile = _character(character, letters, round(height))
        turned = tile.rotate(-math.degrees(angle), Image.Resampling.BICUBIC, expand=True)
        corner = (round(x - turned.width / 2), round(y - turned.height / 2))
        ink.paste(255, corner, turned)


def _character(character: str, font: ImageFont.FreeTypeFont, height: int) -> Image.Image:
    side = round(height * 1.3)
    tile = Image.new("L", (side, side), 0)
    ImageDraw.Draw(tile).text((side / 2, side / 2), character, fill=255, font=font, anchor="mm")
    return tile.resize((round(side * _NARROW), side), Image.Resampling.LANCZOS)
