"""Request bodies: who may send how much, and by when all of it must be there.

A small body is read at once, after the guard has let its sender in; a large one as it arrives. Each
has an end from the start, since one byte every few seconds is never silent.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

from sanic import Request
from sanic.http import Http

from api.edge import blocks
from api.edge.problems import RequestTimeout
from core.errors import Malformed, TooLarge
from core.settings import MEBIBYTE, Settings
from services.cases.materials.quotas import Limits

IDLE_SECONDS = 20
"""A sender that is silent for so long has lost the connection."""


BODY_SECONDS = 15.0
"""For 64 KiB and less, however it comes."""

LEAST_RATE = 256 * 1024
"""Bytes a second of a body that is held in memory; its sender is a server."""

LEAST_STREAM_RATE = 4 * 1024
"""Bytes a second, on the whole, of what goes to a disk; its sender may be a phone in a lift."""

STREAM_SECONDS = 60.0


class UploadStalled(Malformed):
    slug = "upload-stalled"
    title = "网络中断，请从断点继续上传"
    status = 408


class BodyTooLarge(TooLarge):
    """Member `max_bytes`."""

    slug = "body-too-large"
    title = "提交的内容太大，请删减后重试"


async def receive(request: Request, *, largest: int) -> None:
    """Read the body into `request.body`, once. Raises BodyTooLarge, RequestTimeout.

    What is announced as too large is refused before a byte of it is read.
    """
    stream = cast(Http | None, request.stream)
    if stream is None or not stream.request_body or request.body:
        return
    announced = stream.request_bytes or 0
    if announced > largest:
        refuse_rest(request)
        raise BodyTooLarge(max_bytes=largest)
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS + announced / LEAST_RATE):
            while (chunk := await stream.read()) is not None:
                found += chunk
                if len(found) > largest:
                    refuse_rest(request)
                    raise BodyTooLarge(max_bytes=largest)
    except TimeoutError:
        drop_rest(request)
        raise RequestTimeout() from None
    request.body = bytes(found)


def refuse_rest(request: Request) -> None:
    """The connection ends with the answer; the reception throws away what still comes."""
    stream: Any = request.stream
    stream.keep_alive = False


def drop_rest(request: Request) -> None:
    """The connection ends with the answer, at once: its sender is too slow to be waited for."""
    stream: Any = request.stream
    stream.keep_alive = False
    stream.request_body = None


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body of a `stream=True` route; raises `UploadStalled`."""
    stream = cast(Http, request.stream)
    loop = asyncio.get_running_loop()
    began, received = loop.time(), 0
    while True:
        last = _last_moment(began, received)
        try:
            async with asyncio.timeout_at(min(loop.time() + IDLE_SECONDS, last)):
                chunk = await stream.read()
        except TimeoutError:
            drop_rest(request)
            raise UploadStalled() from None
        if chunk is None:
            return
        received += len(chunk)
        yield chunk


def _last_moment(began: float, received: int) -> float:
    """When the next byte must be there at the latest, given what has come so far."""
    return began + STREAM_SECONDS + received / LEAST_STREAM_RATE


@asynccontextmanager
async def in_blocks(request: Request) -> AsyncIterator[AsyncIterator[bytes | memoryview]]:
    """The body of a `stream=True` route as fast as it can be had; for what goes to a disk.

    A block is the caller's until it asks for the next one. Raises `UploadStalled`.
    """
    async with aclosing(_blocks(request)) as found:
        yield found


async def _blocks(request: Request) -> AsyncGenerator[bytes | memoryview, None]:
    stream = cast(Http, request.stream)
    small = chunks(request)
    while not blocks.is_large(stream):
        chunk = await anext(small, None)
        if chunk is None:
            return
        yield chunk
    began = asyncio.get_running_loop().time()
    received = 0
    try:
        async with aclosing(blocks.receive(request, patience=IDLE_SECONDS)) as large:
            async for block in large:
                received += len(block)
                if asyncio.get_running_loop().time() > _last_moment(began, received):
                    raise TimeoutError
                yield block
    except TimeoutError:
        drop_rest(request)
        raise UploadStalled() from None


def limits_of(settings: Settings) -> Limits:
    return Limits(
        file=settings.max_upload_bytes,
        person=settings.person_upload_mb * MEBIBYTE,
        case=settings.case_upload_mb * MEBIBYTE,
    )
