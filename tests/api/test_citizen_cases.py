"""A citizen's cases over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.applicants import Applicant, Caller
from tests.cases.factories import ANSWERS, ITEM, PHOTO


async def test_a_case_is_opened_filled_and_submitted(applicant: Applicant) -> None:
    case = await applicant.submitted()

    assert case["state"] == "submitted"
    assert case["case_no"].startswith("11310117FAKE")
    assert case["short_no"].startswith("SJ")
    assert case["may"] == ["withdraw"]
    assert [entry["kind"] for entry in case["timeline"]] == [
        "opened",
        "material-received",
        "submitted",
    ]


async def test_a_draft_shows_prefilled_fields_and_ways(applicant: Applicant) -> None:
    case = await applicant.draft()

    fields = {field["key"]: field for field in case["fields"]}
    assert fields["applicant_name"]["value"] == "张演示"
    assert fields["applicant_name"]["source"] == "account"
    materials = {material["code"]: material for material in case["materials"]}
    assert materials[PHOTO]["status"] == "missing"
    assert materials[PHOTO]["ways"][-1]["by"] == "upload"


async def test_the_same_key_opens_one_draft(applicant: Applicant) -> None:
    body = {"item_code": ITEM, "answers": ANSWERS}
    headers = {"Idempotency-Key": "a-key-of-the-page"}

    first = await applicant.ok("POST", "/api/citizen/cases", body, headers=headers)
    again = await applicant.ok("POST", "/api/citizen/cases", body, headers=headers)
    other = await applicant.refused(
        "POST", "/api/citizen/cases", {"item_code": "SJ-GA-02"}, headers=headers
    )

    assert first["id"] == again["id"]
    assert other == (422, "idempotency-key-reused")
    listed = await applicant.ok("GET", "/api/citizen/cases")
    assert [one["id"] for one in listed["items"]] == [first["id"]]


async def test_cases_are_listed_by_state(applicant: Applicant) -> None:
    await applicant.draft()

    drafts = await applicant.ok("GET", "/api/citizen/cases?state=draft")
    closed = await applicant.ok("GET", "/api/citizen/cases?state=closed")

    assert (len(drafts["items"]), closed["items"], drafts["waiting"]) == (1, [], 0)
    assert drafts["items"][0]["state_text"] == "草稿"
    refusal = await applicant.refused("GET", "/api/citizen/cases?state=lost")
    assert refusal == (422, "invalid-query")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"item_code": "SJ-XX-01"}, (404, "item-not-found")),
        ({"item_code": "SJ-SCJG-04"}, (422, "wrong-applicant")),
        ({"item_code": "SJ-GA-01", "answers": {"S3": ["no"]}}, (422, "guide-stopped")),
        ({"item_code": ITEM, "answers": {"S7": ["x"]}}, (422, "unknown-question")),
        ({"item_code": 5}, (422, "invalid-body")),
        ({"item_code": ITEM, "colour": 1}, (422, "invalid-body")),
    ],
)
async def test_an_impossible_draft_is_refused(
    applicant: Applicant, body: object, refusal: tuple[int, str]
) -> None:
    assert await applicant.refused("POST", "/api/citizen/cases", body) == refusal


async def test_wrong_values_are_named_by_field(applicant: Applicant) -> None:
    case = await applicant.draft()

    status, problem = await applicant.call(
        "PUT",
        f"/api/citizen/cases/{case['id']}/form",
        {
            "form_revision": case["form_revision"],
            "values": {"applicant_id": "1", "mobile": [], "nothing": 1},
        },
    )

    assert (status, problem["slug"]) == (422, "invalid-form")
    assert [error["field"] for error in problem["errors"]] == ["applicant_id", "nothing"]


async def test_an_incomplete_submission_names_everything(applicant: Applicant) -> None:
    case = await applicant.draft()

    status, problem = await applicant.call("POST", f"/api/citizen/cases/{case['id']}/submission")

    assert (status, problem["slug"]) == (422, "case-incomplete")
    assert [error["field"] for error in problem["errors"]] == ["bank"]
    assert [material["code"] for material in problem["materials"]] == [PHOTO]


async def test_a_second_submission_names_the_state(applicant: Applicant) -> None:
    case = await applicant.submitted()

    status, problem = await applicant.call("POST", f"/api/citizen/cases/{case['id']}/submission")

    assert (status, problem["slug"], problem["state"]) == (
        409,
        "transition-not-allowed",
        "submitted",
    )


async def test_answers_can_be_changed_in_a_draft(applicant: Applicant) -> None:
    case = await applicant.draft()

    changed = await applicant.ok(
        "PUT",
        f"/api/citizen/cases/{case['id']}/answers",
        {"answers": {"S1": ["child"], "S2": ["mail"]}},
    )

    assert changed["answers"] == {"S1": ["child"], "S2": ["mail"]}
    assert len(changed["materials"]) == len(case["materials"]) + 1


async def test_somebody_elses_case_is_not_found(applicant: Applicant, stranger: Applicant) -> None:
    case = (await applicant.draft())["id"]
    requests: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("PUT", "/form", {"form_revision": "", "values": {}}),
        ("PUT", "/answers", {"answers": {}}),
        ("POST", "/submission", None),
        ("POST", "/withdrawal", {"reason": "x"}),
        ("POST", f"/supplements/{uuid4()}/answer", {"note": ""}),
        ("POST", f"/materials/{PHOTO}/commitment", None),
        ("POST", f"/materials/{PHOTO}/licence", {"licence_id": str(uuid4())}),
        ("DELETE", f"/materials/{PHOTO}", None),
    )

    for method, path, body in requests:
        refusal = await stranger.refused(method, f"/api/citizen/cases/{case}{path}", body)
        assert refusal == (404, "case-not-found"), path
    assert (await stranger.ok("GET", "/api/citizen/cases"))["items"] == []


async def test_nobody_gets_in_without_signing_in(applicant: Applicant, address: str) -> None:
    case = (await applicant.draft())["id"]

    async with applicant.http.__class__(address) as nobody:
        refusal = await Caller(nobody).refused("GET", f"/api/citizen/cases/{case}")

    assert refusal[0] == 401


async def test_a_supplement_is_answered(applicant: Applicant, officer: Caller) -> None:
    case = await applicant.submitted()
    path = f"/api/citizen/cases/{case['id']}"
    await officer.ok(
        "POST",
        f"/api/staff/cases/{case['id']}/supplements",
        {"items": [{"code": PHOTO, "reason": "照片不清晰"}], "note": "请用白底"},
    )

    asked = await applicant.ok("GET", path)
    answer = f"{path}/supplements/{asked['supplement']['id']}/answer"
    too_early = await applicant.refused("POST", answer, {"note": ""})
    await applicant.upload(case["id"])
    answered = await applicant.ok("POST", answer, {"note": "已重拍"})

    assert asked["supplement"]["items"] == [
        {"code": PHOTO, "name": "证件照片", "reason": "照片不清晰"}
    ]
    assert too_early == (422, "case-incomplete")
    assert answered["state"] == "submitted"
    assert answered["supplement"]["state"] == "answered"
    assert await applicant.refused("POST", answer, {"note": ""}) == (409, "transition-not-allowed")


async def test_a_case_is_withdrawn(applicant: Applicant) -> None:
    case = await applicant.submitted()
    path = f"/api/citizen/cases/{case['id']}/withdrawal"

    assert await applicant.refused("POST", path, {"reason": ""}) == (422, "reason-missing")
    assert (await applicant.ok("POST", path, {"reason": "不办了"}))["state"] == "withdrawn"
    assert await applicant.refused("POST", path, {"reason": "再来"}) == (
        409,
        "transition-not-allowed",
    )


async def test_two_devices_get_a_conflict_and_keep_their_words(applicant: Applicant) -> None:
    case = await applicant.draft()
    path = f"/api/citizen/cases/{case['id']}/form"
    first = {"form_revision": case["form_revision"], "values": {"bank": "上海银行"}}
    stored = await applicant.ok("PUT", path, first)
    assert stored["form_revision"] != case["form_revision"]
    assert (await applicant.ok("PUT", path, first))["form_revision"] == stored["form_revision"]

    status, problem = await applicant.call("PUT", path, {**first, "values": {"bank": "中国银行"}})

    assert (status, problem["slug"], problem["fields"]) == (409, "form-changed", ["bank"])
    assert "还在页面上" in problem["title"]


async def test_a_form_without_its_revision_is_refused(applicant: Applicant) -> None:
    case = await applicant.draft()

    path = f"/api/citizen/cases/{case['id']}/form"
    status, _ = await applicant.refused("PUT", path, {"values": {"bank": "上海银行"}})

    assert status == 422
