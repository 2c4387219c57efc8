"""Whatever may hold words of a person is encrypted at rest, or stands here with its reason.

A column counts by its kind (a text without end, JSON, a text of 100 characters and more) or by its
name. A new one of either fails until somebody has thought about it.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
from tortoise import Tortoise, fields
from tortoise.models import Model

from core.protection.protect import ProtectedField

NAMES = re.compile(
    r"(^|_)(name|names|id_no|number|phone|mobile|email|address|addr|contact|birth|facts|form|text|"
    r"note|reason|reasons|cause|purpose|payload|answers?|message|content|body|outcome|opinion|"
    r"remark|comment|detail|report|who|user|payer|holder|applicant|items|made_for)(_|$)"
)
LONG = 100

PUBLIC = "what the office publishes: a catalogue, a department, an item, a system's own name"
NUMBER = "a number of ours or of a platform, a count, a kind, a digest: names nobody"
IDENTIFIER = "made after GB/T 36904: no part of it is a person's"
STAFF = "the name of an officer or a seal: official business, on paper shown to everybody"

CLEAR: Mapping[str, str] = {
    "core_asked_request.asked_by": "kind and id of who asked",
    "core_audit_record.target": "kind and id",
    "core_audit_record.detail": "kinds, codes, ids and dates; audit.record takes no personal data",
    "core_clock.basis": "an article, or the word for the promise",
    "core_clock_pause.cause": "a word of the owner: a procedure of the item, a notice",
    "core_holiday_year.days_off": "days of the calendar",
    "core_holiday_year.days_worked": "days of the calendar",
    "core_holiday_year.source": PUBLIC,
    "core_job.last_error": "the class of an error",
    "core_lease.name": NUMBER,
    "core_lease.holder": "the id of a process",
    "core_outbox_message.name": NUMBER,
    "core_outbox_message.last_error": "the class of an error",
    "identity_account_change.actor_name": STAFF,
    "identity_account_change.target_name": STAFF,
    "identity_account_change.detail": "roles, keys and days; words of anybody are in `cause`",
    "identity_client_app.name": PUBLIC,
    "identity_client_app.scopes": "words of `clients.Scope`",
    "identity_counter.name": PUBLIC,
    "identity_delegation.items": "codes of service items",
    "identity_delegation.powers": "words of `authority.Power`",
    "identity_delegation.reason": "why one office takes back what another may do: about no citizen",
    "identity_delegation_stamp.name": NUMBER,
    "identity_department.name": PUBLIC,
    "identity_department.short_name": PUBLIC,
    "identity_officer.name": STAFF,
    "identity_passkey.name": "what an officer calls a device of the office",
    "identity_officer.password_hash": "a salted hash of a slow function",
    "identity_officer.roles": "roles",
    "identity_power_proposal.before": "roles, a department, days",
    "identity_power_proposal.after": "roles, a department, days",
    "identity_power_proposal.proposed_name": STAFF,
    "identity_power_proposal.decided_name": STAFF,
    "identity_platform_account.user_index": "a blind index",
    "identity_subject.phone_index": "a blind index",
    "identity_sign_in_record.address": "a shortened address: a net, not a line",
    "cases_case.item_name": PUBLIC,
    "cases_case.applicant_masked": "masked: what lists show to officers without a look being noted",
    "cases_case.applicant_index": "a blind index",
    "cases_case.request_key": NUMBER,
    "cases_case.answers": "codes of the questions and choices of the guide, no words of anybody",
    "cases_case.provenance": "field keys and kinds of sources, never values",
    "cases_catalogue_entry.definition": PUBLIC,
    "cases_content_check.reference": "a number of the platform that checks",
    "cases_kept_count.name": "a state of cases, or another word of `counts.Name`",
    "cases_material.licence_name": PUBLIC,
    "cases_material.licence_number_masked": "masked",
    "cases_material.licence_identifier": IDENTIFIER,
    "cases_material_file.note": "one of the sentences of file_checks, text_hints, content_checks",
    "cases_service_item.definition": PUBLIC,
    "cases_service_item.name": PUBLIC,
    "cases_supplement.items": "codes and names of materials; reasons have a column of their own",
    "cases_theme.definition": PUBLIC,
    "cases_timeline_entry.title": "one of a few titles of the program",
    "cases_timeline_entry.actor_text": "applicant, platform or a department",
    "wallet_annotated_copy.purpose": "printed on the copy: the item and the case",
    "wallet_annotated_copy.fields_shown": "keys of fields",
    "wallet_authorisation.fields_granted": "keys of fields",
    "wallet_authorisation.purpose": "what the one who is shown the licence is told as well",
    "wallet_intake_batch.form": "a kind",
    "wallet_intake_batch.note": "why a batch was refused, in an officer's words about the batch",
    "wallet_intake_line.message": "which field of a line is wrong and how, never its value",
    "wallet_issue_grant.identifier": IDENTIFIER,
    "wallet_licence.identifier": IDENTIFIER,
    "wallet_licence.holder_id_type": "a kind of number",
    "wallet_licence.holder_index": "a blind index",
    "wallet_licence.number_index": "a blind index",
    "wallet_log_alarm.detail": "what differs, never a value",
    "wallet_log_alarm.open_key": "kind and id",
    "wallet_log_checkpoint.note": "signed and public: size and root",
    "wallet_log_checkpoint.signature": "public",
    "wallet_log_entry.data": "public: digests and a salt",
    "wallet_log_head.name": NUMBER,
    "wallet_number_counter.name": NUMBER,
    "wallet_patrol.name": NUMBER,
    "wallet_seal.name": STAFF,
    "wallet_seal_proposal.name": STAFF,
    "wallet_seal_proposal.cause": "why a seal of an office is made: about no citizen",
    "wallet_seal_proposal.proposed_name": STAFF,
    "wallet_seal_proposal.decided_name": STAFF,
    "wallet_use_day.note": "signed and public: day, size and root",
    "wallet_use_day.signature": "public",
    "wallet_use_record.who": "kind and id",
    "wallet_use_record.who_name": "an officer, a counter or a client; for a person who was let in"
    " the name the holder knows. A digest goes over it that the holder recomputes",
    "wallet_use_record.purpose": "what the holder is told; a digest goes over it",
    "wallet_use_record.ground": "one of a few sentences of the program",
    "wallet_use_record.fields_seen": "labels of fields, never values; a digest goes over it",
    "wallet_use_record.reasons": "slugs of reasons",
    "wallet_verification.reasons": "slugs of reasons",
    "wallet_verification.checks": "names and outcomes of checks",
    "wallet_verification.report": "signatures and certificates of a document, whose makers sign"
    " with them in public",
    "wallet_verification.reader_name": "a counter or a client",
    "wallet_verification.purpose": "what a reader says it reads for, as the holder is told",
    "wallet_verification.request_key": NUMBER,
    "push_consent_record.user_index": "a blind index",
    "push_webhook.url": "an address of an office or an enterprise",
    "push_webhook.kinds": "kinds of events",
    "payments_bill.title": "the name of a fee",
    "payments_bill.case_text": NUMBER,
    "payments_difference.number": NUMBER,
    "payments_entry.number": NUMBER,
    "payments_refund.reason": "sent to the platform of the payment and shown by it",
}


def columns() -> Iterator[tuple[str, fields.Field[object]]]:
    for models in (Tortoise.apps or {}).values():
        for model in models.values():
            for name, column in model._meta.fields_map.items():
                yield f"{model._meta.db_table}.{name}", column


def may_be_personal(place: str, column: fields.Field[object]) -> bool:
    if isinstance(column, fields.TextField | fields.JSONField):
        return True
    if type(column) is not fields.CharField:
        return False
    return column.max_length >= LONG or NAMES.search(place.partition(".")[2]) is not None


@pytest.mark.usefixtures("db")
def test_words_of_persons_are_protected_or_listed_with_a_reason() -> None:
    open_to_all = {
        place
        for place, column in columns()
        if not isinstance(column, ProtectedField) and may_be_personal(place, column)
    }

    assert open_to_all == set(CLEAR)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "place",
    [
        "wallet_complaint.text",
        "wallet_complaint.answer",
        "wallet_state_change.cause",
        "wallet_annotated_copy.made_for",
        "cases_case.outcome_text",
        "cases_supplement.note",
        "cases_supplement.answer_note",
        "cases_supplement.reasons",
        "cases_timeline_entry.text",
        "cases_material.note",
        "cases_material_file.name",
        "cases_upload.filename",
        "cases_upload.metadata",
    ],
)
def test_what_people_write_is_protected(place: str) -> None:
    assert isinstance(dict(columns())[place], ProtectedField)


@pytest.mark.usefixtures("db")
def test_only_protected_columns_were_once_plain() -> None:
    for models in (Tortoise.apps or {}).values():
        for model in models.values():
            for name in once_plain(model):
                assert isinstance(model._meta.fields_map[name], ProtectedField), (model, name)


def once_plain(model: type[Model]) -> frozenset[str]:
    found: frozenset[str] = getattr(model, "once_plain", frozenset())
    return found
