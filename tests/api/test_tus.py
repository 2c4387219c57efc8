"""The tus protocol over HTTP, as its clients speak it."""

import asyncio
import base64
import hashlib
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from PIL import Image
from yarl import URL

from core.settings import Settings
from services.cases.files import upload_files
from tests.api.applicants import OFFSET, TUS, Applicant, tus_headers
from tests.cases.factories import PHOTO, encoded, photo
from tests.conftest import serving

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


async def test_options_tell_what_the_server_can(applicant: Applicant) -> None:
    status, headers, _ = await send(applicant, "OPTIONS", UPLOADS, {})

    assert status == 204
    assert headers["Tus-Version"] == "1.0.0"
    extensions = set(headers["Tus-Extension"].split(","))
    assert extensions == {
        "creation",
        "creation-with-upload",
        "expiration",
        "termination",
        "checksum",
    }
    assert headers["Tus-Checksum-Algorithm"] == "sha1,sha256,sm3"
    assert int(headers["Tus-Max-Size"]) == 50 * 1024 * 1024


async def test_an_upload_in_two_parts_becomes_a_material(applicant: Applicant) -> None:
    data = photo()
    case = await applicant.draft()
    status, headers, _ = await send(applicant, "POST", UPLOADS, tus_headers(case["id"], len(data)))
    path = headers["Location"]
    assert (status, headers["Upload-Offset"]) == (201, "0")
    assert headers["Upload-Expires"].endswith("GMT")

    status, headers, _ = await send(applicant, "PATCH", path, at(0), data[:2000])
    assert (status, headers["Upload-Offset"]) == (204, "2000")
    status, headers, _ = await send(applicant, "HEAD", path)
    assert (status, headers["Upload-Offset"], headers["Upload-Length"]) == (
        200,
        "2000",
        str(len(data)),
    )
    assert headers["Cache-Control"] == "no-store"
    status, headers, _ = await send(applicant, "PATCH", path, at(2000), data[2000:])
    assert (status, headers["Upload-Offset"]) == (204, str(len(data)))

    shown = await applicant.ok("GET", f"/api/citizen/cases/{case['id']}")
    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    assert page["id"] == headers["X-Material-File"]
    assert page["name"] == "照片.jpg"


async def test_creation_may_carry_the_bytes(applicant: Applicant) -> None:
    data = photo()
    case = await applicant.draft()

    status, headers, _ = await send(
        applicant, "POST", UPLOADS, {**tus_headers(case["id"], len(data)), **OFFSET}, data
    )

    assert (status, headers["Upload-Offset"]) == (201, str(len(data)))
    assert headers["X-Material-File"]


async def test_a_post_may_stand_for_the_methods_mini_apps_lack(applicant: Applicant) -> None:
    data = photo()
    path = await begin(applicant, len(data))

    def override(method: str, **more: str) -> Headers:
        return {**TUS, "X-HTTP-Method-Override": method, **more}

    status, headers, _ = await send(
        applicant, "POST", path, override("PATCH", **OFFSET, **{"Upload-Offset": "0"}), data[:100]
    )
    assert (status, headers["Upload-Offset"]) == (204, "100")
    status, headers, _ = await send(applicant, "POST", path, override("HEAD"))
    assert (status, headers["Upload-Offset"]) == (204, "100")
    status, _, _ = await send(applicant, "POST", path, override("DELETE"))
    assert status == 204
    assert (await send(applicant, "POST", path, override("PUT")))[2] == "bad-upload-header"
    assert (await send(applicant, "HEAD", path))[0] == 410


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sm3"])
async def test_a_checksum_is_compared(applicant: Applicant, algorithm: str) -> None:
    path = await begin(applicant, 100)

    good = at(0, **{"Upload-Checksum": checksum(algorithm, b"abc")})
    assert (await send(applicant, "PATCH", path, good, b"abc"))[0] == 204
    bad = at(3, **{"Upload-Checksum": checksum(algorithm, b"xyz")})
    status, _, slug = await send(applicant, "PATCH", path, bad, b"abc")

    assert (status, slug) == (460, "checksum-mismatch")
    assert (await send(applicant, "HEAD", path))[1]["Upload-Offset"] == "3"


@pytest.mark.parametrize("value", ["md5 AAAA", "sha256", "sha256 !!!", "sha256 ä"])
async def test_an_unusable_checksum_is_a_bad_request(applicant: Applicant, value: str) -> None:
    path = await begin(applicant, 100)

    headers = at(0, **{"Upload-Checksum": value})
    status, _, slug = await send(applicant, "PATCH", path, headers, b"a")

    assert status in (400, 460)
    assert slug in ("bad-checksum-header", "checksum-mismatch")
    assert (await send(applicant, "HEAD", path))[1]["Upload-Offset"] == "0"


