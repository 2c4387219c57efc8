"""The strictness of RFC 9112 in front of the framework's parser (Sanic 25.12).

A proxy and a server that read one request differently let the second half of it in as a request of
its own. So what is not exactly a request is refused with 400 before any route is looked for, and
the connection is closed, since nobody can tell where the next request would begin.

The framework reads header names with blanks, digits of other scripts, `0x2` as a chunk's size and
data behind a chunk, and takes no, two, and strange hosts. Sanic's attributes that are touched here:
`recv_buffer`, `_receive_more`, `_send`, `HEADER_MAX_SIZE`, `request_body`, `request_bytes_left`,
`expecting_continue` and `keep_alive` of `Http`; `api/edge/reception.py` names the class to the
protocol.
"""

from __future__ import annotations

import re
from typing import Any

from sanic.exceptions import BadRequest
from sanic.http import Http
from sanic.http.http1 import HTTP_CONTINUE

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
_HEADER = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]+)(?::[0-9]{1,5})?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)")
_LONGEST_CHUNK_LINE = 64


def is_request_head(head: bytes) -> bool:
    """Whether the bytes before the empty line are the head of one request, and plainly so.

    The target begins with a slash, or is the `*` of OPTIONS: who names another server (absolute
    form, CONNECT) is looking for a proxy, and we are none.
    """
    line, *lines = head.split(b"\r\n")
    asked = _REQUEST_LINE.fullmatch(line)
    if asked is None:
        return False
    method, target, minor = asked.groups()
    if not target.startswith(b"/") and (method, target) != (b"OPTIONS", b"*"):
        return False
    found = [_HEADER.fullmatch(each) for each in lines]
    if not all(found):
        return False
    headers = [(each[1].lower(), each[2].rstrip(b" \t")) for each in found if each]
    return _has_one_host(headers, needed=minor == b"1") and _has_one_length(headers, minor)


def _has_one_host(headers: list[tuple[bytes, bytes]], *, needed: bool) -> bool:
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return not needed
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def _has_one_length(headers: list[tuple[bytes, bytes]], minor: bytes) -> bool:
    """At most one word on how long the body is, and none that two readers take differently."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        return False
    if codings:
        return codings[0] == b"chunked" and minor == b"1"
    return not lengths or _LENGTH.fullmatch(lengths[0]) is not None


def has_bare_line_end(text: bytes) -> bool:
    """Whether a CR or LF stands alone; a CR at the very end may yet get its LF."""
    return _BARE.search(text) is not None


def is_chunk_start(text: bytes) -> bool:
    """Whether the line that tells a chunk's size does so in plain hexadecimal digits."""
    return _CHUNK.fullmatch(text) is not None


class StrictHttp(Http):
    """Sanic's reader of requests, behind a look at what it is about to read."""

    __slots__ = ()

    async def http1_request_header(self) -> None:
        # Sanic's reader is not typed.
        this: Any = self
        buffer: bytearray = this.recv_buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0 and len(buffer) < this.HEADER_MAX_SIZE:
            if has_bare_line_end(bytes(buffer)):
                raise BadRequest("Bad Request")
            await this._receive_more()
        if end >= 0 and not is_request_head(bytes(buffer[:end])):
            raise BadRequest("Bad Request")
        await super().http1_request_header()  # type: ignore[no-untyped-call]

    async def read(self) -> bytes | None:
        this: Any = self
        if this.request_body == "chunked" and this.request_bytes_left == 0:
            if this.expecting_continue:
                this.expecting_continue = False
                await this._send(HTTP_CONTINUE)
            await self._await_chunk_start()
        return await super().read()

    async def _await_chunk_start(self) -> None:
        """The end of the chunk before, or of the head, and then a size. Raises BadRequest."""
        this: Any = self
        buffer: bytearray = this.recv_buffer
        while True:
            end = buffer.find(b"\r\n", 2)
            line = bytes(buffer[2 : end if end >= 0 else None])
            closed = b"\r\n".startswith(bytes(buffer[:2]))
            if not closed or len(line) > _LONGEST_CHUNK_LINE:
                break
            if end >= 0:
                if is_chunk_start(line):
                    return
                break
            await this._receive_more()
        this.keep_alive = False
        raise BadRequest("Bad chunked encoding")
