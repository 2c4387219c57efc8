"""The sheet of paper in a photograph: where its corners are, and how it looks from straight above.

Pure CPU work on pixels; call it through `core.offload`. Corners are fractions of width and height,
clockwise from the upper left. Finding them is a suggestion for a person who can drag them: a bright
sheet on a darker ground, its outline, and four lines through it.
"""

import io
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageFilter

from services.cases.files import pictures

Point = tuple[float, float]

_LOOK_SIDE = 256
"""Long side in pixels at which the sheet is sought: a pixel is 0.4 % of the picture."""

_LEAST_CONTRAST = 25
"""Grey levels between sheet and ground."""

_LEAST_SHARE = 0.1
"""Of the picture, below which a bright patch is not the sheet; and a cut not worth making."""

_LEAST_FILLED = 0.85
"""Of the four-sided figure: what is less is not a sheet."""

_NEAR_PIXELS = 2.5
"""So far from a side of the first guess points of the outline lie that it is drawn through."""

_TEXT_PIXELS = 7
"""Lines of text are dark but belong to the sheet: darkness so narrow is filled."""

_LEAST_PIXELS = 64


def find_corners(data: bytes) -> tuple[Point, ...] | None:
    """The four corners of the sheet, or None when there is none to be seen."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as picture:
            picture.draft("L", (_LOOK_SIDE, _LOOK_SIDE))
            grey = pictures.flatten(picture).convert("L")
    except pictures.PICTURE_ERRORS:
        return None
    grey.thumbnail((_LOOK_SIDE, _LOOK_SIDE), Image.Resampling.BOX)
    mask = _bright(grey)
    patch = _largest_patch(mask, grey.size) if mask is not None else []
    width, height = grey.size
    if len(patch) < _LEAST_SHARE * width * height:
        return None
    rough = _four_sided(_hull(_outline(patch)))
    if rough is None or _spanned(patch) < _LEAST_FILLED * _area(rough):
        return None
    corners = _drawn_through(rough, _outline(patch)) or rough
    # A pixel is a small square, and its place in the list is that of its upper left corner.
    inside = [
        (min(max((x + 0.5) / width, 0.0), 1.0), min(max((y + 0.5) / height, 0.0), 1.0))
        for x, y in corners
    ]
    return _from_upper_left(inside)


def is_usable(corners: Sequence[Point]) -> bool:
    """Four corners, clockwise, of a figure without dents that is large enough to be a sheet."""
    if len(corners) != 4 or not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in corners):
        return False
    turns = [_turn(corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) for i in range(4)]
    return min(turns) > 1e-4 and _area(corners) >= _LEAST_SHARE / 4


def straighten(data: bytes, *, kind: str, corners: Sequence[Point], target: str) -> bool:
    """Write the sheet as seen from straight above to `target`; False for a damaged picture."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as picture:
            picture.load()
            points = [(x * picture.width, y * picture.height) for x, y in corners]
            flat = picture.convert("RGB") if picture.mode == "P" else picture
            size = _size_of(points)
            result = flat.transform(
                size,
                Image.Transform.PERSPECTIVE,
                _coefficients(size, points),
                Image.Resampling.BICUBIC,
            )
        pictures.save(result, kind=kind, clean=Path(target))
    except pictures.PICTURE_ERRORS:
        return False
    return True


def _bright(grey: Image.Image) -> bytes | None:
    """A byte a pixel, not zero where it is brighter than the best threshold (Otsu)."""
    calm = grey.filter(ImageFilter.GaussianBlur(1))
    filled = calm.filter(ImageFilter.MaxFilter(_TEXT_PIXELS))
    filled = filled.filter(ImageFilter.MinFilter(_TEXT_PIXELS))
    counts = filled.histogram()
    total, whole = sum(counts), sum(level * count for level, count in enumerate(counts))
    best, threshold, contrast = 0.0, 0, 0.0
    below, weight = 0, 0
    for level, count in enumerate(counts):
        below, weight = below + count, weight + level * count
        if not 0 < below < total:
            continue
        apart = (whole - weight) / (total - below) - weight / below
        if (between := below * (total - below) * apart * apart) > best:
            best, threshold, contrast = between, level, apart
    if contrast < _LEAST_CONTRAST:
        return None
    return filled.point([0] * (threshold + 1) + [255] * (255 - threshold)).tobytes()