async def test_a_wrong_offset_conflicts(applicant: Applicant) -> None:
    path = await begin(applicant, 100)

    status, _, slug = await send(applicant, "PATCH", path, at(5), b"abc")

    assert (status, slug) == (409, "wrong-offset")


async def test_more_than_declared_is_too_large(applicant: Applicant) -> None:
    path = await begin(applicant, 4)

    status, _, slug = await send(applicant, "PATCH", path, at(0), b"12345")

    assert (status, slug) == (413, "file-too-large")


async def test_a_wrong_version_is_refused_with_ours(applicant: Applicant) -> None:
    path = await begin(applicant, 100)

    for method, where in (("POST", UPLOADS), ("PATCH", path), ("HEAD", path), ("DELETE", path)):
        status, headers, _ = await send(applicant, method, where, {"Tus-Resumable": "0.2.2"})
        assert (status, headers["Tus-Version"]) == (412, "1.0.0"), method


async def test_another_content_type_is_refused(applicant: Applicant) -> None:
    path = await begin(applicant, 100)
    headers = {**at(0), "Content-Type": "application/json"}

    assert (await send(applicant, "PATCH", path, headers, b"{}"))[0] == 415


@pytest.mark.parametrize(
    "changes",
    [
        {"Upload-Length": ""},
        {"Upload-Length": "-5"},
        {"Upload-Length": "many"},
        {"Upload-Metadata": ""},
        {"Upload-Metadata": "case_id !!!"},
        {"Upload-Metadata": "case_id " + base64.b64encode(b"7").decode()},
        {"Upload-Metadata": "a" * 5000},
        {"Upload-Metadata": ",case_id"},
        {"Upload-Metadata": "filename YQ==,filename YQ=="},
        {"X-HTTP-Method-Override": "PATCH"},
    ],
)
async def test_a_creation_without_its_headers_is_a_bad_request(
    applicant: Applicant, changes: Headers
) -> None:
    case = await applicant.draft()
    headers = {**tus_headers(case["id"], 10), **changes}

    status, _, slug = await send(applicant, "POST", UPLOADS, headers)

    assert (status, slug) == (400, "bad-upload-header")


async def test_a_declared_200_mb_is_refused_at_creation(applicant: Applicant) -> None:
    case = await applicant.draft()

    status, _, slug = await send(
        applicant, "POST", UPLOADS, tus_headers(case["id"], 200 * 1024 * 1024)
    )

    assert (status, slug) == (413, "file-too-large")


async def test_nothing_is_not_a_file(applicant: Applicant) -> None:
    case = await applicant.draft()

    assert (await send(applicant, "POST", UPLOADS, tus_headers(case["id"], 0)))[2] == "empty-file"


async def test_a_script_named_as_a_picture_is_refused(applicant: Applicant) -> None:
    data = b"#!/bin/sh\nexit\n"
    path = await begin(applicant, len(data))

    status, _, slug = await send(applicant, "PATCH", path, at(0), data)

    assert (status, slug) == (422, "not-an-accepted-type")
    assert (await send(applicant, "HEAD", path))[0] == 410


async def test_somebody_elses_upload_is_not_found(
    applicant: Applicant, stranger: Applicant
) -> None:
    path = await begin(applicant, 100)
    case = await applicant.draft()

    assert (await send(stranger, "HEAD", path))[0] == 404
    assert (await send(stranger, "PATCH", path, at(0), b"x"))[2] == "upload-not-found"
    assert (await send(stranger, "DELETE", path))[2] == "upload-not-found"
    assert (await send(stranger, "POST", UPLOADS, tus_headers(case["id"], 9)))[2] == (
        "case-not-found"
    )
    assert (await send(applicant, "HEAD", f"{UPLOADS}/{uuid4()}"))[0] == 404


async def test_a_terminated_upload_is_gone(applicant: Applicant, settings: Settings) -> None:
    path = await begin(applicant, 100)

    assert (await send(applicant, "DELETE", path))[0] == 204

    assert (await send(applicant, "PATCH", path, at(0), b"x"))[2] == "upload-gone"
    assert not part_of(path, settings).exists()


async def test_a_broken_connection_keeps_what_arrived(applicant: Applicant, address: str) -> None:
    data = photo(width=1600, height=1200)
    path = await begin(applicant, len(data))
    arrived = asyncio.Event()

    async def half() -> Any:
        yield data[:5000]
        await arrived.wait()

    headers = {**at(0), "Content-Length": str(len(data))}
    broken = asyncio.create_task(applicant.http.patch(path, headers=headers, data=half()))
    offset = 0
    async with asyncio.timeout(10):
        while offset < 5000:
            offset = int((await send(applicant, "HEAD", path))[1]["Upload-Offset"])
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)

    status, headers_after, _ = await send(applicant, "PATCH", path, at(5000), data[5000:])

    assert (status, headers_after["Upload-Offset"]) == (204, str(len(data)))


