"""tuspy and tus-js-client, unchanged, over a network that cuts 30 % of all requests."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from yarl import URL

from core.files.blobs import Blobs
from services.cases.models import MaterialFile
from tests.api.applicants import Applicant
from tests.api.cutting_proxy import CuttingProxy
from tools import node_tools

ITEM, ANSWERS, PAPER = "SJ-SCJG-03", {"S1": ["net"], "S2": ["no"]}, "SJ-SCJG-03-M04"
UPLOADS = "/api/citizen/uploads"
SCRIPT = Path(__file__).with_name("tus_client.cjs")
PERCENT = 30
TRIES = 40


def document() -> bytes:
    """A PDF of 1.5 MB: documents are kept byte for byte."""
    noise = random.Random(11).randbytes(1_500_000)
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n4 0 obj<</Length "
        + str(len(noise)).encode()
        + b">>stream\n"
        + noise
        + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


@pytest.fixture
def node_modules() -> Path:
    if shutil.which("node") is None:
        pytest.skip("no Node.js: apt-get install nodejs npm")
    if not (node_tools.MODULES / "tus-js-client").is_dir():
        pytest.skip("no tus-js-client: fetch it once by python tools/node_tools.py")
    return node_tools.MODULES


@pytest.fixture
def proxy(address: str) -> CuttingProxy:
    url = URL(address)
    assert url.host
    assert url.port
    return CuttingProxy(url.host, url.port, percent=PERCENT, seed=zlib.crc32(b"cuts"))


async def metadata_of(applicant: Applicant) -> dict[str, str]:
    case: Any = await applicant.draft(ITEM, ANSWERS)
    return {"case_id": case["id"], "material_code": PAPER, "filename": "证明.pdf"}


def cookie_of(applicant: Applicant, address: str) -> str:
    cookies = applicant.http.cookie_jar.filter_cookies(URL(address))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


def until_told(ask: Callable[[], Any]) -> Any:
    """What the server says, asked again while the network cuts; in the end why it says nothing."""
    for _ in range(TRIES):
        try:
            return ask()
        except TusCommunicationError:
            continue
    return ask()


async def assert_arrived(data: bytes, blobs: Blobs, proxy: CuttingProxy) -> None:
    stored = await MaterialFile.get()
    assert await blobs.get(stored.digest) == data
    assert proxy.requests >= 10
    assert proxy.cuts >= 2


async def test_tuspy_gets_through(
    applicant: Applicant, address: str, blobs: Blobs, proxy: CuttingProxy
) -> None:
    data = document()
    headers = {"Cookie": cookie_of(applicant, address), "X-Requested-With": "yunjian"}
    metadata = await metadata_of(applicant)

    def send(endpoint: str) -> None:
        client = TusClient(endpoint + UPLOADS, headers=headers)
        options = {"chunk_size": 100_000, "metadata": metadata, "retries": 30, "retry_delay": 0}
        first = client.uploader(file_stream=io.BytesIO(data), **options)
        first.set_url(until_told(first.create_url))
        first.upload(stop_at=600_000)
        stream = io.BytesIO(data)
        until_told(lambda: client.uploader(file_stream=stream, url=first.url, **options)).upload()

    async with proxy.serve() as endpoint:
        await asyncio.to_thread(send, endpoint)

    await assert_arrived(data, blobs, proxy)


async def test_tus_js_client_gets_through(
    node_modules: Path,
    applicant: Applicant,
    address: str,
    blobs: Blobs,
    proxy: CuttingProxy,
    tmp_path: Path,
) -> None:
    data, path = document(), tmp_path / "document.pdf"
    path.write_bytes(data)
    metadata = json.dumps(await metadata_of(applicant))

    async with proxy.serve() as endpoint:
        client = await asyncio.create_subprocess_exec(
            "node",
            str(SCRIPT),
            str(path),
            endpoint + UPLOADS,
            cookie_of(applicant, address),
            metadata,
            str(tmp_path / "urls"),
            env={**os.environ, "NODE_PATH": str(node_modules)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, complaints = await client.communicate()

    assert out.decode().strip() == "done", complaints.decode()
    await assert_arrived(data, blobs, proxy)
