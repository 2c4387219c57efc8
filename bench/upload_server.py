"""A server of one route: what arrives is appended as an upload is, and filed when asked.

Without people, cases and a database, so that the bench measures receiving, writing and filing. The
folder and the port are the arguments.
"""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty

from api.edge import bodies
from api.shared.tus import parse_checksum
from core.files.blobs import Blobs
from core.ids import new_id
from services.cases.files import upload_files

FOLDER = Path(sys.argv[1])
BLOBS = Blobs.open(f"file://{FOLDER}/blobs")

app = Sanic("upload-bench")
app.config.REQUEST_MAX_SIZE = 2 * 1024**3
app.config.ACCESS_LOG = False


@app.post("/<keep:str>", stream=True)
async def receive(request: Request, keep: str) -> HTTPResponse:
    upload_id: UUID = new_id()
    path = upload_files.path_of(upload_id, FOLDER)
    upload_files.create_empty(path)
    async with upload_files.exclusive(path) as file, bodies.in_blocks(request) as blocks:
        await upload_files.append(
            file,
            blocks,
            path=path,
            room=int(request.headers["content-length"]),
            checksum=parse_checksum(request.headers.get("upload-checksum")),
        )
    if keep == "filed":
        await BLOBS.put_file(path)
    path.unlink()
    return empty(status=201)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[2]), single_process=True, motd=False)
