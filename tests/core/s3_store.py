"""A store that speaks as much of S3 as a blob needs: objects, and uploads in parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class S3Store:
    """Keeps objects in memory and counts the parts they came in."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: list[int] = []
        self._open: dict[str, dict[int, bytes]] = {}

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Yields the endpoint's address."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{key:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert runner.addresses
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        match request.method:
            case "PUT":
                return await self._put(request, key)
            case "POST":
                return await self._post(request, key)
            case "DELETE":
                self.objects.pop(key, None)
                return web.Response(status=204)
            case _:
                return self._get(key)

    async def _put(self, request: web.Request, key: str) -> web.Response:
        data = await request.read()
        upload_id = request.query.get("uploadId")
        if upload_id is None:
            self.objects[key] = data
        else:
            self._open[upload_id][int(request.query["partNumber"])] = data
            self.parts.append(len(data))
        return web.Response(headers={"ETag": f'"{hashlib.sha256(data).hexdigest()}"'})

    async def _post(self, request: web.Request, key: str) -> web.Response:
        body = await request.text()
        if "delete" in request.query:
            for name in re.findall("<Key>(.*?)</Key>", body):
                self.objects.pop(f"{key.split('/')[0]}/{name}", None)
            return _xml("<DeleteResult><Deleted><Key>gone</Key></Deleted></DeleteResult>")
        upload_id = request.query.get("uploadId")
        if upload_id is None:
            upload_id = str(len(self._open) + 1)
            self._open[upload_id] = {}
            answer = f"<InitiateMultipartUploadResult><UploadId>{upload_id}</UploadId>"
            return _xml(f"{answer}</InitiateMultipartUploadResult>")
        parts = self._open.pop(upload_id)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return _xml(
            "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"
        )

    def _get(self, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404)
        headers = {"ETag": '"whole"', "Last-Modified": "Wed, 25 Nov 2026 02:00:00 GMT"}
        return web.Response(body=self.objects[key], headers=headers)


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")
