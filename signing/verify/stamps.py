"""Judge where a seal's picture is shown: on which pages, and whether a riding seal is whole.

The StampAnnots lie in Signature.xml, which the signature binds; this says what they amount to.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from signing.errors import UnsafeDocument
from signing.judge.context import Context
from signing.ofd import document
from signing.ofd.container import Package
from signing.ofd.document import Body
from signing.ofd.stamps import Box, Stamp
from signing.report.report import Check

_SHOWN = 10
_SLACK = 0.02
"""Writers round to hundredths of a millimetre."""


class _Shown(NamedTuple):
    page: int
    boundary: Box
    clip: Box | None


class _Piece(NamedTuple):
    page: int
    begin: float
    end: float
    length: float
    """Of the whole picture, in the direction in which it is cut."""


def judge_stamps(
    package: Package, body: Body, stamps: Sequence[Stamp], context: Context
) -> Iterator[Check]:
    """One check for the whole seals, one for each riding seal, one for what is shown nowhere."""
    try:
        pages = document.pages(package, body)
    except UnsafeDocument:
        return  # Said by the check of coverage, which reads all that is shown.
    numbers = {page.id: number for number, page in enumerate(pages, start=1)}
    shown, nowhere = [], []
    for stamp in stamps:
        number = numbers.get(stamp.page_ref)
        if number is None or stamp.boundary is None:
            nowhere.append(stamp.id)
        else:
            shown.append(_Shown(number, stamp.boundary, stamp.clip))
    if nowhere:
        yield context.judge("stamp-nowhere", stamps=_few(nowhere))
    whole = [stamp for stamp in shown if not _is_cut(stamp)]
    if whole:
        yield context.judge(
            "stamps-placed",
            pages=_few([str(page) for page in sorted({stamp.page for stamp in whole})]),
            count=str(len(whole)),
            boxes=_few([stamp.boundary.write() for stamp in whole], separator="; "),
        )
    for pieces in _riding(shown).values():
        yield from _judge_riding(pieces, context)


def _is_cut(stamp: _Shown) -> bool:
    return stamp.clip is not None and not stamp.clip.holds(
        Box(0, 0, stamp.boundary.width, stamp.boundary.height), slack=_SLACK
    )


def _riding(shown: Sequence[_Shown]) -> dict[tuple[object, ...], list[_Piece]]:
    """The pieces of each riding seal: same picture size, same cut, same edge of the page."""
    found: dict[tuple[object, ...], list[_Piece]] = {}
    for stamp in sorted((one for one in shown if _is_cut(one)), key=lambda one: one.page):
        box, clip = stamp.boundary, stamp.clip
        assert clip is not None  # noqa: S101 - what is cut has a clip
        upright = abs(clip.height - box.height) <= _SLACK
        begin, width, length, edge = (
            (clip.x, clip.width, box.width, box.x + clip.x)
            if upright
            else (clip.y, clip.height, box.height, box.y + clip.y)
        )
        key = (upright, box.width, box.height, abs(edge) <= _SLACK)
        found.setdefault(key, []).append(_Piece(stamp.page, begin, begin + width, length))
    return found


def _judge_riding(pieces: Sequence[_Piece], context: Context) -> Iterator[Check]:
    """Each run of pages with pieces enough for a picture, in the order of pages or against it."""
    run: list[_Piece] = []
    missing = 0.0
    for piece in pieces:
        missing = (missing if run else piece.length) - (piece.end - piece.begin)
        run.append(piece)
        if missing <= _SLACK * len(run):
            yield _judged("riding-whole" if _is_whole(run) else "riding-partial", run, context)
            run = []
    if run:
        yield _judged("riding-partial", run, context)


def _is_whole(run: Sequence[_Piece]) -> bool:
    """Without gap or overlap, on consecutive pages."""
    consecutive = all(after.page == before.page + 1 for before, after in pairwise(run))
    return consecutive and (_fits(run) or _fits(run[::-1]))


def _fits(run: Sequence[_Piece]) -> bool:
    edges = [0.0, *(edge for piece in run for edge in (piece.begin, piece.end)), run[0].length]
    return all(
        abs(end - begin) <= _SLACK for end, begin in zip(edges[::2], edges[1::2], strict=True)
    )


def _judged(code: str, run: Sequence[_Piece], context: Context) -> Check:
    pages = [piece.page for piece in run]
    spoken = f"{pages[0]}-{pages[-1]}" if code == "riding-whole" else _few(list(map(str, pages)))
    return context.judge(code, pages=spoken, count=str(len(run)))


def _few(items: Sequence[str], separator: str = ", ") -> str:
    rest = f" (+{len(items) - _SHOWN})" if len(items) > _SHOWN else ""
    return separator.join(items[:_SHOWN]) + rest
