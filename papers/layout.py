"""Lay a licence out on its page: which text, line and picture goes where. Pure.

Everything that looks different from one face to another is data (`faces/*.yaml`); lengths are
millimetres from the top left, text sizes too.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from papers.face_template import Box, Colour, Fields, Line, Rosette, Template
from papers.fonts import Face, Metrics, metrics

CUT = "……（全文见数据附件）"
QUIET_ZONE = 4
"""Modules of white around a QR (ISO/IEC 18004)."""
NARROW = 0.8
"""Size of labels in two lines, as a share of the full size."""
ASCENT = 0.88
"""Baseline below the top of the line, as a share of the size (Noto Sans CJK)."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A labelled value; `wide` ones take the whole width of the page."""

    key: str
    label: str
    value: str
    wide: bool


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a face shows."""

    title: str
    subtitle: str
    number: str
    number_key: str
    """The fact that the number line shows, "" if the number is no field of the type."""
    entries: Sequence[Entry]
    issuer: str
    date: str
    validity: str
    footer: str


@dataclass(frozen=True, kw_only=True)
class TextBlock:
    """Lines of one style. `key` names the fact it shows, "" for everything else."""

    box: Box
    lines: tuple[tuple[str, float, float, tuple[float, ...]], ...]
    """Text, x and baseline within the box, and the advance of each character but the last."""
    face: Face
    size: float
    colour: Colour
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A path in the words of OFD (M, L, B, C), within its box."""

    box: Box
    path: str
    colour: Colour
    width: float = 0
    kind: Literal["stroke", "fill"] = "stroke"


def lay_out(face: Template, content: Content, *, with_photo: bool) -> list[TextBlock | Drawing]:
    """Every object of the page, background first."""
    photo = face.photo if with_photo else None
    return [
        *_background(face),
        _line(face, face.title, content.title, Face.TITLE),
        _line(face, face.subtitle, content.subtitle, Face.SANS),
        _line(face, face.number, content.number, Face.SANS, key=content.number_key),
        *_entries(face.fields, content.entries, photo),
        _line(face, face.issuer, content.issuer, Face.SANS),
        _line(face, face.date, content.date, Face.SANS),
        _line(face, face.validity, content.validity, Face.SANS),
        _line(face, face.footer, content.footer, Face.SANS),
    ]


def draw_code(box: Box, rows: Sequence[Sequence[tuple[int, int]]]) -> list[Drawing]:
    """A QR in its box on white ground: every run of dark modules is one rectangle."""
    module = box[2] / (len(rows) + 2 * QUIET_ZONE)
    path = []
    for row, runs in enumerate(rows):
        top = (row + QUIET_ZONE) * module
        for column, length in runs:
            left = (column + QUIET_ZONE) * module
            right, bottom = left + length * module, top + module
            corners = ((left, top), (right, top), (right, bottom), (left, bottom))
            path.append("M " + " L ".join(f"{x:.3f} {y:.3f}" for x, y in corners) + " C")
    return [
        Drawing(box=box, path=_rectangle(box[2], box[3]), colour=(255, 255, 255), kind="fill"),
        Drawing(box=box, path=" ".join(path), colour=(0, 0, 0), kind="fill"),
    ]


