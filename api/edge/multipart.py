"""One file out of a `multipart/form-data` body, written to disk as it arrives (RFC 7578).

The framework's own parser holds the body in memory several times over; python-multipart, fed one
chunk after the other, holds nothing. Which part is wanted, and where it goes, stands here.
"""

from collections.abc import AsyncIterator
from email.utils import decode_rfc2231
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser
from sanic.headers import parse_content_header

from core.errors import Malformed

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_PARTS = 50


class NoFile(Malformed):
    slug = "no-file"
    title = "请求里没有文件，请重新选择文件"


async def receive_file(
    chunks: AsyncIterator[bytes], *, content_type: str, field: str, into: IO[bytes]
) -> str:
    """Write the part named `field` to `into`; returns its file name.

    What follows the part is read and dropped: Sanic complains of handlers that leave a body unread.
    The caller bounds the size of the body. Raises `NoFile` for a body without such a part, or one
    that is no form.
    """
    media_type, options = parse_content_header(content_type)
    boundary = options.get("boundary")
    if media_type != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise NoFile()
    wanted = _Wanted(field, into)
    try:
        parser = MultipartParser(boundary.encode(), wanted.callbacks())
        async for chunk in chunks:
            if not wanted.is_whole:
                wanted.read(parser, chunk)
    except FormParserError:
        raise NoFile("表单不完整，请重新上传") from None
    if wanted.filename is None or not wanted.is_whole:
        raise NoFile()
    return wanted.filename


class _Wanted:
    """The first file in the field asked for; every other part is passed over."""

    def __init__(self, field: str, into: IO[bytes]) -> None:
        self._field = field
        self._into = into
        self._name = bytearray()
        self._value = bytearray()
        self._parts = 0
        self.filename: str | None = None
        self.is_whole = False

    def read(self, parser: MultipartParser, chunk: bytes) -> None:
        """One chunk; a fault behind the end of the file is nobody's loss."""
        try:
            parser.write(chunk)
        except FormParserError:
            if not self.is_whole:
                raise

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise FormParserError

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name, value = self._name.decode("latin-1").lower(), self._value.decode("utf-8", "replace")
        self._name.clear()
        self._value.clear()
        if name == "content-disposition" and self.filename is None:
            self.filename = _filename_of(value, self._field)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self.filename is not None and not self.is_whole:
            self._into.write(data[start:end])

    def _end(self) -> None:
        self.is_whole = self.filename is not None


def _filename_of(disposition: str, field: str) -> str | None:
    """The file name, if this is a file in the wanted field."""
    _, options = parse_content_header(disposition)
    if options.get("name") != field:
        return None
    if (encoded := options.get("filename*")) is not None:
        _, _, text = decode_rfc2231(str(encoded))
        return unquote(text)
    plain = options.get("filename")
    return None if plain is None else str(plain)
