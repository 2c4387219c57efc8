"""The texts: short titles, no personal data, a link to where one can act."""

import re
from typing import Any

import pytest

from push.texts import messages
from push.texts.message import LONGEST_BODY, LONGEST_TITLE, Message, Weight, cut
from tests.push.factories import CASE, LICENCE, PERSON, event, every_event

EVENTS = every_event()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_is_told_to_its_person(name: str) -> None:
    message = messages.compose(EVENTS[name])

    assert message is not None
    assert message.recipient_id == PERSON
    assert 0 < len(message.title) <= LONGEST_TITLE
    assert message.body.endswith("。")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", message.kind)
    assert message.link.startswith("#/")


def test_no_text_is_forgotten() -> None:
    assert set(EVENTS) == set(messages.MESSAGES)
    assert set(messages.DEPARTMENT_TITLES) <= set(messages.MESSAGES)


def test_other_events_are_told_to_nobody() -> None:
    assert messages.compose(event("LicenceStateChanged")) is None
    assert messages.department_notice(event("LicenceIssued")) is None


@pytest.mark.parametrize("name", sorted(messages.DEPARTMENT_TITLES))
def test_department_notice_is_of_the_same_kind_as_the_message(name: str) -> None:
    notice = messages.department_notice(EVENTS[name])
    message = messages.compose(EVENTS[name])

    assert notice is not None
    assert message is not None
    assert (notice.department, notice.kind) == ("SCJG", message.kind)
    assert notice.link == f"#/cases/{CASE}"
    assert "审查中" in notice.body


def test_long_names_are_cut() -> None:
    long = event("CaseRefused", item_name="事项" * 200, reason="原因\n" * 400)

    message = messages.case_refused(long)

    assert len(message.body) == LONGEST_BODY
    assert message.body.endswith("…")
    assert "\n" not in message.body


def test_supplement_names_everything_and_the_day() -> None:
    items = [
        {"code": "M1", "name": "平面图", "reason": "看不清"},
        {"code": "M2", "name": "健康证明"},
    ]
    asked = event("SupplementRequested", supplement_id=1, items=items, due_on="2026-12-01")

    message = messages.supplement_requested(asked)

    assert "平面图、健康证明" in message.body
    assert "2026年12月1日" in message.body
    assert message.link == f"#/supplement/{CASE}"


def test_only_a_bad_material_is_worth_a_notice() -> None:
    good = event("MaterialChecked", material_code="M1", ok=True, note="")
    bad = event("MaterialChecked", material_code="M1", ok=False, note="照片太暗")

    assert messages.material_checked(good).weight is Weight.TICK
    assert messages.material_checked(bad).weight is Weight.NOTICE
    assert "照片太暗" in messages.material_checked(bad).body


def test_silence_of_the_office_is_told_as_acceptance_by_law() -> None:
    assert "依法视为受理" in messages.case_accepted(event("CaseAccepted", deemed=True)).body


def test_presentation_is_told_in_local_time() -> None:
    message = messages.licence_presented(EVENTS["LicencePresented"])

    assert "2026年11月25日10:30" in message.body
    assert "3 号窗" in message.body


def test_issued_licence_is_one_tap_away() -> None:
    message = messages.licence_issued(EVENTS["LicenceIssued"])

    assert message.kind == "licence-issued"
    assert message.link == f"#/licence/{LICENCE}"
    assert "2031年11月24日" in message.body


def test_page_that_shows_a_code_can_tell_that_it_was_read() -> None:
    for name in ("LicencePresented", "PresentationStopped"):
        message = messages.compose(EVENTS[name])
        assert message is not None
        assert message.data["presentation_id"] == str(EVENTS[name].presentation_id)


def test_revocation_is_told_with_its_cause_and_authority() -> None:
    revoked = event(
        "LicenceStateChanged",
        licence_id=LICENCE,
        licence_name="食品经营许可证",
        state="revoked",
        state_text="吊销",
        cause="逾期未整改",
        authority="区市场监管局",
    )

    message = messages.licence_state_changed(revoked, recipient_id=PERSON)

    assert message.title == "证照状态：吊销"
    assert "逾期未整改" in message.body
    assert "区市场监管局" in message.body


@pytest.mark.parametrize("values", [{"title": "题" * 21}, {"body": "文" * 501}])
def test_message_beyond_its_limits_cannot_be_made(values: dict[str, Any]) -> None:
    whole = {"title": "题", "body": "文", "kind": "x-y", "link": "#/", "recipient_id": PERSON}

    with pytest.raises(ValueError, match="more than"):
        Message(**(whole | values))


def test_cut_keeps_what_fits() -> None:
    assert cut("正好", 2) == "正好"
    assert cut("多了一个", 3) == "多了…"