async def test_a_last_byte_without_an_answer_is_repaired_by_asking(
    applicant: Applicant, settings: Settings
) -> None:
    """The worker died after the last byte reached the disk and before the file was taken."""
    data = photo()
    path = await begin(applicant, len(data))
    part_of(path, settings).write_bytes(data)

    status, headers, _ = await send(applicant, "HEAD", path)

    assert (status, headers["Upload-Offset"]) == (200, str(len(data)))
    assert headers["X-Material-File"]


async def test_the_metadata_of_a_photo_is_not_kept(applicant: Applicant) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker of the telephone"
    data = encoded(Image.new("RGB", (640, 480), "red"), kind="JPEG", exif=exif)
    path = await begin(applicant, len(data))
    _, headers, _ = await send(applicant, "PATCH", path, at(0), data)

    url = f"/api/citizen/materials/{headers['X-Material-File']}/content"
    async with applicant.http.get(url) as response:
        assert b"Maker" not in await response.read()


async def test_an_upload_needs_a_session(applicant: Applicant, address: str) -> None:
    path = await begin(applicant, 10)

    async with aiohttp.ClientSession(address) as nobody, nobody.head(path, headers=TUS) as response:
        assert response.status == 401
        assert response.headers["Tus-Resumable"] == "1.0.0"


async def test_the_metadata_is_told_again(applicant: Applicant) -> None:
    case = await applicant.draft()
    sent = tus_headers(case["id"], 10)
    _, headers, _ = await send(applicant, "POST", UPLOADS, sent)

    _, headers, _ = await send(applicant, "HEAD", headers["Location"])

    assert headers["Upload-Metadata"] == sent["Upload-Metadata"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_the_override_counts_and_not_the_method(applicant: Applicant, method: str) -> None:
    path = await begin(applicant, 10)
    patch = at(0, **{"X-HTTP-Method-Override": "PATCH"})

    status, headers, _ = await send(applicant, method, path, patch, b"abc")
    assert (status, headers["Upload-Offset"]) == (204, "3")
    delete = {**TUS, "X-HTTP-Method-Override": "DELETE"}
    assert (await send(applicant, method, path, delete))[0] == 204
    assert (await send(applicant, "HEAD", path))[0] == 410


async def test_an_unsupported_version_does_nothing(applicant: Applicant) -> None:
    path = await begin(applicant, 10)

    await send(applicant, "PATCH", path, at(0, **{"Tus-Resumable": "0.2.2"}), b"abc")
    await send(applicant, "DELETE", path, {"Tus-Resumable": "0.2.2"})

    assert (await send(applicant, "HEAD", path))[1]["Upload-Offset"] == "0"


async def test_options_need_no_version(applicant: Applicant) -> None:
    for version in ("9.9.9", "1.0.0"):
        status, headers, _ = await send(applicant, "OPTIONS", UPLOADS, {"Tus-Resumable": version})
        assert (status, headers["Tus-Version"]) == (204, "1.0.0")


async def test_a_finished_upload_still_tells_its_offset(applicant: Applicant) -> None:
    data = photo()
    path = await begin(applicant, len(data))
    await send(applicant, "PATCH", path, at(0), data)

    status, headers, _ = await send(applicant, "HEAD", path)

    assert (status, headers["Upload-Offset"]) == (200, str(len(data)))


async def test_every_patch_tells_when_the_upload_expires(applicant: Applicant) -> None:
    path = await begin(applicant, 10)

    _, headers, _ = await send(applicant, "PATCH", path, at(0), b"abc")

    assert parsedate_to_datetime(headers["Upload-Expires"]).tzinfo is not None


async def test_another_server_of_the_installation_goes_on(
    applicant: Applicant, settings: Settings, resources: Any
) -> None:
    data = photo()
    path = await begin(applicant, len(data))
    await send(applicant, "PATCH", path, at(0), data[:1000])
    cookies = applicant.http.cookie_jar.filter_cookies(URL(str(applicant.http._base_url)))

    async with serving(settings, resources) as second:
        more = {"Cookie": "; ".join(f"{name}={c.value}" for name, c in cookies.items())}
        more["X-Requested-With"] = "yunjian"
        async with aiohttp.ClientSession(second, headers=more) as http:
            other = Applicant(http)
            assert (await send(other, "HEAD", path))[1]["Upload-Offset"] == "1000"
            status, headers, _ = await send(other, "PATCH", path, at(1000), data[1000:])

    assert (status, headers["Upload-Offset"]) == (204, str(len(data)))


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "one", "٣", "9" * 30])
async def test_an_offset_that_is_no_number_is_a_bad_request(
    applicant: Applicant, offset: str
) -> None:
    path = await begin(applicant, 10)

    status, _, slug = await send(applicant, "PATCH", path, {**at(0), "Upload-Offset": offset}, b"a")

    assert (status, slug) == (400, "bad-upload-header")
