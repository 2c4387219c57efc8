"""The tus protocol over HTTP, as its clients speak it."""

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from PIL import Image
from yarl import URL

from core.settings import Settings
from tests.api.applicants import OFFSET, TUS, Applicant, tus_headers
from tests.api.tus_calls import UPLOADS, Headers, at, begin, checksum, part_of, send
from tests.cases.factories import PHOTO, encoded, photo
from tests.conftest import serving


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
