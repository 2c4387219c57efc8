"""Cutting photographs, reading them, and unfinished uploads in a bucket, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from core import offload
from core.files.parts import Parts
from core.files.recognition import Line
from core.settings import Settings
from tests.api.applicants import OFFSET, TUS, Applicant, browser, sign_in, tus_headers
from tests.cases.factories import PHOTO, encoded, photo
from tests.cases.test_sheet import LAID, photographed
from tests.cases.test_text_hints import StandIn
from tests.conftest import serving
from tests.waiting import until

CORNERS = [{"x": x, "y": y} for x, y in LAID["from below"]]


@pytest.fixture(scope="module")
def sheet_photo() -> bytes:
    return encoded(photographed(LAID["from below"]), kind="JPEG")


async def first_file(applicant: Applicant, case_id: str) -> Any:
    shown = await applicant.ok("GET", f"/api/citizen/cases/{case_id}")
    material = next(entry for entry in shown["materials"] if entry["code"] == PHOTO)
    return material["files"][0]


@pytest.fixture
async def elsewhere(settings: Settings, resources: Any) -> AsyncIterator[Applicant]:
    """An applicant of a server with a bucket and a text recognition."""
    service = StandIn([Line("服务银行：上海银行", 0.99)])
    equipped = replace(resources, parts=Parts.open("memory:///"), recogniser=service)
    async with serving(settings, equipped) as url, browser(url) as session:
        yield await sign_in(session, equipped)


async def test_a_photograph_is_cut_shown_and_restored(
    applicant: Applicant, sheet_photo: bytes
) -> None:
    case = await applicant.draft()
    await applicant.upload(case["id"], data=sheet_photo)
    page = await first_file(applicant, case["id"])
    at = f"/api/citizen/cases/{case['id']}/materials/{PHOTO}/files/{page['id']}"

    suggested = await applicant.ok("GET", f"{at}/corners")
    assert suggested["found"]
    await applicant.ok("POST", f"{at}/straight", json={"corners": suggested["corners"]})
    cut = await first_file(applicant, case["id"])
    assert cut["straightened"]
    async with applicant.http.get(cut["url"]) as response:
        straight = await response.read()
        assert response.status == 200
    async with applicant.http.get(f"{at}/original") as response:
        assert await response.read() != straight
        assert response.headers["Content-Security-Policy"].startswith("sandbox")

    await applicant.ok("DELETE", f"{at}/straight")
    assert await first_file(applicant, case["id"]) | {"status": ""} == page | {"status": ""}


async def test_one_persons_flood_is_refused_and_others_are_served(
    applicant: Applicant, stranger: Applicant
) -> None:
    places = []
    for person in (applicant, stranger):
        case = await person.draft()
        await person.upload(case["id"])
        page = await first_file(person, case["id"])
        places.append(f"/api/citizen/cases/{case['id']}/materials/{PHOTO}/files/{page['id']}")
    me = (await applicant.ok("GET", "/api/citizen/me"))["id"]
    over = asyncio.Event()

    async def hold() -> None:
        async with offload.uploads.turn(me):
            await over.wait()

    held = [asyncio.create_task(hold()) for _ in range(offload.MOST_OF_ONE_PERSON)]
    await until(
        lambda: (
            (line := offload.uploads._lines.get(me)) is not None
            and line.length == offload.MOST_OF_ONE_PERSON
        )
    )
    try:
        for method, end in (("GET", "corners"), ("POST", "straight")):
            refusal = await applicant.refused(
                method,
                f"{places[0]}/{end}",
                json={"corners": CORNERS} if end != "corners" else None,
            )
            assert refusal == (429, "too-much-at-once")
        await stranger.ok("GET", f"{places[1]}/corners")
    finally:
        over.set()
        await asyncio.gather(*held)
    await applicant.ok("GET", f"{places[0]}/corners")


async def test_bad_corners_and_others_files_are_refused(
    applicant: Applicant, stranger: Applicant
) -> None:
    case = await applicant.draft()
    await applicant.upload(case["id"])
    page = await first_file(applicant, case["id"])
    at = f"/api/citizen/cases/{case['id']}/materials/{PHOTO}/files/{page['id']}"

    crossed = {"corners": [CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]]}
    assert await applicant.refused("POST", f"{at}/straight", json=crossed) == (422, "bad-corners")
    three = {"corners": CORNERS[:3]}
    assert (await applicant.refused("POST", f"{at}/straight", json=three))[0] in (400, 422)
    assert await applicant.refused("POST", f"{at}/text") == (404, "text-recognition-off")
    for method, end in (("GET", "corners"), ("GET", "original"), ("DELETE", "straight")):
        refusal = await stranger.refused(method, f"{at}/{end}")
        assert refusal == (404, "case-not-found")


async def test_an_upload_goes_through_a_bucket_and_is_read(
    elsewhere: Applicant, settings: Settings
) -> None:
    case, data = await elsewhere.draft(), photo()
    headers = tus_headers(case["id"], len(data))
    async with elsewhere.http.post("/api/citizen/uploads", headers=headers) as response:
        assert response.status == 201
        path = response.headers["Location"]
    for start, end in ((0, 1000), (1000, len(data))):
        sent = {**TUS, **OFFSET, "Upload-Offset": str(start)}
        async with elsewhere.http.patch(path, headers=sent, data=data[start:end]) as response:
            assert response.status == 204
            assert response.headers["Upload-Offset"] == str(end)
        async with elsewhere.http.head(path, headers=TUS) as response:
            assert response.headers["Upload-Offset"] == str(end)
    assert list(settings.upload_dir.glob(f"*{UUID(path.rpartition('/')[2]).hex}*")) == []

    page = await first_file(elsewhere, case["id"])
    at = f"/api/citizen/cases/{case['id']}/materials/{PHOTO}/files/{page['id']}"
    read = await elsewhere.ok("POST", f"{at}/text")

    assert [hint["value"] for hint in read["hints"]] == ["上海银行"]
