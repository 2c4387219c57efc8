"""Offline passes: the honest way, and the negative suite."""

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import MalformedPass
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.passes import base45, cose, passes, statuslist
from signing.passes.passes import Claims, Licence
from signing.passes.statuslist import Status, StatusList, StatusToken
from signing.passes.verify import PassReport, verify_pass
from signing.pki import certificates
from signing.suites import P256_SHA256, to_raw
from tests.signing.makers import AT, DEPARTMENT, OTHER, authority

PHONE = P256_SHA256.generate()


def compressed(secret: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def claims(**changes: Any) -> Claims:
    licence = Licence(
        type_key="food",
        number="JY131****0123",
        holder="*记小吃店",
        valid_until=date(2031, 11, 24),
        version=1,
        identifier_digest=b"\x01\x02\x03\x04\x05\x06\x07\x08",
        fields={"scope": "热食"},
    )
    honest = Claims(
        id=b"cti-0001",
        issued_at=AT,
        expires_at=AT + timedelta(hours=24),
        status_list=3,
        status_index=77_001,
        licence=licence,
        phone_key=compressed(PHONE),
    )
    return replace(honest, **changes)


def issue(made: Claims, ca: DevelopmentAuthority | None = None, who: str = DEPARTMENT) -> bytes:
    issuer = ca or authority()
    unsigned = passes.begin_pass(made, signer_certificate=issuer.signer_certificates[who])
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(who), unsigned.to_sign))


def show(pass_bytes: bytes, at: datetime = AT, phone: bytes = PHONE) -> str:
    """What the phone does every thirty seconds; no budget stops a forger."""
    shown_at, proof = prove(pass_bytes, at, phone)
    return passes.PREFIX + base45.encode(cose.encode([pass_bytes, shown_at, proof]))


def prove(pass_bytes: bytes, at: datetime = AT, phone: bytes = PHONE) -> tuple[int, bytes]:
    shown_at = int(at.timestamp())
    signature = P256_SHA256.sign(phone, passes.proof_message(pass_bytes, shown_at))
    return shown_at, to_raw(signature)


def status(value: Status = Status.VALID, *, at: datetime = AT, number: int = 3) -> StatusToken:
    unsigned = statuslist.begin_token(
        StatusList.of({77_001: value}),
        uri=f"https://example.test/status-lists/{number}",
        at=at,
        signer_certificate=authority().signer_certificates[OTHER],
    )
    signature = authority().keys.sign_now(devca.signer_key(OTHER), unsigned.to_sign)
    return statuslist.parse_token(unsigned.complete(signature))


class Reader:
    """A counter's reader: trust, one status list, and the memory against replay."""

    def __init__(self, token: StatusToken | None = None, ca: DevelopmentAuthority | None = None):
        self.ca = ca or authority()
        self.lists = {3: token or status()}
        self.seen: set[bytes] = set()

    def remember(self, key: bytes) -> bool:
        known = key in self.seen
        self.seen.add(key)
        return known

    def read(self, text: str, at: datetime = AT, **changes: Any) -> PassReport:
        arguments: dict[str, Any] = {
            "signers": [self.ca.signer_certificates[DEPARTMENT]],
            "trust": self.ca.trust,
            "status_lists": self.lists,
            "seen_before": self.remember,
            "at": at,
            **changes,
        }
        return verify_pass(text, **arguments)


@pytest.fixture(scope="module")
def bound() -> bytes:
    return issue(claims())


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


def signed(payload: bytes, **changes: Any) -> bytes:
    """A pass with any payload, properly signed."""
    unsigned = cose.begin(payload, authority().signer_certificates[DEPARTMENT], **changes)
    key_id = devca.signer_key(DEPARTMENT)
    return unsigned.complete(authority().keys.sign_now(key_id, unsigned.to_sign))


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


def payload_with(change: Callable[[dict[int, Any]], object]) -> bytes:
    content = cose.decode(claims().encode())
    change(content)
    return cose.encode(content)


