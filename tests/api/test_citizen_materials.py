"""Materials over HTTP: small files, promises, and seeing one's own files."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from core.files.malware import ScannerUnavailable
from core.settings import Settings
from tests.api.applicants import Applicant, Caller
from tests.cases.factories import PHOTO, photo
from tests.conftest import serving


def path_of(case: Any, code: str = PHOTO) -> str:
    return f"/api/citizen/cases/{case['id']}/materials/{code}"


def form(data: bytes, name: str = "照片.jpg", field: str = "file") -> aiohttp.FormData:
    parts = aiohttp.FormData(quote_fields=False)
    parts.add_field(field, data, filename=name)
    return parts


async def test_a_small_file_is_handed_in_and_seen(applicant: Applicant) -> None:
    case = await applicant.draft()

    shown = await applicant.upload(case["id"])

    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    async with applicant.http.get(page["url"]) as response:
        assert response.status == 200
        assert response.content_type == "image/jpeg"
        headers = response.headers
        assert headers["Content-Disposition"].startswith("inline; filename*=UTF-8''%E7%85%A7")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox")
        assert headers["Cache-Control"].startswith("private")
        assert len(await response.read()) == page["size"]


async def test_files_are_kept_from_others(
    applicant: Applicant, stranger: Applicant, officer: Caller
) -> None:
    case = await applicant.draft()
    shown = await applicant.upload(case["id"])
    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    staff_url = f"/api/staff/materials/{page['id']}/content"

    assert await stranger.refused("GET", page["url"]) == (404, "file-not-found")
    assert await officer.refused("GET", staff_url) == (404, "file-not-found")
    nowhere = f"/api/citizen/materials/{uuid4()}/content"
    assert await applicant.refused("GET", nowhere) == (404, "file-not-found")


async def test_the_office_sees_the_files_of_a_submitted_case(
    applicant: Applicant, officer: Caller
) -> None:
    case = await applicant.submitted()
    detail = await officer.ok("GET", f"/api/staff/cases/{case['id']}")
    (page,) = next(m for m in detail["materials"] if m["code"] == PHOTO)["files"]

    async with officer.http.get(page["url"]) as response:
        assert response.status == 200
        assert (await response.read()).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"#!/bin/sh\n", (422, "not-an-accepted-type")),
        (photo()[:2000], (422, "unreadable-file")),
        (b"", (422, "empty-file")),
    ],
    ids=["script", "damaged", "empty"],
)
async def test_a_bad_file_is_refused(
    applicant: Applicant, data: bytes, refusal: tuple[int, str]
) -> None:
    case = await applicant.draft()

    assert await applicant.refused("POST", f"{path_of(case)}/file", data=form(data)) == refusal


async def test_a_body_without_a_file_is_refused(applicant: Applicant) -> None:
    case = await applicant.draft()
    path = f"{path_of(case)}/file"

    assert await applicant.refused("POST", path, data=form(photo(), field="other")) == (
        400,
        "no-file",
    )
    assert await applicant.refused("POST", path, {"file": "x"}) == (400, "no-file")


async def test_a_large_file_is_refused_before_it_is_read(applicant: Applicant) -> None:
    case = await applicant.draft()
    headers = {"Content-Length": str(200 * 1024 * 1024), "Content-Type": "multipart/form-data"}

    async def endless() -> Any:
        yield b"x" * 1024

    status = 0
    try:
        async with applicant.http.post(
            f"{path_of(case)}/file", data=endless(), headers=headers
        ) as response:
            status = response.status
    except aiohttp.ClientConnectionError:
        pytest.fail("the refusal should come before the connection closes")
    assert status == 413


async def test_a_material_outside_the_guide_is_refused(applicant: Applicant) -> None:
    case = await applicant.draft()

    for code, refusal in (
        ("SJ-RSJ-03-M99", (404, "material-not-found")),
        ("SJ-RSJ-03-M04", (422, "material-not-applicable")),
    ):
        path = f"{path_of(case, code)}/file"
        assert await applicant.refused("POST", path, data=form(photo())) == refusal


async def test_a_promise_and_its_removal(applicant: Applicant) -> None:
    case = await applicant.draft("SJ-SCJG-01", {"S2": ["own"]})
    path = path_of(case, "SJ-SCJG-01-M04")

    def status(shown: Any) -> str:
        found = next(m for m in shown["materials"] if m["code"] == "SJ-SCJG-01-M04")
        return str(found["status"])

    assert status(await applicant.ok("POST", f"{path}/commitment")) == "committed"
    assert status(await applicant.ok("DELETE", path)) == "missing"
    refusal = await applicant.refused("POST", f"{path_of(case, 'SJ-SCJG-01-M05')}/commitment")
    assert refusal == (422, "material-not-applicable")


async def test_a_foreign_licence_cannot_be_used(applicant: Applicant) -> None:
    case = await applicant.draft("SJ-SCJG-01", {"S2": ["own"]})

    refusal = await applicant.refused(
        "POST",
        f"{path_of(case, 'SJ-SCJG-01-M04')}/licence",
        {"licence_id": str(uuid4())},
    )

    assert refusal == (404, "licence-not-found")


async def test_a_submitted_case_takes_no_more_material(applicant: Applicant) -> None:
    case = await applicant.submitted()

    refusal = await applicant.refused("POST", f"{path_of(case)}/file", data=form(photo()))

    assert refusal == (409, "materials-locked")


async def test_a_form_in_many_small_pieces_is_read(applicant: Applicant) -> None:
    """The boundary may be cut anywhere."""
    case = await applicant.draft()
    data = photo()
    head = (
        '--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--cut\r\n'
        'Content-Disposition: form-data; name="file"; filename="照片.jpg"\r\n\r\n'
    ).encode()
    body = head + data + b"\r\n--cut--\r\n"

    async def pieces() -> Any:
        for start in range(0, len(body), 97):
            yield body[start : start + 97]

    headers = {
        "Content-Type": "multipart/form-data; boundary=cut",
        "Content-Length": str(len(body)),
    }
    shown = await applicant.ok("POST", f"{path_of(case)}/file", data=pieces(), headers=headers)

    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    assert page["name"] == "照片.jpg"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--cut--\r\n",
        b"no form at all",
        b"--cut\r\n\r\nx\r\n--cut--",
        b"--cut\r\n" + b"a" * 40_000,
    ],
)
async def test_what_is_no_form_is_refused(applicant: Applicant, body: bytes) -> None:
    case = await applicant.draft()
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}

    assert await applicant.refused("POST", f"{path_of(case)}/file", data=body, headers=headers) == (
        400,
        "no-file",
    )


async def test_a_form_that_ends_in_its_file_is_refused(applicant: Applicant) -> None:
    case = await applicant.draft()
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}

    assert await applicant.refused(
        "POST", f"{path_of(case)}/file", data=head + photo(), headers=headers
    ) == (400, "no-file")


class Finding:
    """A scanner that finds something in every file, or does not answer."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers

    async def scan(self, path: Path) -> str | None:
        if not self.answers:
            raise ScannerUnavailable()
        return "Eicar-Signature"


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [(True, (422, "harmful-file")), (False, (503, "scanner-unavailable"))],
)
async def test_what_the_scanner_does_not_pass_is_not_taken(
    applicant: Applicant, resources: Any, settings: Settings, answers: bool, refusal: Any
) -> None:
    case = await applicant.draft()
    own = replace(resources, scanner=Finding(answers=answers))
    async with serving(settings, own) as second:
        url = f"{second}{path_of(case)}/file"
        headers = {"Cookie": cookie_of(applicant)}
        assert await applicant.refused("POST", url, data=form(photo()), headers=headers) == refusal

    shown = await applicant.ok("GET", f"/api/citizen/cases/{case['id']}")
    assert next(m for m in shown["materials"] if m["code"] == PHOTO)["files"] == []


def cookie_of(applicant: Applicant) -> str:
    cookies = applicant.http.cookie_jar.filter_cookies(URL(str(applicant.http._base_url)))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


async def test_photos_are_put_together_to_one_pdf(applicant: Applicant) -> None:
    paper = "SJ-SCJG-03-M04"
    case = await applicant.draft("SJ-SCJG-03", {"S1": ["net"], "S2": ["no"]})
    path = f"{path_of(case, paper)}/pdf"
    await applicant.upload(case["id"], code=paper)
    assert await applicant.refused("POST", path) == (422, "nothing-to-combine")
    await applicant.upload(case["id"], code=paper)

    shown = await applicant.ok("POST", path)

    (page,) = next(m for m in shown["materials"] if m["code"] == paper)["files"]
    assert page["media_type"] == "application/pdf"
    async with applicant.http.get(page["url"]) as response:
        assert (await response.read()).startswith(b"%PDF-")
