"""What a face is: the structs that `faces/*.yaml` is read into. Lengths are millimetres."""

from functools import cache
from pathlib import Path

from papers.yaml_data import Strict, read_section

FACES = Path(__file__).parent / "faces"

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


class Frame(Strict, frozen=True, kw_only=True):
    inset: float
    width: float
    colour: Colour


class Corners(Strict, frozen=True, kw_only=True):
    inset: float
    size: float
    width: float
    colour: Colour


class Rosette(Strict, frozen=True, kw_only=True):
    centre: tuple[float, float]
    radius: float
    width: float
    colour: Colour


class Line(Strict, frozen=True, kw_only=True):
    """One line of text; centred on the page, on `centre`, or beginning at `x`."""

    y: float
    size: float
    colour: Colour
    spacing: float = 0
    centre: float | None = None
    x: float | None = None


class Fields(Strict, frozen=True, kw_only=True):
    box: Box
    columns: int
    gap: float
    label_width: float
    sizes: tuple[float, ...]
    leading: float
    row_gap: float
    label_colour: Colour
    value_colour: Colour


class Template(Strict, frozen=True, kw_only=True):
    """One face as it stands in its file."""

    page: tuple[float, float]
    ground: Colour
    frames: tuple[Frame, ...]
    corners: Corners
    rosette: Rosette
    title: Line
    subtitle: Line
    number: Line
    fields: Fields
    issuer: Line
    date: Line
    validity: Line
    seal: Box
    code: Box
    """Where the QR of printed copies goes, its quiet zone included."""
    footer: Line
    photo: Box | None = None


@cache
def template(name: str) -> Template:
    """The face with this name."""
    return read_section(FACES / f"{name}.yaml", "face", Template)