def _largest_patch(mask: bytes, size: tuple[int, int]) -> list[tuple[int, int]]:
    """The pixels of the largest bright patch."""
    width, height = size
    left = bytearray(mask)
    largest: list[int] = []
    for start in range(width * height):
        if not left[start]:
            continue
        left[start] = 0
        patch = [start]
        for place in patch:
            x = place % width
            for other, inside in (
                (place - 1, x > 0),
                (place + 1, x < width - 1),
                (place - width, place >= width),
                (place + width, place < width * (height - 1)),
            ):
                if inside and left[other]:
                    left[other] = 0
                    patch.append(other)
        largest = max(largest, patch, key=len)
    return [(place % width, place // width) for place in largest]


def _spanned(patch: list[tuple[int, int]]) -> int:
    """Pixels from the first to the last of each row: stamps on a sheet belong to it."""
    rows: dict[int, tuple[int, int]] = {}
    for x, y in patch:
        low, high = rows.get(y, (x, x))
        rows[y] = min(low, x), max(high, x)
    return sum(high - low + 1 for low, high in rows.values())


def _outline(patch: list[tuple[int, int]]) -> list[Point]:
    """First and last pixel of each row and each column."""
    rows: dict[int, list[int]] = {}
    columns: dict[int, list[int]] = {}
    for x, y in patch:
        rows.setdefault(y, []).append(x)
        columns.setdefault(x, []).append(y)
    points = {(x, y) for y, xs in rows.items() for x in (min(xs), max(xs))}
    points |= {(x, y) for x, ys in columns.items() for y in (min(ys), max(ys))}
    return [(float(x), float(y)) for x, y in points]


def _hull(points: list[Point]) -> list[Point]:
    """The convex hull, clockwise on the screen (Andrew's monotone chain)."""
    ordered = sorted(points)
    halves: list[list[Point]] = []
    for run in (ordered, ordered[::-1]):
        half: list[Point] = []
        for point in run:
            while len(half) >= 2 and _turn(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return halves[0] + halves[1]


def _four_sided(hull: list[Point]) -> list[Point] | None:
    """Sides are left out, each time the one whose loss adds the least area, until four are left."""
    figure = list(hull)
    while len(figure) > 4:
        best: tuple[float, int, Point] | None = None
        for place in range(len(figure)):
            before, first = figure[place - 1], figure[place]
            second = figure[(place + 1) % len(figure)]
            after = figure[(place + 2) % len(figure)]
            meeting = _meeting((before, first), (after, second))
            if meeting is None or _turn(first, meeting, second) <= 0:
                continue
            added = _area([first, meeting, second])
            if best is None or added < best[0]:
                best = (added, place, meeting)
        if best is None:
            return None
        _, place, meeting = best
        figure[place] = meeting
        del figure[(place + 1) % len(figure)]
    return figure if len(figure) == 4 else None


def _drawn_through(figure: list[Point], outline: list[Point]) -> list[Point] | None:
    """The figure with each side drawn through the middle of the outline that lies near it."""
    sides = []
    for place in range(4):
        start, end = figure[place], figure[(place + 1) % 4]
        length = math.dist(start, end)
        near = [
            point
            for point in outline
            if abs(_turn(start, end, point)) / length < _NEAR_PIXELS
            and 0.05 < _along(start, end, point) < 0.95
        ]
        sides.append(_line(near) if len(near) >= 4 else (start, end))
    corners = [_meeting(sides[place - 1], sides[place]) for place in range(4)]
    return None if None in corners else [corner for corner in corners if corner is not None]


def _line(points: list[Point]) -> tuple[Point, Point]:
    """Two points of the line with the least squared distance from all of them."""
    count = len(points)
    middle_x, middle_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    xx = sum((x - middle_x) ** 2 for x, _ in points)
    yy = sum((y - middle_y) ** 2 for _, y in points)
    xy = sum((x - middle_x) * (y - middle_y) for x, y in points)
    angle = math.atan2(2 * xy, xx - yy) / 2
    return (middle_x, middle_y), (middle_x + math.cos(angle), middle_y + math.sin(angle))


def _meeting(one: tuple[Point, Point], other: tuple[Point, Point]) -> Point | None:
    """Where two lines meet."""
    (x1, y1), (x2, y2) = one
    (x3, y3), (x4, y4) = other
    down = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
    if abs(down) < 1e-9:
        return None
    first, second = x1 * y2 - y1 * x2, x3 * y4 - y3 * x4
    return (
        (first * (x3 - x4) - (x1 - x2) * second) / down,
        (first * (y3 - y4) - (y1 - y2) * second) / down,
    )


def _turn(a: Point, b: Point, c: Point) -> float:
    """Positive when a, b, c turn clockwise on the screen; twice the area between them."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _along(start: Point, end: Point, point: Point) -> float:
    """How far along the side a point lies, 0 to 1."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    return ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / (dx * dx + dy * dy)


def _area(corners: Sequence[Point]) -> float:
    rest = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in rest)) / 2


def _from_upper_left(corners: list[Point]) -> tuple[Point, ...]:
    first = min(range(4), key=lambda place: sum(corners[place]))
    return tuple(corners[first:] + corners[:first])


def _size_of(points: Sequence[Point]) -> tuple[int, int]:
    """Pixels of the result: no side loses detail."""
    upper_left, upper_right, lower_right, lower_left = points
    width = max(math.dist(upper_left, upper_right), math.dist(lower_left, lower_right))
    height = max(math.dist(upper_left, lower_left), math.dist(upper_right, lower_right))
    return max(_LEAST_PIXELS, round(width)), max(_LEAST_PIXELS, round(height))


def _coefficients(size: tuple[int, int], points: Sequence[Point]) -> list[float]:
    """The eight numbers of the perspective that lead from the result to the photograph.

    x = (a·u + b·v + c) / (g·u + h·v + 1), y = (d·u + e·v + f) / (g·u + h·v + 1)
    """
    width, height = size
    rows: list[list[float]] = []
    for (u, v), (x, y) in zip(
        ((0, 0), (width, 0), (width, height), (0, height)), points, strict=True
    ):
        rows.append([u, v, 1, 0, 0, 0, -u * x, -v * x, x])
        rows.append([0, 0, 0, u, v, 1, -u * y, -v * y, y])
    return _solve(rows)


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss elimination with pivots; raises ValueError when the corners lie on a line."""
    count = len(rows)
    for column in range(count):
        pivot = max(range(column, count), key=lambda place: abs(rows[place][column]))
        if abs(rows[pivot][column]) < 1e-12:
            raise ValueError("corners on a line")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for place in range(count):
            if place == column:
                continue
            factor = rows[place][column] / rows[column][column]
            for at in range(column, count + 1):
                rows[place][at] -= factor * rows[column][at]
    return [rows[place][count] / rows[place][place] for place in range(count)]
