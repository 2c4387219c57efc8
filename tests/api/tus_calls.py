"""Requests of the tus protocol, in one line each."""

import base64
import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

from core.settings import Settings
from services.cases.files import upload_files
from tests.api.applicants import OFFSET, TUS, Applicant, tus_headers

UPLOADS = "/api/citizen/uploads"
Headers = dict[str, str]


async def send(
    applicant: Applicant,
    method: str,
    path: str,
    headers: Headers | None = None,
    data: Any = None,
) -> tuple[int, Any, str | None]:
    """Status, headers and slug."""
    headers = TUS if headers is None else headers
    async with applicant.http.request(method, path, headers=headers, data=data) as response:
        assert response.headers["Tus-Resumable"] == "1.0.0"
        slug = None
        if response.content_type == "application/problem+json" and method != "HEAD":
            slug = (await response.json(content_type=None))["slug"]
        return response.status, response.headers, slug


async def begin(applicant: Applicant, length: int) -> str:
    case = await applicant.draft()
    status, headers, slug = await send(applicant, "POST", UPLOADS, tus_headers(case["id"], length))
    assert status == 201, slug
    return str(headers["Location"])


def part_of(path: str, settings: Settings) -> Path:
    """Where the bytes of an upload lie."""
    return upload_files.path_of(UUID(path.rsplit("/", 1)[1]), settings.upload_dir)


def at(offset: int, **more: str) -> Headers:
    return {**TUS, **OFFSET, "Upload-Offset": str(offset), **more}


def checksum(algorithm: str, data: bytes) -> str:
    digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    return f"{algorithm} {digest}"
