"""What the tus endpoint refuses over HTTP, and that nothing is taken then."""

import base64
from uuid import uuid4

import aiohttp
import pytest

from tests.api.applicants import TUS, Applicant, tus_headers
from tests.api.tus_calls import UPLOADS, Headers, at, begin, send


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


async def test_an_upload_needs_a_session(applicant: Applicant, address: str) -> None:
    path = await begin(applicant, 10)

    async with aiohttp.ClientSession(address) as nobody, nobody.head(path, headers=TUS) as response:
        assert response.status == 401
        assert response.headers["Tus-Resumable"] == "1.0.0"


async def test_an_unsupported_version_does_nothing(applicant: Applicant) -> None:
    path = await begin(applicant, 10)

    await send(applicant, "PATCH", path, at(0, **{"Tus-Resumable": "0.2.2"}), b"abc")
    await send(applicant, "DELETE", path, {"Tus-Resumable": "0.2.2"})

    assert (await send(applicant, "HEAD", path))[1]["Upload-Offset"] == "0"


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "one", "٣", "9" * 30])
async def test_an_offset_that_is_no_number_is_a_bad_request(
    applicant: Applicant, offset: str
) -> None:
    path = await begin(applicant, 10)

    status, _, slug = await send(applicant, "PATCH", path, {**at(0), "Upload-Offset": offset}, b"a")

    assert (status, slug) == (400, "bad-upload-header")
