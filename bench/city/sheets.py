"""The lines of one block of people, table by table, in the text form of PostgreSQL's COPY.

A line is its values between tabs, \\N for none; SQLite's loader cuts the same lines up again, so
that both databases hold the same city.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from bench.city.ink import Ink
from bench.city.molds import Molds
from bench.city.recipe import FIRST_SECOND, TIMES, Day, Recipe

NONE = "\\N"

COLUMNS: dict[str, str] = {
    "identity_subject": "id kind id_type id_index id_no name phone phone_index created_at",
    "identity_relation": "id person_id organisation_id kind valid_from",
    "identity_platform_account": ("id platform user_index user subject_id created_at last_used_at"),
    "identity_session": (
        "id token_digest kind principal_id idle_seconds via channel assurance device created_at "
        "last_seen_at expires_at"
    ),
    "identity_sign_in_record": "id person_id session_id via channel device address at",
    "cases_case": (
        "id case_no short_no item_code item_version item_digest item_name department subject_id "
        "person_id applicant_masked applicant_index state state_before_supplement answers form "
        "provenance approval_mode facts outcome_text licence_id timeline_length revision "
        "created_at updated_at submitted_at received_on acceptance_due_on accepted_at accepted_on "
        "due_on statutory_due_on paused_on decided_at ended_at has_unread"
    ),
    "cases_material": "id case_id code way status version updated_at",
    "cases_material_file": (
        "id material_id version page name media_type size digest status thumbnail_digest "
        "uploaded_by created_at"
    ),
    "cases_upload": (
        "id case_id material_code person_id filename length state file_id created_at expires_at"
    ),
    "cases_timeline_entry": "id case_id n at kind title text actor_text",
    "cases_supplement": "id case_id items reasons note due_on state requested_at answered_at",
    "cases_conversation": (
        "id case_id length applicant_read office_read applicant_unread office_unread"
    ),
    "cases_message": "id case_id n side author_id author_name client_key text sent_at",
    "cases_content_check": (
        "id case_id kind file_id person_id platform state verdict attempts due_at created_at "
        "fence lost"
    ),
    "wallet_licence": (
        "id case_id copy licence_type subject_id holder_id_type holder_id_no holder_index "
        "holder_name number number_index identifier version facts issued_on valid_to remind_on "
        "state department document created_at"
    ),
    "wallet_state_change": "id licence_id before after cause authority document_no by at",
    "wallet_issue_grant": "id case_id copy number identifier created_at",
    "wallet_status_entry": "licence_id list_no place status",
    "wallet_printed_code": "short_id mac licence_id",
    "wallet_reminder": "licence_id days at",
    "wallet_case_saving": "case_no subject_id materials",
    "wallet_log_entry": "id kind ref data position at leaf",
    "wallet_use_record": (
        "id subject_id n at kind licence_id licence_type who who_name department terminal purpose "
        "item_code case_no ground fields_seen verdict reasons previous digest"
    ),
    "wallet_use_head": "subject_id n digest base_n base_digest mac",
    "wallet_verification": (
        "id kind at licence_id subject_id verdict reasons checks reader reader_name department "
        "hall purpose presentation code_kind"
    ),
    "push_inbox_message": "id person_id event_id kind content created_at read_at",
    "push_delivery": (
        "id event_id recipient_id channel message state attempts due_at created_at sent_at "
        "event_at digest fence lost"
    ),
    "push_stream": "key position",
    "push_stream_entry": "id stream_key position kind payload event_id at",
    "push_consent_record": "id user_index template consent told_at",
    "core_outbox_message": (
        "event_id name key payload created_at done_at due_at attempts fence lost"
    ),
    "core_asked_request": "id asked_by digest result at",
    "core_spent": "digest until",
    "core_audit_record": "chain sequence at actor action target detail previous digest",
    "payments_bill": (
        "id case_id fee_code subject_id person_id department title case_text amount state "
        "reserved refunded created_at paid_at paid_by_order"
    ),
    "payments_order": (
        "id order_no bill_id provider payer_id amount state surplus created_at expires_at paid_at "
        "asked fence lost"
    ),
    "payments_entry": "id kind number provider amount day written_at",
}
"""What the city writes of each table; the rest stays as the database makes it."""


@dataclass
class Block:
    """People from `first` on, and what is written about them."""

    recipe: Recipe
    molds: Molds
    ink: Ink
    first: int
    size: int
    log_base: tuple[int, int]
    """Position and id of the first entry the city adds to the transparency log."""
    sheets: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    leaves: list[bytes] = field(default_factory=list)
    """Leaf hashes of the block's entries of the transparency log."""
    days: dict[int, Day] = field(default_factory=dict)
    counters: list[tuple[str, str, str]] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    """Stream → how many entries it has."""
    held: defaultdict[str, list[tuple[str, str, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Subject → its licences of this block: id, number of the mold, running number, age."""

    def day(self, age: int) -> Day:
        found = self.days.get(age)
        if found is None:
            found = self.days[age] = self.recipe.day(age)
        return found

    def on(self, age: int) -> str:
        return self.day(age).text

    def at(self, age: int, n: int) -> str:
        """A moment of an office day, another for each `n`."""
        return f"{self.day(age).text} {TIMES[n * 7919 % len(TIMES)]}"

    def epoch(self, age: int, n: int) -> int:
        """The same in seconds since 1970."""
        return self.day(age).begin + FIRST_SECOND + n * 7919 % len(TIMES)

    def at_second(self, age: int, second: int) -> tuple[str, int]:
        """A moment so many seconds into an office day, as text and in seconds since 1970."""
        day, second = self.day(age), second % len(TIMES)
        return f"{day.text} {TIMES[second]}", day.begin + FIRST_SECOND + second

    def cell(self, text: str, shared: bytes, row: str, *, whole: bool) -> str:
        """A text of the depth: truly encrypted where the person is whole."""
        return self.ink.seal(text, shared + row.encode()) if whole else self.ink.blot(text)
