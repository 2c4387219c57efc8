"""Offline passes: the honest way, and whose pass counts at which time."""

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from signing import MalformedPass
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.passes import base45, cose, passes
from signing.passes.statuslist import Status
from signing.pki import certificates
from signing.suites import P256_SHA256
from tests.signing.makers import AT, DEPARTMENT, OTHER, authority
from tests.signing.showing import Reader, claims, issue, prove, show, signed, status


def test_honest_pass_is_valid(bound: bytes) -> None:
    report = Reader().read(show(bound))

    assert (report.verdict, report.reasons) == ("valid", ())
    assert report.claims == claims()


def test_pass_keeps_to_the_budget(bound: bytes) -> None:
    shown_at, proof = prove(bound)

    text = passes.encode(bound, shown_at=shown_at, proof=proof)

    assert len(text) <= 480
    assert Reader().read(text).verdict == "valid"
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_pass_over_the_budget_is_not_made() -> None:
    long = issue(claims(licence=replace(claims().licence, fields={"scope": "热" * 60})))
    shown_at, proof = prove(long)

    with pytest.raises(MalformedPass, match="characters"):
        passes.encode(long, shown_at=shown_at, proof=proof)


def test_p256_issuer_is_read_as_well() -> None:
    ca = devca.make(
        organisation="试点市",
        departments={DEPARTMENT: "试点局"},
        at=AT - timedelta(days=1),
        suite="p256-sha256",
    )

    assert Reader(ca=ca).read(show(issue(claims(), ca))).verdict == "valid"


@pytest.mark.parametrize(
    ("seconds", "reasons"),
    [
        (0, ()),
        (5, ()),
        (30, ()),
        (-30, ()),
        (70, ("code-expired",)),
        (120, ("code-expired",)),
        (-90, ("not-yet-valid", "code-expired")),
        (90, ("code-expired",)),
        (86400, ("code-expired", "evidence-too-old")),
        (-86400, ("not-yet-valid", "code-expired")),
    ],
)
def test_proof_lives_a_minute(bound: bytes, seconds: int, reasons: tuple[str, ...]) -> None:
    report = Reader().read(show(bound), AT + timedelta(seconds=seconds))

    assert set(report.reasons) <= set(reasons)
    assert report.verdict == ("invalid" if reasons else "valid")


@pytest.mark.parametrize("seconds", [0, 5, 30])
def test_same_code_twice_at_one_reader_is_replayed(bound: bytes, seconds: int) -> None:
    reader = Reader()
    text = show(bound)

    assert reader.read(text).verdict == "valid"
    again = reader.read(text, AT + timedelta(seconds=seconds))

    assert (again.verdict, again.reasons) == ("invalid", ("replayed",))


def test_next_code_of_the_same_pass_is_no_replay(bound: bytes) -> None:
    reader = Reader()

    assert reader.read(show(bound)).verdict == "valid"
    later = AT + timedelta(seconds=30)
    assert reader.read(show(bound, later), later).verdict == "valid"


def test_refused_pass_is_not_remembered(bound: bytes) -> None:
    reader = Reader()

    reader.read(show(bound, phone=P256_SHA256.generate()))

    assert not reader.seen
    assert reader.read(show(bound)).verdict == "valid"


def test_asynchronous_memory_says_replayed_afterwards(bound: bytes) -> None:
    report = Reader().read(show(bound), seen_before=lambda key: False)

    assert len(report.replay_key) == 16
    assert report.as_replayed().reasons == ("replayed",)


