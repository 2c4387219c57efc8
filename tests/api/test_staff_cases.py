"""The worklist and the officer's acts over HTTP."""

from typing import Any
from urllib.parse import quote

import pytest

from identity.staff.roles import Role
from tests.api.applicants import Applicant, Caller, browser, sign_in_officer
from tests.cases.factories import PHOTO

FACTS = {"opinion": "符合条件"}


def staff(case: Any, act: str = "") -> str:
    return f"/api/staff/cases/{case['id']}{act}"


async def test_a_worklist_shows_cases_counts_and_lights(
    applicant: Applicant, officer: Caller
) -> None:
    case = await applicant.submitted()
    await applicant.draft()

    shown = await officer.ok("GET", "/api/staff/cases?state=submitted")

    assert [entry["id"] for entry in shown["items"]] == [case["id"]]
    assert shown["items"][0]["applicant_masked"] == "张**"
    assert shown["items"][0]["light"] == "green"
    assert (shown["next"], shown["counts"]["submitted"]) == (None, 1)
    found = await officer.ok("GET", f"/api/staff/cases?q={quote(case['short_no'])}")
    assert [entry["id"] for entry in found["items"]] == [case["id"]]
    nothing = await officer.ok("GET", f"/api/staff/cases?q={quote('别的')}")
    assert nothing["items"] == []
    assert await officer.refused("GET", "/api/staff/cases?after=elsewhere") == (
        422,
        "wrong-place-in-list",
    )


async def test_a_case_is_accepted_once(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.submitted()

    shown = await officer.ok("POST", staff(case, "/acceptance"))

    assert shown["state"] == "accepted"
    assert shown["due_on"] is not None
    assert shown["applicant"]["name"] == "张演示"
    status, problem = await officer.call("POST", staff(case, "/acceptance"))
    assert (status, problem["slug"], problem["state"]) == (
        409,
        "transition-not-allowed",
        "accepted",
    )


async def test_another_department_sees_nothing(applicant: Applicant, address: str) -> None:
    case = await applicant.submitted()

    async with browser(address) as session:
        other = await sign_in_officer(session, "SCJG-01", department="SCJG")
        assert (await other.ok("GET", "/api/staff/cases"))["items"] == []
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/licence-draft", None),
            ("POST", "/acceptance", None),
            ("POST", "/declined-acceptance", {"reason": "x"}),
            ("POST", "/supplements", {"items": [{"code": PHOTO, "reason": "x"}]}),
            ("POST", "/approval", {"opinion": "", "facts": {}}),
            ("POST", "/refusal", {"reason": "x"}),
            ("POST", f"/materials/{PHOTO}/rejection", {"reason": "x"}),
        ):
            refusal = await other.refused(method, staff(case, path), body)
            assert refusal == (404, "case-not-found"), path


async def test_a_citizen_is_no_officer(applicant: Applicant) -> None:
    assert (await applicant.refused("GET", "/api/staff/cases"))[0] == 401


async def test_a_supervisor_reads_but_does_not_decide(applicant: Applicant, address: str) -> None:
    case = await applicant.submitted()

    async with browser(address) as session:
        boss = await sign_in_officer(session, "RSJ-09", roles=(Role.SUPERVISOR,))
        overview = await boss.ok("GET", "/api/staff/overview")
        assert overview["totals"]["open"] == 1
        assert (await boss.ok("GET", staff(case)))["id"] == case["id"]
        assert (await boss.refused("POST", staff(case, "/acceptance")))[0] == 403


async def test_a_reviewer_has_no_overview(officer: Caller) -> None:
    assert (await officer.refused("GET", "/api/staff/overview"))[0] == 403


