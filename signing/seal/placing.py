"""Where a seal goes: on single pages, or split over the edge of all of them (骑缝章).

A riding seal is one StampAnnot a page (GB/T 33190-2016, 18.2.3). Each has the size of the whole
seal as its Boundary, shifted so that the piece in its Clip touches the edge. Pieces follow the
pages: the first page has the left one, or the upper one on a side edge that is cut across. Laid
side by side in the order of the pages they are the whole picture.
"""

import math
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from signing.errors import SealRefused
from signing.ofd.document import Page
from signing.ofd.stamps import Box, Stamp

Boundary = tuple[float, float, float, float]
THINNEST_MM = 1.0
_RIGHT_MM, _BOTTOM_MM = 28.0, 25.0
_LARGEST_MM = 10_000


class Edge(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    TOP = "top"
    BOTTOM = "bottom"

    @property
    def is_side(self) -> bool:
        """A seal on a side is cut into upright strips, one at top or bottom into lying ones."""
        return self in (Edge.LEFT, Edge.RIGHT)


@dataclass(frozen=True, slots=True)
class Placement:
    """The whole seal on one page, counted from 1; `boundary` is x, y, width, height in mm, in its
    own size in the lower right corner when None."""

    page: int
    boundary: Boundary | None = None


@dataclass(frozen=True, slots=True)
class Riding:
    """One seal over the edge of all pages.

    `along` is the distance in mm from the upper (or left) end of the edge to the seal, the middle
    of the shortest page when None. `size` is width and height in mm, those of the seal when None.
    `pages_each` makes several seals of a long document, each over at most so many pages.
    """

    edge: Edge = Edge.RIGHT
    along: float | None = None
    size: tuple[float, float] | None = None
    pages_each: int | None = None


def insist_box(boundary: Boundary) -> None:
    """Raises SealRefused for numbers that are no place on any page."""
    x, y, width, height = boundary
    if not all(math.isfinite(number) for number in boundary) or width <= 0 or height <= 0:
        raise SealRefused("the boundary is not a box")
    if x < 0 or y < 0 or max(boundary) > _LARGEST_MM:
        raise SealRefused("the boundary lies outside every page")


def pages_needed(stamps: Sequence[Placement | Riding]) -> Container[int]:
    """The numbers of the pages whose size `place` wants to know."""
    if any(isinstance(stamp, Riding) for stamp in stamps):
        return range(1, sys.maxsize)
    return {stamp.page for stamp in stamps if isinstance(stamp, Placement)}


def place(
    stamps: Sequence[Placement | Riding],
    pages: Sequence[Page],
    *,
    natural: tuple[float, float],
    first: int,
) -> tuple[Stamp, ...]:
    """The StampAnnots, numbered from `first`; `natural` is the seal's own size in mm.

    Raises SealRefused when there is nothing to place, no such page, or when it does not fit.
    """
    placed: list[tuple[Page, Box, Box | None]] = []
    for stamp in stamps:
        if isinstance(stamp, Riding):
            placed += _ride(stamp, pages, stamp.size or natural)
        else:
            placed.append(_on_page(stamp, pages, natural))
    if not placed:
        raise SealRefused("the seal has no place on any page")
    return tuple(
        Stamp(f"s{first + number:03d}", page.id, boundary, clip)
        for number, (page, boundary, clip) in enumerate(placed)
    )


def lower_right(page: tuple[float, float], seal: tuple[float, float]) -> Boundary:
    """Where a seal goes whose place nobody names: where it stands on a letter in A4."""
    x, y = page[0] - seal[0] - _RIGHT_MM, page[1] - seal[1] - _BOTTOM_MM
    return max(0.0, x), max(0.0, y), *seal


def _on_page(
    stamp: Placement, pages: Sequence[Page], natural: tuple[float, float]
) -> tuple[Page, Box, None]:
    if not 1 <= stamp.page <= len(pages):
        raise SealRefused(f"the document has no page {stamp.page}")
    page, boundary = pages[stamp.page - 1], stamp.boundary
    if boundary is None:
        boundary = lower_right(_size_of(page, stamp.page), natural)
    insist_box(boundary)
    box = Box(*boundary)
    _insist_on(page, stamp.page, box)
    return page, box, None


def _insist_on(page: Page, number: int, box: Box) -> None:
    if page.size is not None and not Box(0, 0, *page.size).holds(box):
        width, height = page.size
        raise SealRefused(
            f"the seal does not fit on page {number}: {box.write()} is outside"
            f" its {width:g} x {height:g} mm"
        )


def _ride(
    riding: Riding, pages: Sequence[Page], size: tuple[float, float]
) -> Iterator[tuple[Page, Box, Box]]:
    insist_box((0, 0, *size))
    if len(pages) < 2:
        raise SealRefused("a riding seal needs two pages at least")
    along = _along(riding, pages, size)
    numbered = list(enumerate(pages, start=1))
    for group in _groups(numbered, riding.pages_each):
        cuts = _cuts(size[0] if riding.edge.is_side else size[1], len(group))
        for (number, page), (begin, end) in zip(group, pairwise(cuts), strict=True):
            boundary, clip = _piece(riding.edge, _size_of(page, number), size, along, begin, end)
            shown = Box(boundary.x + clip.x, boundary.y + clip.y, clip.width, clip.height)
            _insist_on(page, number, shown)
            yield page, boundary, clip


def _groups(
    pages: Sequence[tuple[int, Page]], most: int | None
) -> Iterator[Sequence[tuple[int, Page]]]:
    """Runs of nearly equal length, so that no last page is left with a seal of its own."""
    if most is not None and most < 2:
        raise SealRefused("a riding seal needs two pages at least")
    count = math.ceil(len(pages) / most) if most else 1
    count = min(count, len(pages) // 2)
    for index in range(count):
        yield pages[len(pages) * index // count : len(pages) * (index + 1) // count]


def _cuts(length: float, pieces: int) -> tuple[float, ...]:
    """Where the picture is cut, in mm: whole hundredths, so that the pieces add up exactly."""
    if length / pieces < THINNEST_MM:
        raise SealRefused(
            f"a seal of {length:g} mm over {pieces} pages leaves pieces thinner than"
            f" {THINNEST_MM:g} mm; use fewer pages for each seal"
        )
    return tuple(round(length * number / pieces, 2) for number in range(pieces + 1))


def _piece(
    edge: Edge,
    page: tuple[float, float],
    size: tuple[float, float],
    along: float,
    begin: float,
    end: float,
) -> tuple[Box, Box]:
    """Boundary and Clip of the part of the picture between two cuts."""
    (page_width, page_height), (width, height) = page, size
    if edge is Edge.RIGHT:
        x, y = page_width - end, along
    elif edge is Edge.LEFT:
        x, y = -begin, along
    elif edge is Edge.BOTTOM:
        x, y = along, page_height - end
    else:
        x, y = along, -begin
    strip = round(end - begin, 2)
    clip = Box(begin, 0, strip, height) if edge.is_side else Box(0, begin, width, strip)
    return Box(round(x, 2), round(y, 2), width, height), clip


def _along(riding: Riding, pages: Sequence[Page], size: tuple[float, float]) -> float:
    if riding.along is not None:
        if not 0 <= riding.along <= _LARGEST_MM:
            raise SealRefused("the riding seal lies outside every page")
        return riding.along
    axis = 1 if riding.edge.is_side else 0
    sizes = [_size_of(page, number)[axis] for number, page in enumerate(pages, start=1)]
    return round((min(sizes) - size[axis]) / 2, 2)


def _size_of(page: Page, number: int) -> tuple[float, float]:
    if page.size is None:
        raise SealRefused(f"the size of page {number} is not stated, so that no place can be told")
    return page.size
