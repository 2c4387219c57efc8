"""pyHanko's reader with a budget and without a voice.

A hostile PDF can make an honest reader work for hours: cross-reference entries of no width,
millions of revisions, objects that name each other along exponentially many paths. Everything
that costs is counted, and whoever exceeds the budget is refused. Nothing of a document, not even
its faults, goes to a log: pyHanko quotes what it reads.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DecodeContext,
    DecodeLimits,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import (
    HistoricalResolver,
    PdfFileReader,
    _read_header_version,
    process_data_at_eof,
)
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefBuilder, XRefCache

from signing.errors import SigningError, UnsafeDocument
from signing.report.policy import MIB, Limits

for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False

LARGEST = 32 * MIB
_READS, _LOOKUPS, _ENTRIES, _SECTIONS = 8_000_000, 100_000, 1_000_000, 256
# Walking over so many values of an object costs as much as looking the object up.
_VALUES_A_LOOKUP = 8
_DECODED = 32 * MIB
_DECODE_LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_ratio=200, max_output_size=_DECODED),
    document_budget=DocumentDecodeBudget(base_allowance=_DECODED, max_ratio=0),
)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Whatever pyHanko raises, from KeyError to RecursionError, becomes UnsafeDocument."""
    try:
        yield
    except SigningError:
        raise
    except Exception as problem:
        raise UnsafeDocument(f"{what}: {type(problem).__name__}") from problem


class _Budget:
    def __init__(self, amount: int) -> None:
        self._left = amount

    def spend(self, amount: int = 1) -> None:
        self._left -= amount
        if self._left < 0:
            raise UnsafeDocument("the document costs too much to read")


class _CountedStream(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._budget = _Budget(_READS)

    def read(self, size: int | None = -1, /) -> bytes:
        self._budget.spend()
        return super().read(size)


class _SectionReader(XRefBuilder):  # type: ignore[misc]
    """Reads at most so many cross-reference sections and entries."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._budget = _Budget(_SECTIONS)
        self._entries = _Budget(_ENTRIES)

    def _read_xref_stream_object(self) -> Any:
        self._budget.spend()
        reference, stream = super()._read_xref_stream_object()
        index = stream.get("/Index", [0, stream.get("/Size")])
        sizes = [int(index[place]) for place in range(1, len(index), 2)]
        self._entries.spend(sum(max(size, 1) for size in sizes))
        return reference, stream

    def _read_xref_table(self, declared_startxref: int) -> Any:
        self._budget.spend()
        return super()._read_xref_table(declared_startxref)


class _CountedResolver(HistoricalResolver):  # type: ignore[misc]
    """A look into an earlier revision. The weight of an object is what walking over it costs."""

    def __init__(self, reader: "BoundedReader", revision: int) -> None:
        super().__init__(reader, revision)
        self._weights: dict[Any, int] = {}

    def get_object(self, ref: Any, **options: Any) -> Any:
        found = super().get_object(ref, **options)
        weight = self._weights.get(ref)
        if weight is None:
            weight = self._weights[ref] = 1 + _weight(found) // _VALUES_A_LOOKUP
        self.reader.lookups.spend(weight)
        return found


class BoundedReader(PdfFileReader):  # type: ignore[misc]
    """Strict, counted, without passwords. Use inside `refusing`."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > min(LARGEST, limits.package):
            raise UnsafeDocument("the document is too large")
        self.data = data
        self.lookups = _Budget(_LOOKUPS)
        stream = _CountedStream(data)
        self._start(stream)
        stream.seek(-1, io.SEEK_END)
        builder = _SectionReader(self, stream, True, process_data_at_eof(stream))
        self.xrefs = XRefCache(self, builder.read_xrefs())
        self.last_startxref = builder.last_startxref
        self.trailer = builder.trailer
        self.has_xref_stream = builder.has_xref_stream
        if "/Encrypt" in self.trailer:
            raise UnsafeDocument("the document is encrypted")

    def _start(self, stream: io.BytesIO) -> None:
        """The fields of PdfFileReader.__init__, which leaves no place to count sections."""
        self._security_handler = None
        self.strict = True
        self._decode_context = DecodeContext(_DECODE_LIMITS, input_size=len(self.data))
        self.resolved_objects: dict[Any, Any] = {}
        self._header_version = _read_header_version(stream)
        self._input_version = None
        self._historical_resolver_cache: dict[int, Any] = {}
        self.stream = stream
        self._embedded_signatures = None

    def get_object(self, ref: Any, *arguments: Any, **options: Any) -> Any:
        self.lookups.spend()
        return super().get_object(ref, *arguments, **options)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        holder = generic.Reference(stmnum, 0, self)
        if isinstance(self.xrefs[holder], ObjStreamRef):
            raise UnsafeDocument("an object stream inside an object stream")
        self.lookups.spend(1 + int(holder.get_object()["/N"]) // _VALUES_A_LOOKUP)
        return super()._get_object_from_stream(idnum, stmnum, idx)

    def get_historical_resolver(self, revision: int) -> Any:
        found = self._historical_resolver_cache.get(revision)
        if found is None:
            found = self._historical_resolver_cache[revision] = _CountedResolver(self, revision)
        return found


def _weight(item: Any) -> int:
    """How many values there are in an object, itself included, without following references."""
    total, waiting = 0, [item]
    while waiting:
        current = waiting.pop()
        total += 1
        if isinstance(current, generic.DictionaryObject):
            waiting += [current.raw_get(key) for key in current]
        elif isinstance(current, generic.ArrayObject):
            waiting += [current.raw_get(place) for place in range(len(current))]
    return total
