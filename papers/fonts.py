"""The fonts that licences are set in: advances for laying text out, and small subsets to embed.

Both fonts cover GB/T 2312 (see tools/make_font_subset.py). A character they lack keeps its place in
the text and shows as the font's empty box: visible, and still right when the text is copied.
"""

import io
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent / "faces" / "fonts"
DROPPED_TABLES = ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"]


class Face(StrEnum):
    """The two faces in use; the value is the file's name without its ending."""

    SANS = "NotoSansSC-GB2312"
    TITLE = "NotoSerifSC-Bold-GB2312"


@dataclass(frozen=True)
class Metrics:
    """Advances in thousandths of the font size, by code point."""

    advances: dict[int, float]

    def advance(self, character: str, size: float) -> float:
        """How far one character moves on, in the unit of `size`."""
        return self.advances.get(ord(character), 1000.0) * size / 1000

    def width(self, text: str, size: float) -> float:
        """The length of a line of text, in the unit of `size`."""
        return sum(self.advance(character, size) for character in text)


def data(face: Face) -> bytes:
    """The whole font file."""
    return (FOLDER / f"{face.value}.otf").read_bytes()


@cache
def metrics(face: Face) -> Metrics:
    """The advances of a face, read once a process."""
    with TTFont(io.BytesIO(data(face)), lazy=True) as font:
        scale = 1000 / font["head"].unitsPerEm
        widths = font["hmtx"].metrics
        table = font.getBestCmap()
    return Metrics({point: widths[glyph][0] * scale for point, glyph in table.items()})


def covers(face: Face, character: str) -> bool:
    """Whether the face can draw this character."""
    return ord(character) in metrics(face).advances


def subset_for(face: Face, text: str) -> bytes:
    """A font of a few kilobytes with just the characters of `text`. Some 50 ms of work."""
    options = subset.Options(
        layout_features=[],
        drop_tables=DROPPED_TABLES,
        name_IDs=[0, 1, 2, 4, 6, 13, 14],
        name_languages=[0x409],
        hinting=False,
        glyph_names=False,
        notdef_outline=True,
        recalc_timestamp=False,
    )
    with TTFont(io.BytesIO(data(face)), lazy=True, recalcTimestamp=False) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(font)
        target = io.BytesIO()
        subset.save_font(font, target, options)
    return target.getvalue()
