"""Draw the first page of our own OFD files with Pillow, to look at them and to test what shows.

Reads only what papers/ofd_xml.py writes; it is no general OFD reader.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from PIL import Image, ImageDraw, ImageFont

OFD = {"ofd": "http://www.ofdspec.org/2016"}
DOTS = 6
"""Pixels per millimetre."""


def draw(data: bytes, *, seals: list[tuple[bytes, tuple[float, ...]]] | None = None) -> Image.Image:
    """The page as a picture; `seals` are pictures with their boxes, painted over the page."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        fonts = dict(_fonts(archive))
        page = etree.fromstring(archive.read("Doc_0/Pages/Page_0/Content.xml"))
        width, height = _floats(page.findtext("ofd:Area/ofd:PhysicalBox", namespaces=OFD))[2:]
        canvas = Image.new("RGB", (round(width * DOTS), round(height * DOTS)), "white")
        pen = ImageDraw.Draw(canvas)
        for element in page.iterfind(".//ofd:Layer/*", OFD):
            box = _floats(element.get("Boundary"))
            match etree.QName(element).localname:
                case "TextObject":
                    _text(pen, element, box, fonts[element.get("Font")])
                case "PathObject":
                    _path(pen, element, box)
                case "ImageObject":
                    picture = Image.open(io.BytesIO(archive.read("Doc_0/Res/photo")))
                    _paste(canvas, picture, box)
    for picture, box in seals or []:
        _paste(canvas, Image.open(io.BytesIO(picture)), box)
    return canvas


def _fonts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    resources = etree.fromstring(archive.read("Doc_0/PublicRes.xml"))
    for font in resources.iterfind(".//ofd:Font", OFD):
        name = font.findtext("ofd:FontFile", namespaces=OFD)
        yield font.get("ID"), archive.read(f"Doc_0/Res/{name}")


def _text(pen: ImageDraw.ImageDraw, element: etree._Element, box: list[float], font: bytes) -> None:
    size = float(element.get("Size"))
    drawn = ImageFont.truetype(io.BytesIO(font), round(size * DOTS))
    colour = _colour(element.find("ofd:FillColor", OFD))
    for code in element.iterfind("ofd:TextCode", OFD):
        x, y = box[0] + float(code.get("X")), box[1] + float(code.get("Y"))
        for character, step in zip(code.text or "", [*_deltas(code.get("DeltaX")), 0], strict=True):
            pen.text((x * DOTS, y * DOTS), character, fill=colour, font=drawn, anchor="ls")
            x += step


def _path(pen: ImageDraw.ImageDraw, element: etree._Element, box: list[float]) -> None:
    fill, stroke = element.find("ofd:FillColor", OFD), element.find("ofd:StrokeColor", OFD)
    for points in _strokes(element.findtext("ofd:AbbreviatedData", namespaces=OFD)):
        dots = [((box[0] + x) * DOTS, (box[1] + y) * DOTS) for x, y in points]
        if fill is not None:
            pen.polygon(dots, fill=_colour(fill))
        if stroke is not None:
            width = max(1, round(float(element.get("LineWidth")) * DOTS))
            pen.line(dots, fill=_colour(stroke), width=width)


def _strokes(path: str) -> Iterator[list[tuple[float, float]]]:
    points: list[tuple[float, float]] = []
    words = iter(path.split())
    for word in words:
        if word == "C":
            points.append(points[0])
            continue
        if word == "M" and points:
            yield points
            points = []
        points.append((float(next(words)), float(next(words))))
    yield points


def _paste(canvas: Image.Image, picture: Image.Image, box: tuple[float, ...] | list[float]) -> None:
    x, y, width, height = (round(value * DOTS) for value in box)
    picture = picture.convert("RGBA").resize((width, height))
    canvas.paste(picture, (x, y), picture)


def _deltas(text: str | None) -> list[float]:
    deltas: list[float] = []
    words = iter((text or "").split())
    for word in words:
        if word == "g":
            times = int(next(words))
            deltas += [float(next(words))] * times
        else:
            deltas.append(float(word))
    return deltas


def _floats(text: str | None) -> list[float]:
    return [float(number) for number in (text or "").split()]


def _colour(element: etree._Element | None) -> tuple[int, ...]:
    assert element is not None
    return tuple(int(part) for part in element.get("Value", "0 0 0").split())


@dataclass(frozen=True)
class PlacedText:
    """Where a text object stands, in millimetres, by its glyphs and not by its boundary."""

    text: str
    size: float
    right: float
    bottom: float


def texts(data: bytes) -> list[PlacedText]:
    """The text objects of the page."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        page = etree.fromstring(archive.read("Doc_0/Pages/Page_0/Content.xml"))
    placed = []
    for element in page.iterfind(".//ofd:TextObject", OFD):
        x, y = _floats(element.get("Boundary"))[:2]
        size, codes = float(element.get("Size")), element.findall("ofd:TextCode", OFD)
        lengths = [sum(_deltas(code.get("DeltaX"))) + size for code in codes]
        placed.append(
            PlacedText(
                text="".join(code.text or "" for code in codes),
                size=size,
                right=x + max(lengths),
                bottom=y + max(float(code.get("Y")) for code in codes),
            )
        )
    return placed