def test_every_single_bit_flip_is_refused(bound: bytes) -> None:
    """Of the whole envelope: pass, moment and proof."""
    reader = Reader()
    envelope = base45.decode(show(bound).removeprefix(passes.PREFIX))

    for position in range(len(envelope) * 8):
        flipped = bytearray(envelope)
        flipped[position // 8] ^= 1 << position % 8
        report = reader.read(passes.PREFIX + base45.encode(bytes(flipped)))
        assert report.verdict != "valid"


def test_proof_by_another_phone_is_refused(bound: bytes) -> None:
    assert Reader().read(show(bound, phone=P256_SHA256.generate())).reasons == ("bad-proof",)


def test_bound_pass_without_its_proof_is_refused(bound: bytes) -> None:
    assert Reader().read(passes.encode(bound)).reasons == ("bad-proof",)


def test_proof_of_another_pass_is_refused(bound: bytes) -> None:
    other = issue(claims(id=b"cti-0002"))
    envelope = cose.decode(base45.decode(show(other).removeprefix(passes.PREFIX)))
    swapped = cose.encode([bound, *envelope[1:]])

    text = passes.PREFIX + base45.encode(swapped)

    assert Reader().read(text).reasons == ("bad-proof",)


def unbound(lifetime: timedelta) -> str:
    made = claims(phone_key=None, expires_at=AT + lifetime)
    return passes.encode(issue(made))


def test_unbound_pass_is_valid_for_five_minutes_and_warned_about() -> None:
    text = unbound(timedelta(seconds=300))

    report = Reader().read(text)
    assert report.verdict == "valid"
    assert any(check.outcome == "warning" for check in report.checks)
    assert Reader().read(text, AT + timedelta(seconds=359)).verdict == "valid"
    assert Reader().read(text, AT + timedelta(seconds=361)).reasons == ("expired",)


def test_unbound_pass_of_301_seconds_is_neither_made_nor_taken() -> None:
    with pytest.raises(MalformedPass):
        unbound(timedelta(seconds=301))
    payload = claims(phone_key=None, expires_at=AT + timedelta(seconds=301)).encode()

    assert Reader().read(passes.encode(signed(payload))).reasons == ("unbound",)


def test_pass_of_an_unlisted_signer_cannot_be_told() -> None:
    report = Reader().read(show(issue(claims(), who=OTHER)))

    assert (report.verdict, report.reasons) == ("cannot_tell", ("unknown-issuer",))
    assert report.claims is None


def test_key_id_of_another_is_a_bad_signature() -> None:
    made = issue(claims(), who=OTHER)
    own, other = (
        cose.key_id(authority().signer_certificates[name]) for name in (DEPARTMENT, OTHER)
    )

    assert Reader().read(show(made.replace(other, own))).reasons == ("bad-signature",)


def test_revoked_signer_is_refused(ca: DevelopmentAuthority) -> None:
    text = show(issue(claims(), ca))
    later = ca.revoke(ca.signer_certificates[DEPARTMENT], at=AT - timedelta(seconds=1))

    assert Reader(ca=later).read(text).reasons == ("certificate-revoked",)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Status.REVOKED, "licence-revoked"),
        (Status.SUSPENDED, "licence-suspended"),
        (Status.SUPERSEDED, "licence-superseded"),
    ],
)
@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=9)])
def test_state_of_the_licence_decides(
    bound: bytes, value: Status, reason: str, age: timedelta
) -> None:
    """However old the list is: evidence against never grows too old."""
    report = Reader(status(value, at=AT - age)).read(show(bound))

    assert (report.verdict, report.reasons) == ("invalid", (reason,))


def test_list_older_than_the_budget_cannot_be_told(bound: bytes) -> None:
    old = status(at=AT - timedelta(hours=5))

    assert Reader(old).read(show(bound)).verdict == "valid"
    strict = Reader(old).read(show(bound), evidence_age=timedelta(hours=4))
    assert (strict.verdict, strict.reasons) == ("cannot_tell", ("evidence-too-old",))


def test_missing_list_cannot_be_told(bound: bytes) -> None:
    report = Reader().read(show(bound), status_lists={})

    assert (report.verdict, report.reasons) == ("cannot_tell", ("status-unreachable",))


def test_licence_runs_to_the_end_of_its_last_day_in_china() -> None:
    last = replace(claims().licence, valid_until=date(2026, 12, 1))
    text = show(issue(claims(licence=last)))

    assert Reader().read(text).verdict == "valid"
    ended = replace(last, valid_until=date(2026, 11, 30))
    assert Reader().read(show(issue(claims(licence=ended)))).reasons == ("licence-expired",)


def test_proof_message_is_what_the_page_signs(bound: bytes) -> None:
    """The page builds the same bytes in JavaScript: array of three, text, bytes, number."""
    moment = 1_796_000_000
    digest = hashlib.sha256(bound).digest()

    expected = b"\x83\x63EL1\x58\x20" + digest + b"\x1a" + moment.to_bytes(4, "big")

    assert passes.proof_message(bound, moment) == expected


def test_report_can_be_shown(bound: bytes) -> None:
    report = Reader().read(show(bound))

    assert json.dumps([check.to_dict() for check in report.checks], ensure_ascii=False)


def test_signing_certificate_must_be_for_signing(ca: DevelopmentAuthority) -> None:
    from tests.signing.makers import issue as issue_certificate

    leaf = issue_certificate(ca, "odd", "仅加密", usages=frozenset({"key-encipherment"}))
    unsigned = passes.begin_pass(claims(), signer_certificate=leaf)
    made = unsigned.complete(ca.keys.sign_now("odd", unsigned.to_sign))

    report = Reader(ca=ca).read(show(made), signers=[leaf])

    assert report.reasons == ("untrusted",)
    assert certificates.parse(leaf).extensions.key_usage == {"key-encipherment"}
