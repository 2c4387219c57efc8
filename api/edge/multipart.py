"""One file out of a `multipart/form-data` body, written to disk as it arrives (RFC 7578).

The framework's own parser holds the body in memory several times over; this one holds one chunk.
"""

from collections.abc import AsyncIterator
from email.utils import decode_rfc2231
from typing import IO
from urllib.parse import unquote

from sanic.headers import parse_content_header

from core.errors import Malformed

_MAX_HEAD = 16 * 1024
_MAX_PARTS = 50


class NoFile(Malformed):
    slug = "no-file"
    title = "请求里没有文件，请重新选择文件"


async def receive_file(
    chunks: AsyncIterator[bytes], *, content_type: str, field: str, into: IO[bytes]
) -> str:
    """Write the part named `field` to `into`; returns its file name.

    What follows the part is not read. The caller bounds the size of the body. Raises `NoFile` for a
    body without such a part, or one that is no form.
    """
    media_type, options = parse_content_header(content_type)
    boundary = options.get("boundary")
    if media_type != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise NoFile()
    body = _Body(chunks)
    delimiter = b"\r\n--" + boundary.encode()
    body.put_back(b"\r\n")
    await body.skip_past(delimiter)
    for _ in range(_MAX_PARTS):
        filename = _filename_of(await body.head(), field)
        if filename is not None:
            await body.copy_until(delimiter, into)
            await body.drop_rest()
            return filename
        await body.skip_past(delimiter)
    raise NoFile()


class _Body:
    """The bytes to come, with those looked at too early in front."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()

    def put_back(self, data: bytes) -> None:
        self._held[:0] = data

    async def skip_past(self, delimiter: bytes) -> None:
        await self.copy_until(delimiter, None)

    async def copy_until(self, delimiter: bytes, into: IO[bytes] | None) -> None:
        """Everything before `delimiter`; holds back what may be the beginning of one."""
        while (found := self._held.find(delimiter)) < 0:
            ready = max(0, len(self._held) - len(delimiter) + 1)
            self._take(ready, into)
            await self._more()
        self._take(found, into)
        del self._held[: len(delimiter)]

    async def drop_rest(self) -> None:
        """Sanic complains of handlers that leave a body unread."""
        while await anext(self._chunks, None) is not None:
            pass

    async def head(self) -> bytes:
        """The header lines of a part. Raises `NoFile` behind the last part."""
        while len(self._held) < 2:
            await self._more()
        if self._held[:2] != b"\r\n":
            raise NoFile()
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _MAX_HEAD:
                raise NoFile()
            await self._more()
        head = bytes(self._held[2:end]) if end else b""
        del self._held[: end + 4]
        return head

    def _take(self, size: int, into: IO[bytes] | None) -> None:
        if into is not None:
            into.write(memoryview(self._held)[:size].tobytes())
        del self._held[:size]

    async def _more(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise NoFile("表单不完整，请重新上传")
        self._held += chunk


def _filename_of(head: bytes, field: str) -> str | None:
    """The file name, if this is a file in the wanted field."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() != "content-disposition":
            continue
        _, options = parse_content_header(value.strip())
        if options.get("name") != field:
            return None
        if (encoded := options.get("filename*")) is not None:
            _, _, text = decode_rfc2231(str(encoded))
            return unquote(text)
        plain = options.get("filename")
        return None if plain is None else str(plain)
    return None
