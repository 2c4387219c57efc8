"""Make the two Chinese fonts that licences are set in, from Debian's fonts-noto-cjk.

    python tools/make_font_subset.py [folder with the .ttc files]

Takes the Simplified Chinese face of each collection and keeps what GB/T 2312 can write (6,763
Chinese characters and its symbols), ASCII, Latin-1 and general punctuation. Subroutines are
dissolved and layout tables dropped, so that a licence's own small subset takes some 50 ms (see
papers/fonts.py). Both are under the SIL Open Font Licence 1.1, which allows subsetting
and embedding; its text is committed beside them.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

SOURCES = Path("/usr/share/fonts/opentype/noto")
TARGETS = Path(__file__).parents[1] / "papers" / "faces" / "fonts"
FONTS = (
    ("NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "NotoSansSC-GB2312.otf"),
    ("NotoSerifCJK-Bold.ttc", "Noto Serif CJK SC", "NotoSerifSC-Bold-GB2312.otf"),
)


def gb2312_characters() -> set[int]:
    """Every code point of GB/T 2312-1980, rows 1 to 9 (symbols) and 16 to 87 (characters)."""
    points = set()
    for row in (*range(1, 10), *range(16, 88)):
        for cell in range(1, 95):
            text = bytes((row + 0xA0, cell + 0xA0)).decode("gb2312", errors="ignore")
            points.update(map(ord, text))
    return points


def wanted() -> set[int]:
    """GB/T 2312 with ASCII, Latin-1, general punctuation and the square units of floor areas."""
    latin = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
    punctuation = {*range(0x2010, 0x2027), *range(0x2030, 0x203F), 0x25A1, 0x3007, 0x33A1}
    return gb2312_characters() | latin | punctuation


def simplified_face(collection: TTCollection, family: str) -> TTFont:
    """The one face of the collection that has this family name."""
    for font in collection.fonts:
        if font["name"].getDebugName(1) == family or font["name"].getDebugName(16) == family:
            return font
    sys.exit(f"no face named {family} in the collection")


def make(source: Path, family: str, target: Path) -> None:
    """Write one subset font and say how large it came out."""
    options = subset.Options(
        layout_features=[],
        drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        name_languages=[0x409],
        hinting=False,
        desubroutinize=True,
        glyph_names=False,
        notdef_outline=True,
    )
    font = simplified_face(TTCollection(str(source)), family)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    subset.save_font(font, str(target), options)
    sys.stdout.write(f"{target.name}: {len(font.getGlyphOrder())} glyphs, ")
    sys.stdout.write(f"{target.stat().st_size / 1e6:.2f} MB\n")


def main() -> None:
    """Make every font of the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCES
    for source, family, target in FONTS:
        make(folder / source, family, TARGETS / target)


if __name__ == "__main__":
    main()
