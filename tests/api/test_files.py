"""Signed addresses of files: they work for a minute, for one file, and without a session."""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.api.applicants import Applicant, Caller
from tests.cases.factories import PHOTO, photo
from tests.conftest import FrozenClock


@pytest.fixture
async def signed(frozen_clock: FrozenClock, applicant: Applicant) -> str:
    """The address the applicant's page is sent on to."""
    case = await applicant.draft()
    shown: Any = await applicant.upload(case["id"])
    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    async with applicant.http.get(page["url"], allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Cache-Control"] == "no-store"
        return response.headers["Location"]


async def test_a_signed_address_needs_no_session(signed: str, address: str) -> None:
    async with aiohttp.ClientSession(address) as nobody, nobody.get(signed) as response:
        assert response.status == 200
        assert response.content_type == "image/jpeg"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_a_signed_address_ends_after_a_minute(
    signed: str, applicant: Applicant, frozen_clock: FrozenClock
) -> None:
    frozen_clock.advance(seconds=61)

    assert await applicant.refused("GET", signed) == (403, "file-address-expired")


async def test_a_signed_address_cannot_be_changed(signed: str, applicant: Applicant) -> None:
    *front, file_id, until, seal = signed.split("/")
    for parts in (
        (str(uuid4()), until, seal),
        (file_id, str(int(until) + 3600), seal),
        (file_id, until, seal[:-2] + "AA"),
        (file_id, until, "ä"),
    ):
        path = "/".join((*front, *parts))
        assert await applicant.refused("GET", path) == (403, "file-address-expired")


async def test_a_thumbnail_has_an_address_of_its_own(
    frozen_clock: FrozenClock, applicant: Applicant, stranger: Applicant
) -> None:
    case = await applicant.draft()
    shown: Any = await applicant.upload(case["id"])
    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    lasting = page["thumbnail_url"]

    async with applicant.http.get(lasting, allow_redirects=False) as response:
        assert response.status == 303
        signed = response.headers["Location"]
    async with stranger.http.get(signed) as response:
        assert response.status == 200
        assert response.content_type == "image/jpeg"
        assert response.headers["Content-Security-Policy"].startswith("sandbox")

    assert await stranger.refused("GET", lasting) == (404, "file-not-found")
    for other in ("material", "message-picture"):
        whole = signed.replace("/thumbnail/", f"/{other}/")
        assert await stranger.refused("GET", whole) == (403, "file-address-expired")


async def test_a_picture_that_takes_the_id_of_a_file_leads_to_the_picture(
    applicant: Applicant, stranger: Applicant, officer: Caller
) -> None:
    """The page names its pictures: with the id of another person's file it gets its own bytes."""
    shown: Any = await applicant.submitted(mobile="19900002222")
    (page,) = next(m for m in shown["materials"] if m["code"] == PHOTO)["files"]
    case = await stranger.submitted(mobile="19900001111")
    mine = photo(width=300, height=300)
    kept = f"/api/citizen/cases/{case['id']}/message-pictures/{page['id']}"

    await stranger.ok("PUT", kept, data=mine, headers={"Content-Type": "image/jpeg"})
    lasting = f"/api/citizen/message-pictures/{page['id']}/content"
    async with stranger.http.get(lasting, allow_redirects=False) as response:
        signed = response.headers["Location"]
    async with stranger.http.get(signed) as response:
        assert response.headers["Content-Disposition"].endswith("%E7%85%A7%E7%89%87.jpg")
        got = await response.read()

    async with applicant.http.get(page["url"]) as response:
        assert response.status == 200
        assert await response.read() != got
    forged = signed.replace("/message-picture/", "/material/")
    assert await stranger.refused("GET", forged) == (403, "file-address-expired")
    told = {"client_key": "a-picture-of-mine", "pictures": [page["id"]]}
    await stranger.ok("POST", f"/api/citizen/cases/{case['id']}/messages", told)
    async with officer.http.get(
        f"/api/staff/message-pictures/{page['id']}/content", allow_redirects=False
    ) as response:
        assert "/message-picture/" in response.headers["Location"]