@pytest.mark.parametrize("key", [4, 6, 7, -70001, -70002])
def test_missing_claim_is_unreadable(key: int) -> None:
    text = show(signed(payload_with(lambda content: content.pop(key))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("key", [4, 6, 7, -70001, -70002, -70003, 99])
@pytest.mark.parametrize("value", ["text", -1, [], {}, None, b"", 2**63, True])
def test_claim_of_the_wrong_type_is_unreadable(key: int, value: object) -> None:
    text = show(signed(payload_with(lambda content: content.update({key: value}))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("key", range(7))
@pytest.mark.parametrize("value", [[], b"\x00", -1, 2**40, {"a": 1}])
def test_licence_field_of_the_wrong_type_is_unreadable(key: int, value: object) -> None:
    text = show(signed(payload_with(lambda content: content[-70002].update({key: value}))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"\x80",
        b"\x81\x01",
        b"\x82\x41\x00\x01",
        b"\x9f\x41\x00\xff",
        b"\x81\x41\x00\x00",
        b"\x81" * 1000,
        b"\xa1\x01\x02",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        zlib.compress(b"\x81\x41\x00"),
        b"PK\x03\x04" + bytes(30),
    ],
)
def test_envelope_of_another_shape_is_unreadable(envelope: bytes) -> None:
    text = passes.PREFIX + base45.encode(envelope)

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("text", ["EL1:", "EL1:abc", "EL1:A", "EL1:ZZZ", "EL1:" + "0" * 10_000])
def test_text_that_is_not_base45_is_unreadable(text: str) -> None:
    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("text", ["", "HTTPS://X.TEST/P/ABC", "HTTPS://X.TEST/L/1-ABC", "EL2:AB"])
def test_other_code_is_no_pass(text: str) -> None:
    assert Reader().read(text).reasons == ("not-a-licence-code",)


def test_duplicate_key_in_the_payload_is_unreadable() -> None:
    payload = claims().encode()
    doubled = bytes([payload[0] + 1]) + payload[1:] + cose.encode(4) + cose.encode(1)

    assert Reader().read(show(signed(doubled))).reasons == ("unreadable",)


def test_maps_have_their_keys_in_one_order_only() -> None:
    """Two byte strings with the same meaning would be two passes to a memory of what was seen."""
    made = replace(claims(), licence=replace(claims().licence, fields={"b": "1", "ab": "2"}))
    content = cose.decode(made.encode())
    licence = content[-70002]
    fields = licence[6]

    def read(changed: object) -> tuple[str, ...]:
        return Reader().read(show(signed(cbor2.dumps(changed)))).reasons

    assert read(content) == ()
    assert read(dict(reversed(content.items()))) == ("unreadable",)
    assert read({**content, -70002: dict(reversed(licence.items()))}) == ("unreadable",)
    turned = {**licence, 6: dict(reversed(fields.items()))}
    assert read({**content, -70002: turned}) == ("unreadable",)


def test_keys_that_only_equal_the_right_ones_are_unreadable() -> None:
    content = cose.decode(claims().encode())
    first, *others = content.items()
    licence = content[-70002]
    for value in (
        {4.0: first[1], **dict(others)},
        {**content, -70002: {False: licence[0], **{key: licence[key] for key in range(1, 7)}}},
        {**content, -70002: {**licence, 6: {b"a": "1"}}},
    ):
        assert Reader().read(show(signed(cbor2.dumps(value)))).reasons == ("unreadable",)


def test_status_token_shown_as_a_pass_is_unreadable() -> None:
    made = signed(claims().encode(), content_type=statuslist.CONTENT_TYPE)

    assert Reader().read(show(made)).reasons == ("unreadable",)


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_base45_survives(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refused_politely(text: str) -> None:
    reader = Reader()

    assert reader.read(text).verdict == "invalid"
    assert reader.read("EL1:" + text).verdict == "invalid"


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
