"""Bodies that are read as they arrive, and how much of them the installation takes."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from sanic import Request
from sanic.http import Http

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


def limits_of(settings: Settings) -> Limits:
    return Limits(
        file=settings.max_upload_bytes,
        person=settings.person_upload_mb * MEBIBYTE,
        case=settings.case_upload_mb * MEBIBYTE,
    )