async def test_declined_acceptance_needs_a_reason(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.submitted()
    path = staff(case, "/declined-acceptance")

    assert await officer.refused("POST", path, {"reason": " "}) == (422, "reason-missing")
    assert await officer.refused("POST", path, {}) == (422, "invalid-body")
    assert (await officer.ok("POST", path, {"reason": "不属于本机关"}))["state"] == (
        "acceptance_declined"
    )
    shown = await applicant.ok("GET", f"/api/citizen/cases/{case['id']}")
    assert shown["outcome_text"] == "不属于本机关"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"items": []}, (422, "invalid-supplement")),
        ({"items": [{"code": "M99", "reason": "x"}]}, (422, "invalid-supplement")),
        ({"items": [{"code": PHOTO, "reason": ""}]}, (422, "invalid-supplement")),
        (
            {"items": [{"code": PHOTO, "reason": "x"}], "due_on": "2020-01-01"},
            (422, "invalid-supplement"),
        ),
        ({"items": [{"code": PHOTO}]}, (422, "invalid-body")),
        ({"items": [{"code": PHOTO, "reason": "x"}], "due_on": "soon"}, (422, "invalid-body")),
    ],
)
async def test_an_unusable_notice_is_refused(
    applicant: Applicant, officer: Caller, body: object, refusal: tuple[int, str]
) -> None:
    case = await applicant.submitted()

    assert await officer.refused("POST", staff(case, "/supplements"), body) == refusal


async def test_a_notice_is_given_once(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.submitted()
    body = {"items": [{"code": PHOTO, "reason": "不清晰"}], "note": "", "due_on": None}

    shown = await officer.ok("POST", staff(case, "/supplements"), body)

    assert shown["state"] == "supplement_requested"
    assert shown["light"] == "grey"
    assert await officer.refused("POST", staff(case, "/supplements"), body) == (
        409,
        "transition-not-allowed",
    )


async def test_a_material_is_rejected_with_a_reason(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.submitted()
    path = staff(case, f"/materials/{PHOTO}/rejection")

    shown = await officer.ok("POST", path, {"reason": "不是本人"})

    material = next(m for m in shown["materials"] if m["code"] == PHOTO)
    assert (material["status"], material["note"]) == ("rejected", "不是本人")
    unknown = staff(case, "/materials/M99/rejection")
    assert await officer.refused("POST", unknown, {"reason": "x"}) == (404, "material-not-found")


async def test_an_approval_is_drafted_checked_and_given_once(
    applicant: Applicant, officer: Caller
) -> None:
    case = await applicant.accepted(officer)
    draft = await officer.ok("GET", staff(case, "/licence-draft"))
    assert (draft["licence_type"], draft["action"]) == ("SSC", "issue")
    fields = {field["key"]: field for field in draft["fields"]}
    assert fields["name"]["value"] == "张演示"

    wrong = {"opinion": "同意", "facts": {"name": 5, "nothing": "x"}}
    assert await officer.refused("POST", staff(case, "/approval"), wrong) == (422, "invalid-facts")

    facts = {key: field["value"] for key, field in fields.items() if field["value"] is not None}
    facts |= {key: fitting(field) for key, field in fields.items() if field["missing"]}
    body = {"opinion": "同意", "facts": facts}
    assert (await officer.ok("POST", staff(case, "/approval"), body))["state"] == "approved"
    assert await officer.refused("POST", staff(case, "/approval"), body) == (
        409,
        "transition-not-allowed",
    )


def fitting(field: Any) -> object:
    if field["options"]:
        return field["options"][0]
    return {"date": "2026-11-25", "code": "A12345678", "integer": 1}.get(field["type"], "演示")


async def test_approval_before_acceptance_names_the_state(
    applicant: Applicant, officer: Caller
) -> None:
    case = await applicant.submitted()

    status, problem = await officer.call(
        "POST", staff(case, "/approval"), {"opinion": "", "facts": {}}
    )

    assert (status, problem["slug"], problem["state"]) == (
        409,
        "transition-not-allowed",
        "submitted",
    )


async def test_a_refusal_tells_reasons(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.accepted(officer)

    shown = await officer.ok("POST", staff(case, "/refusal"), {"reason": "不符合条件"})

    assert (shown["state"], shown["may"]) == ("refused", [])
    assert shown["timeline"][-1]["title"] == "不予许可"
