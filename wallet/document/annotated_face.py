"""Draw an annotated copy (加注件) of a licence: its fields, and what the copy is for. Pure.

Shanghai's rule for copies used in place of paper: purpose, case, maker and end date stand on the
page, so that a copy that leaks is of no use elsewhere. The page is sealed like a licence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from papers.face_template import Box, Colour
from papers.fonts import Face, metrics, subset_for
from papers.layout import ASCENT, Drawing, TextBlock, wrap
from papers.ofd_xml import OfdPage
from signing import write_package

PAGE = (210.0, 297.0)
MARGIN = 22.0
SEAL_BOX = (146.0, 232.0, 42.0, 42.0)
LABEL_WIDTH = 46.0
LEADING = 1.5
INK: Colour = (30, 30, 30)
QUIET: Colour = (110, 100, 84)
RED: Colour = (166, 28, 22)
PALE: Colour = (226, 221, 211)
LOWEST = 222.0
"""Where the fields must end, so that the seal stays free."""


@dataclass(frozen=True, kw_only=True)
class CopyData:
    """Everything an annotated copy says."""

    licence_name: str
    holder_name: str
    fields: Sequence[tuple[str, str]]
    """Label and value, in the type's order; only those the case asks for."""
    purpose: str
    case_no: str
    made_for: str
    made_by: str
    valid_to: date
    identifier: str
    document_id: str
    drawn_at: datetime
    metadata: Mapping[str, str]

    @property
    def annotation(self) -> tuple[str, ...]:
        """The lines that bind the copy to its purpose."""
        return (
            f"本件仅用于：{self.purpose}",
            f"办件编号：{self.case_no}",
            f"调取人：{self.made_for}",
            f"制作：{self.made_by}    {self.drawn_at:%Y-%m-%d %H:%M}（UTC）",
            f"有效期至：{self.valid_to.isoformat()}，逾期作废；他用无效",
        )


def draw(data: CopyData) -> bytes:
    """The page, ready to be sealed; CPU work, to be called through `offload`."""
    blocks = _blocks(data)
    page = OfdPage(size=PAGE, blocks=blocks, photo=None, photo_box=None)
    files = {
        "OFD.xml": page.entry(
            document_id=data.document_id,
            title=f"{data.licence_name}（加注件）",
            author=data.made_by,
            created=data.drawn_at,
            creator="yunjian",
            metadata=data.metadata,
        ),
        **page.files(labels={}),
        "Doc_0/Attachs/Attachments.xml": page.attachments(created=data.drawn_at),
        "Doc_0/Attachs/licence.xml": page.attachment(metadata=data.metadata, facts=()),
        **_fonts(blocks),
    }
    return write_package(files)


def _blocks(data: CopyData) -> list[TextBlock | Drawing]:
    width = PAGE[0] - 2 * MARGIN
    title = _text(f"{data.licence_name}", (MARGIN, 24), 8, INK, width, face=Face.TITLE)
    kind = _text("电子证照加注件", (MARGIN, 38), 5, RED, width)
    note = [
        _text(line, (MARGIN + 5, 51 + place * 7.4), 4.4, RED, width - 10)
        for place, line in enumerate(data.annotation)
    ]
    frame = Drawing(
        box=(MARGIN, 48, width, 40),
        path=f"M 0 0 L {width:g} 0 L {width:g} 40 L 0 40 C",
        colour=RED,
        width=0.5,
    )
    foot = _text(
        f"源证照标识 {data.identifier}    本件由电子证照生成，数据以证照库为准",
        (MARGIN, 280),
        2.6,
        QUIET,
        width,
    )
    return [*_watermark(data.case_no), frame, title, kind, *note, *_fields(data), foot]


def _watermark(text: str) -> list[TextBlock | Drawing]:
    """The case number, pale and all over the page."""
    places = [(x, y) for y in range(100, 280, 24) for x in (24, 84, 144)]
    return [_text(text, (float(x), float(y)), 3.2, PALE, 60) for x, y in places]


def _fields(data: CopyData) -> list[TextBlock]:
    """Labels and values in the largest size at which all fit; the last size cuts."""
    for size in (4.6, 4.0, 3.4, 2.8, 2.3):
        blocks, end = _set_fields(data.fields, size)
        if end <= LOWEST:
            return blocks
    return [block for block in blocks if block.box[1] + block.box[3] <= LOWEST]


def _set_fields(fields: Sequence[tuple[str, str]], size: float) -> tuple[list[TextBlock], float]:
    room = PAGE[0] - 2 * MARGIN - LABEL_WIDTH
    blocks: list[TextBlock] = []
    y = 98.0
    for label, value in fields:
        name = _text(label, (MARGIN, y), size, QUIET, LABEL_WIDTH - 3)
        shown = _text(value, (MARGIN + LABEL_WIDTH, y), size, INK, room)
        blocks += [name, shown]
        y += max(name.box[3], shown.box[3]) + size * 0.7
    return blocks, y


def _text(
    text: str,
    at: tuple[float, float],
    size: float,
    colour: Colour,
    width: float,
    *,
    face: Face = Face.SANS,
) -> TextBlock:
    font = metrics(face)
    lines = wrap(text, width, size, font)
    leading = size * LEADING
    box: Box = (*at, width, leading * len(lines))
    placed = tuple(
        (
            line,
            0.0,
            size * ASCENT + place * leading,
            tuple(font.advance(character, size) for character in line[:-1]),
        )
        for place, line in enumerate(lines)
    )
    return TextBlock(box=box, lines=placed, face=face, size=size, colour=colour)


def _fonts(blocks: Sequence[TextBlock | Drawing]) -> dict[str, bytes]:
    texts: dict[Face, set[str]] = {face: set() for face in Face}
    for block in blocks:
        if isinstance(block, TextBlock):
            texts[block.face].update(*(line[0] for line in block.lines))
    return {
        f"Doc_0/Res/{face.value}.otf": subset_for(face, "".join(sorted(characters)))
        for face, characters in texts.items()
    }
