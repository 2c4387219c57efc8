"""Bodies that are read as they arrive, and how much of them the installation takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast

from sanic import Request
from sanic.http import Http

from api import blocks
from cases.quotas import Limits
from core.errors import Malformed
from core.settings import MEBIBYTE, Settings

IDLE_SECONDS = 20
"""A sender that is silent for so long has lost the connection."""


class UploadStalled(Malformed):
    slug = "upload-stalled"
    title = "网络中断，请从断点继续上传"
    status = 408


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body of a `stream=True` route; raises `UploadStalled`."""
    stream = cast(Http, request.stream)
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                chunk = await stream.read()
        except TimeoutError:
            raise UploadStalled() from None
        if chunk is None:
            return
        yield chunk


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
    try:
        async with aclosing(blocks.receive(request, patience=IDLE_SECONDS)) as large:
            async for block in large:
                yield block
    except TimeoutError:
        raise UploadStalled() from None


def limits_of(settings: Settings) -> Limits:
    return Limits(
        file=settings.max_upload_bytes,
        person=settings.person_upload_mb * MEBIBYTE,
        case=settings.case_upload_mb * MEBIBYTE,
    )
