"""Applicant and office talk about a case over HTTP, and both sides' pages hear of it."""

import io
from typing import Any
from uuid import UUID, uuid4

import pytest

from identity.staff.roles import Role
from push import inbox
from push.live import stream
from tests.api.applicants import Applicant, Caller, browser, sign_in_officer
from tests.cases.factories import photo
from tests.conftest import everything_told


@pytest.fixture
async def case(applicant: Applicant) -> Any:
    return await applicant.submitted()


def citizen(case: Any, rest: str = "") -> str:
    return f"/api/citizen/cases/{case['id']}/messages{rest}"


def staff(case: Any, rest: str = "") -> str:
    return f"/api/staff/cases/{case['id']}/messages{rest}"


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"client_key": uuid4().hex, "text": text, **more}


async def test_both_sides_write_read_and_mark(
    case: Any, applicant: Applicant, officer: Caller
) -> None:
    await applicant.ok("POST", citizen(case), said("复印件可以吗？"))
    answer = await officer.ok("POST", staff(case), said("可以。"))

    assert (answer["n"], answer["mine"], answer["side"]) == (2, True, "office")
    found = await applicant.ok("GET", citizen(case, "?after=1"))
    assert [one["text"] for one in found["messages"]] == ["可以。"]
    assert (found["length"], found["may_write"], found["office_read"]) == (2, True, 0)
    assert found["messages"][0]["client_key"] is None
    marks = await officer.ok("POST", staff(case, "/read-mark"), {"up_to": 1})
    assert marks == {"applicant_read": 0, "office_read": 1}
    refusal = await officer.refused("POST", staff(case, "/read-mark"), {"up_to": 3})
    assert refusal == (404, "message-not-found")


async def test_the_same_key_twice_is_one_message(case: Any, applicant: Applicant) -> None:
    body = said("在吗")

    first = await applicant.ok("POST", citizen(case), body)
    again = await applicant.ok("POST", citizen(case), body)

    assert again == first
    assert (await applicant.ok("GET", citizen(case)))["length"] == 1
    other = {**body, "text": "别的"}
    assert await applicant.refused("POST", citizen(case), other) == (409, "message-key-reused")


async def test_a_picture_is_kept_sent_and_seen_by_both(
    case: Any, applicant: Applicant, officer: Caller
) -> None:
    picture_id = str(uuid4())
    kept = f"/api/citizen/cases/{case['id']}/message-pictures/{picture_id}"
    headers = {"Content-Type": "image/jpeg"}
    seen_by_office = f"/api/staff/message-pictures/{picture_id}/content"

    for _ in range(2):
        await applicant.ok("PUT", kept, data=photo(), headers=headers)
    assert await officer.refused("GET", seen_by_office) == (404, "file-not-found")
    await applicant.ok("POST", citizen(case), said("", pictures=[picture_id]))

    (message,) = (await officer.ok("GET", staff(case)))["messages"]
    (picture,) = message["pictures"]
    assert picture["url"] == seen_by_office
    async with officer.http.get(picture["url"], allow_redirects=False) as response:
        assert response.status == 303
        address = response.headers["Location"]
    async with officer.http.get(address) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
    assert await officer.refused("PUT", kept.replace("citizen", "staff"), data=photo()) == (
        422,
        "unknown-picture",
    )


async def test_only_pictures_of_bounded_size_are_kept(case: Any, applicant: Applicant) -> None:
    path = f"/api/citizen/cases/{case['id']}/message-pictures/{uuid4()}"

    assert await applicant.refused("PUT", path, data=b"%PDF-1.4 no picture") == (
        422,
        "not-an-accepted-type",
    )
    assert await applicant.refused("PUT", path, data=io.BytesIO(bytes(10 * 1024 * 1024 + 1))) == (
        413,
        "file-too-large",
    )


async def test_drafts_strangers_and_other_departments_have_no_conversation(
    case: Any, applicant: Applicant, stranger: Applicant, address: str
) -> None:
    draft = await applicant.draft()

    assert await applicant.refused("POST", citizen(draft), said("在吗")) == (
        409,
        "conversation-closed",
    )
    assert await stranger.refused("GET", citizen(case)) == (404, "case-not-found")
    assert await stranger.refused("POST", citizen(case), said("在吗")) == (404, "case-not-found")
    assert (await stranger.refused("GET", staff(case)))[0] == 401
    async with browser(address) as session:
        other = await sign_in_officer(session, "SCJG-01", department="SCJG")
        assert await other.refused("GET", staff(case)) == (404, "case-not-found")
        assert await other.refused("POST", staff(case), said("在")) == (404, "case-not-found")


async def test_a_supervisors_look_is_no_mark(case: Any, applicant: Applicant, address: str) -> None:
    await applicant.ok("POST", citizen(case), said("三周没有消息了"))

    async with browser(address) as session:
        supervisor = await sign_in_officer(session, "RSJ-90", roles=(Role.SUPERVISOR,))
        assert (await supervisor.ok("GET", staff(case)))["length"] == 1
        await supervisor.ok("POST", staff(case), said("已督促经办。"))
        mark = await supervisor.refused("POST", staff(case, "/read-mark"), {"up_to": 1})
        assert mark == (403, "role-missing")


async def test_the_worklist_says_who_waits_for_an_answer(
    case: Any, applicant: Applicant, officer: Caller
) -> None:
    await applicant.submitted()
    await applicant.ok("POST", citizen(case), said("在吗"))

    shown = await officer.ok("GET", "/api/staff/cases?unread=true")

    assert [(one["id"], one["unread"]) for one in shown["items"]] == [(case["id"], 1)]
    assert (len(shown["items"]), shown["unread"]) == (1, 1)
    await officer.ok("POST", staff(case, "/read-mark"), {"up_to": 1})
    assert (await officer.ok("GET", "/api/staff/cases?unread=true"))["items"] == []
    await officer.ok("POST", staff(case), said("在"))
    listed = await applicant.ok("GET", "/api/citizen/cases")
    assert sorted(one["unread"] for one in listed["items"]) == [0, 1]


async def test_both_pages_hear_numbers_and_the_inbox_hears_of_the_office_only(
    case: Any, applicant: Applicant, officer: Caller
) -> None:
    person = UUID((await applicant.ok("GET", "/api/citizen/me"))["id"])
    await applicant.ok("POST", citizen(case), said("我的证件丢了"))
    await officer.ok("POST", staff(case), said("请先补办"))
    await applicant.ok("POST", citizen(case, "/read-mark"), {"up_to": 2})

    await everything_told()

    for key in (stream.person(person), stream.department("RSJ")):
        heard = [one for one in await stream.since(key, 0) if one.kind.startswith("case-message")]
        assert [one.kind for one in heard] == ["case-message", "case-message", "case-messages-read"]
        assert [one.payload["data"].get("n") for one in heard] == [1, 2, None]
        assert not any(
            "证件丢了" in str(one.payload) or "补办" in str(one.payload) for one in heard
        )
    kept = await inbox.list_messages(person, limit=9)
    (written,) = [one for one in kept if one.kind.startswith("case-message")]
    assert written.link == f"#/talk/{case['id']}"
