"""A bucket to test against: the part of S3 that is spoken here, without looking at signatures.

PUT with `If-None-Match: *`, GET, HEAD, DELETE of one and of many, and listing by pages. What is
stored lies in `objects`; `puts` has the size of each write in order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, unescape

from aiohttp import web
from obstore.store import S3Store

BUCKET = "unfinished"
_PAGE = 3
"""Few to a page, so that paging is met by every test."""


class S3Server:
    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.puts: list[int] = []
        self.heeds_conditions = True
        self.address = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[S3Server]:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", f"/{BUCKET}", self._bucket)
        app.router.add_route("*", f"/{BUCKET}/{{key:.*}}", self._object)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def store(self, prefix: str = "", *, retries: int = 2) -> S3Store:
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            endpoint=self.address,
            region="city",
            access_key_id="x",
            secret_access_key="x",
            client_options={"allow_http": True},
            retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=5)},
        )

    async def _object(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        if not key:
            return await self._bucket(request)
        if request.method == "PUT":
            return await self._put(request, key)
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return web.Response(status=204)
        if key not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        data, modified_at = self.objects[key]
        headers = {
            "Last-Modified": format_datetime(modified_at, usegmt=True),
            "ETag": _etag(data),
        }
        return web.Response(body=data, headers=headers)

    async def _put(self, request: web.Request, key: str) -> web.Response:
        data = await request.read()
        asked = request.headers.get("If-None-Match") == "*"
        if asked and self.heeds_conditions and key in self.objects:
            return web.Response(status=412, text="<Error><Code>PreconditionFailed</Code></Error>")
        self.objects[key] = (data, datetime.now(UTC))
        self.puts.append(len(data))
        return web.Response(headers={"ETag": _etag(data)})

    async def _bucket(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            body = await request.text()
            keys = re.findall("<Key>(.*?)</Key>", body)
            for key in keys:
                self.objects.pop(unescape(key), None)
            rows = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return _xml(f"<DeleteResult>{rows}</DeleteResult>")
        prefix = request.query.get("prefix", "")
        after = request.query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        more = len(keys) > _PAGE
        rows = "".join(self._row(key) for key in keys[:_PAGE])
        rest = f"<NextContinuationToken>{keys[_PAGE - 1]}</NextContinuationToken>" if more else ""
        truncated = str(more).lower()
        return _xml(
            f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>"
            f"{rest}{rows}</ListBucketResult>"
        )

    def _row(self, key: str) -> str:
        data, modified_at = self.objects[key]
        return (
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
            f"<LastModified>{modified_at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(_etag(data))}</ETag></Contents>"
        )


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")