def wrap(text: str, width: float, size: float, font: Metrics) -> list[str]:
    """Break text into lines no longer than `width`; no line begins with closing punctuation."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for character in paragraph:
            step = font.advance(character, size)
            if line and used + step > width and character not in "，。；：、！？）》」』”’)":
                lines.append(line)
                line, used = "", 0.0
            line += character
            used += step
        lines.append(line)
    return lines


def _background(face: Template) -> Iterator[Drawing]:
    width, height = face.page
    yield Drawing(
        box=(0, 0, width, height),
        path=_rectangle(width, height),
        colour=face.ground,
        kind="fill",
    )
    yield _rosette(face.rosette)
    for frame in face.frames:
        inner = (width - 2 * frame.inset, height - 2 * frame.inset)
        yield Drawing(
            box=(frame.inset, frame.inset, *inner),
            path=_rectangle(*inner),
            colour=frame.colour,
            width=frame.width,
        )
    yield from _corners(face)


def _rectangle(width: float, height: float) -> str:
    return f"M 0 0 L {width:g} 0 L {width:g} {height:g} L 0 {height:g} C"


def _corners(face: Template) -> Iterator[Drawing]:
    corners, (width, height) = face.corners, face.page
    size, inset = corners.size, corners.inset
    for left in (True, False):
        for top in (True, False):
            x = inset if left else width - inset - size
            y = inset if top else height - inset - size
            across, down = (size if left else 0), (size if top else 0)
            path = f"M {across:g} 0 L {across:g} {size:g} M 0 {down:g} L {size:g} {down:g}"
            yield Drawing(
                box=(x, y, size, size), path=path, colour=corners.colour, width=corners.width
            )


def _rosette(rosette: Rosette) -> Drawing:
    """A pale guilloche of closed waves around the centre, as papers of value have."""
    radius = rosette.radius
    waves = []
    for turn in range(6):
        points = []
        for step in range(181):
            angle = 2 * math.pi * step / 180
            swing = 0.78 + 0.2 * math.sin(9 * angle + turn * math.pi / 3)
            x = radius + radius * swing * math.cos(angle)
            y = radius + radius * swing * math.sin(angle)
            points.append(f"{x:.1f} {y:.1f}")
        waves.append("M " + " L ".join(points))
    x, y = rosette.centre
    return Drawing(
        box=(x - radius, y - radius, 2 * radius, 2 * radius),
        path=" ".join(waves),
        colour=rosette.colour,
        width=rosette.width,
    )


def _line(face: Template, line: Line, text: str, font_face: Face, *, key: str = "") -> TextBlock:
    """One line, made smaller if it would run out of the page."""
    font = metrics(font_face)
    margin = face.frames[-1].inset + 6
    left = line.x if line.x is not None else margin
    centre = line.centre if line.centre is not None else face.page[0] / 2
    right = face.page[0] - margin
    room = right - left if line.x is not None else 2 * min(right - centre, centre - margin)
    size, spacing = line.size, line.spacing
    width = font.width(text, size) + spacing * max(len(text) - 1, 0)
    if width > room:
        size, spacing, width = size * room / width, spacing * room / width, room
    x = line.x if line.x is not None else centre - width / 2
    advances = tuple(font.advance(character, size) + spacing for character in text[:-1])
    return TextBlock(
        box=(x, line.y - size, max(width, 0.1), size * 1.3),
        lines=((text, 0.0, size, advances),),
        face=font_face,
        size=size,
        colour=line.colour,
        key=key,
    )


def _entries(
    style: Fields, entries: Sequence[Entry], photo: Box | None
) -> Iterator[TextBlock | Drawing]:
    """Labels and values in the largest size at which all of them fit."""
    for size in style.sizes:
        blocks, height = _set_entries(style, entries, size, photo, limit=None)
        if height <= style.box[3]:
            break
    else:
        blocks, _ = _set_entries(style, entries, style.sizes[-1], photo, limit=style.box[3])
    return iter(blocks)


def _set_entries(
    style: Fields,
    entries: Sequence[Entry],
    size: float,
    photo: Box | None,
    *,
    limit: float | None,
) -> tuple[list[TextBlock], float]:
    """The blocks of all rows at one size and their height; `limit` cuts what is too long."""
    left, top, width, _ = style.box
    font, leading = metrics(Face.SANS), size * style.leading
    blocks: list[TextBlock] = []
    y = top
    for row in _rows(style, entries, size, font):
        beside_photo = photo is not None and y < photo[1] + photo[3] + 2
        row_width = width - (photo[2] + 4 if beside_photo and photo else 0)
        step = (row_width - style.gap * (len(row) - 1)) / len(row)
        tallest = 1.0
        for column, entry in enumerate(row):
            x = left + column * (step + style.gap)
            lines = wrap(entry.value, step - style.label_width, size, font)
            if limit is not None:
                lines = _cut(lines, int((top + limit - y) / leading))
            label = _label(style, entry.label, (x, y), size, font)
            tallest = max(tallest, len(lines), NARROW * len(label.lines))
            blocks.append(label)
            blocks.append(_value(style, entry.key, lines, (x + style.label_width, y), size, font))
        y += tallest * leading + size * style.row_gap
    return blocks, y - top


def _rows(
    style: Fields, entries: Sequence[Entry], size: float, font: Metrics
) -> Iterator[list[Entry]]:
    """Pairs of short entries side by side; long ones alone, in the given order."""
    room = (style.box[2] - style.gap * (style.columns - 1)) / style.columns - style.label_width
    row: list[Entry] = []
    for entry in entries:
        if entry.wide or font.width(entry.value, size) > room:
            if row:
                yield row
            yield [entry]
            row = []
            continue
        row.append(entry)
        if len(row) == style.columns:
            yield row
            row = []
    if row:
        yield row


def _cut(lines: list[str], count: int) -> list[str]:
    if len(lines) <= max(count, 1):
        return lines
    kept = lines[: max(count, 1)]
    return [*kept[:-1], kept[-1][: -len(CUT)] + CUT]


def _label(
    style: Fields, label: str, at: tuple[float, float], size: float, font: Metrics
) -> TextBlock:
    """The label: a short one spread over the width of five characters, a long one in two lines."""
    room, leading = style.label_width - size * 0.8, size * style.leading
    if font.width(label, size) <= room:
        lines, advance = [label], _spread(label, room, size, font)
    else:
        size *= NARROW
        lines, advance = _label_lines(label, room, size, font), None
    placed = tuple(
        (
            line,
            0.0,
            size * ASCENT + index * leading * NARROW,
            advance or _advances(line, size, font),
        )
        for index, line in enumerate(lines)
    )
    return TextBlock(
        box=(*at, style.label_width, leading * len(lines)),
        lines=placed,
        face=Face.SANS,
        size=size,
        colour=style.label_colour,
    )


def _label_lines(label: str, room: float, size: float, font: Metrics) -> list[str]:
    """The label broken before its brackets, each part as often as needed."""
    head, bracket, tail = label.partition("(")
    parts = [head, bracket + tail] if head and bracket else [label]
    return [line for part in parts for line in wrap(part, room, size, font)]


def _advances(line: str, size: float, font: Metrics) -> tuple[float, ...]:
    return tuple(font.advance(character, size) for character in line[:-1])


def _spread(line: str, room: float, size: float, font: Metrics) -> tuple[float, ...]:
    """Advances that give a short label the width of five characters."""
    slack = 5 * size - font.width(line, size)
    if not (2 <= len(line) <= 4 and slack > 0 and 5 * size <= room):
        slack = 0
    return tuple(step + slack / (len(line) - 1) for step in _advances(line, size, font))


def _value(
    style: Fields,
    key: str,
    lines: list[str],
    at: tuple[float, float],
    size: float,
    font: Metrics,
) -> TextBlock:
    leading = size * style.leading
    width = max(font.width(line, size) for line in lines)
    placed = tuple(
        (
            line,
            0.0,
            size * ASCENT + index * leading,
            _advances(line, size, font),
        )
        for index, line in enumerate(lines)
    )
    return TextBlock(
        box=(*at, max(width, 0.1), leading * len(lines)),
        lines=placed,
        face=Face.SANS,
        size=size,
        colour=style.value_colour,
        key=key,
    )


def shown_facts(blocks: Sequence[TextBlock | Drawing]) -> Mapping[str, str]:
    """What the page says for each fact, for tests and cross-checks."""
    return {
        block.key: "".join(line[0] for line in block.lines)
        for block in blocks
        if isinstance(block, TextBlock) and block.key
    }
