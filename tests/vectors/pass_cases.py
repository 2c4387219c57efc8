"""Departures from the honest pass, and what every verifier must say to each."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import cbor2

from signing.passes import base45, cose
from signing.suites import P256_SHA256
from tests.vectors.pass_maker import AT, Maker, Step, text_of

Cases = Iterator[tuple[str, str, list[Step]]]
"""Name, world, steps."""


def time_cases(maker: Maker) -> Cases:
    text = maker.show(maker.issue())
    valid = Step(text, "valid")
    for seconds in (5, 30, 70, 120):
        late = ("code-expired",) if seconds > 60 else ("replayed",)
        again = Step(text, "invalid", late, after=seconds)
        yield f"replay-{seconds}s-same-reader", "good", [valid, again]
        other = Step(text, "valid" if seconds <= 60 else "invalid", (), seconds, "b")
        if seconds > 60:
            other = replace(other, reasons=("code-expired",))
        yield f"replay-{seconds}s-other-reader", "good", [valid, other]
    for seconds in (30, -30):
        yield f"skew{seconds:+}s", "good", [Step(text, "valid", after=seconds)]
    yield "skew+90s", "good", [Step(text, "invalid", ("code-expired",), 90)]
    yield "skew-90s", "good", [Step(text, "invalid", ("not-yet-valid", "code-expired"), -90)]
    yield "skew+1d", "good", [Step(text, "invalid", ("code-expired",), 86400)]
    yield "skew-1d", "good", [Step(text, "invalid", ("not-yet-valid", "code-expired"), -86400)]
    fresh = maker.show(maker.issue(), after=30)
    yield "next-code", "good", [valid, Step(fresh, "valid", (), 30)]
    ended = maker.show(maker.issue(), after=86400 + 61)
    yield "pass-ended", "good", [Step(ended, "invalid", ("expired",), 86400 + 61)]


def key_cases(maker: Maker) -> Cases:
    text = maker.show(maker.issue())
    for name, reason in (
        ("certificate-revoked", "certificate-revoked"),
        ("revoked", "licence-revoked"),
        ("suspended", "licence-suspended"),
        ("superseded", "licence-superseded"),
        ("old-revoked", "licence-revoked"),
    ):
        yield name, name, [Step(text, "invalid", (reason,))]
    yield "certificate-revoked-later", "certificate-revoked-later", [Step(text, "valid")]
    yield "no-status", "no-status", [Step(text, "cannot_tell", ("status-unreachable",))]
    yield "old-status", "old-status", [Step(text, "cannot_tell", ("evidence-too-old",))]
    yield "unknown-issuer", "unknown-issuer", [Step(text, "cannot_tell", ("unknown-issuer",))]
    other = maker.show(maker.issue(), phone=P256_SHA256.generate())
    yield "other-phone", "good", [Step(other, "invalid", ("bad-proof",))]
    swapped = maker.show(maker.issue())
    envelope = cbor2.loads(base45.decode(swapped[4:]))
    moved = text_of([envelope[0], envelope[1] + 20, envelope[2]])
    yield "proof-of-another-moment", "good", [Step(moved, "invalid", ("bad-proof",), 20)]
    bare = text_of([envelope[0]])
    yield "bound-without-proof", "good", [Step(bare, "invalid", ("bad-proof",))]
    gone = maker.claims()
    gone = replace(gone, licence=replace(gone.licence, valid_until=date(2026, 11, 24)))
    yield (
        "licence-ended",
        "good",
        [Step(maker.show(maker.issue(gone)), "invalid", ("licence-expired",))],
    )
    last = replace(gone, licence=replace(gone.licence, valid_until=date(2026, 11, 25)))
    yield "licence-on-its-last-day", "good", [Step(maker.show(maker.issue(last)), "valid")]
    yield "wrong-issuer-key", "good", [Step(forged(maker), "invalid", ("bad-signature",))]


def forged(maker: Maker) -> str:
    """Signed by another key under the honest key's id."""
    data = maker.issue()
    tagged = cbor2.loads(data)
    protected, open_, payload, signature = tagged.value
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    return maker.show(cose.encode(cbor2.CBORTag(18, [protected, open_, payload, flipped])))


def unbound_cases(maker: Maker) -> Cases:
    short = maker.claims(phone_key=None, expires_at=AT + timedelta(seconds=300))
    text = text_of([maker.issue(short)])
    yield "unbound", "good", [Step(text, "valid")]
    yield "unbound-301s", "good", [Step(text, "valid", (), 301)]
    yield "unbound-361s", "good", [Step(text, "invalid", ("expired",), 361)]
    long = maker.claims(phone_key=None, expires_at=AT + timedelta(seconds=301))
    data = maker.issue_payload(long.encode())
    yield "unbound-too-long", "good", [Step(text_of([data]), "invalid", ("unbound",))]
    with_proof = maker.show(maker.issue(short))
    yield "unbound-with-a-proof", "good", [Step(with_proof, "invalid", ("bad-proof",))]


def unreadable(name: str, text: str) -> tuple[str, str, list[Step]]:
    return name, "good", [Step(text, "invalid", ("unreadable",))]


def shape_cases(maker: Maker) -> Cases:
    """Every field missing, doubled and of the wrong type, in the envelope and in what it holds."""
    data = maker.issue()
    envelope = cbor2.loads(base45.decode(maker.show(data)[4:]))
    for place, name in enumerate(("pass", "t", "proof")):
        yield (
            unreadable(
                f"envelope-without-{name}",
                text_of([part for at, part in enumerate(envelope) if at != place] or [0]),
            )
            if name != "pass"
            else unreadable("envelope-without-pass", text_of(envelope[1:]))
        )
        doubled = [*envelope[: place + 1], envelope[place], *envelope[place + 1 :]]
        yield unreadable(f"envelope-with-{name}-twice", text_of(doubled))
        for kind, wrong in (("text", "x"), ("null", None), ("list", []), ("negative", -1)):
            changed = [*envelope[:place], wrong, *envelope[place + 1 :]]
            yield unreadable(f"envelope-{name}-is-{kind}", text_of(changed))
    yield unreadable("proof-of-63-bytes", text_of([*envelope[:2], envelope[2][:63]]))
    yield unreadable("envelope-empty", text_of([]))
    yield unreadable("envelope-is-a-map", text_of({0: envelope[0]}))
    yield from claim_cases(maker)
    yield from message_cases(maker, data)


def claim_cases(maker: Maker) -> Cases:
    honest: dict[int, Any] = cbor2.loads(maker.claims().encode())
    for key in honest:
        missing = {name: value for name, value in honest.items() if name != key}
        if key == -70003:
            bare = maker.show(maker.issue_payload(cose.encode(missing)))
            yield "claim--70003-missing", "good", [Step(bare, "invalid", ("bad-proof",))]
        else:
            yield unreadable(f"claim-{key}-missing", shown(maker, missing))
        yield unreadable(f"claim-{key}-is-text", shown(maker, {**honest, key: "x"}))
        yield unreadable(f"claim-{key}-is-true", shown(maker, {**honest, key: True}))
        yield unreadable(f"claim-{key}-twice", twice(maker, honest, key))
    yield unreadable("claim-too-many", shown(maker, {**honest, 1: "issuer"}))
    licence: dict[int, Any] = honest[-70002]
    for key in licence:
        missing = {name: value for name, value in licence.items() if name != key}
        yield unreadable(f"licence-{key}-missing", shown(maker, {**honest, -70002: missing}))
        wrong = {**licence, key: [1]}
        yield unreadable(f"licence-{key}-is-a-list", shown(maker, {**honest, -70002: wrong}))
    much = {**licence, 2: "长" * 201}
    yield unreadable("holder-of-201-characters", shown(maker, {**honest, -70002: much}))
    yield unreadable("status-of-three", shown(maker, {**honest, -70001: [1, 2, 3]}))
    yield unreadable("time-negative", shown(maker, {**honest, 6: -1}))
    yield unreadable("time-a-float", shown(maker, {**honest, 6: 1.5}))


def shown(maker: Maker, claims: Mapping[int, Any]) -> str:
    return maker.show(maker.issue_payload(cose.encode(claims)))


def twice(maker: Maker, honest: Mapping[int, Any], key: int) -> str:
    """The claims with one entry repeated at the end."""
    payload = cose.encode(honest)
    entry = cose.encode({key: honest[key]})[1:]
    return maker.show(maker.issue_payload(bytes([payload[0] + 1]) + payload[1:] + entry))


def message_cases(maker: Maker, data: bytes) -> Cases:
    protected, open_, payload, signature = cbor2.loads(data).value

    def message(*parts: object, tag: int = 18) -> str:
        return maker.show(cose.encode(cbor2.CBORTag(tag, list(parts))))

    header = cbor2.loads(protected)
    yield unreadable("message-another-tag", message(protected, open_, payload, signature, tag=17))
    yield unreadable("message-of-three", message(protected, payload, signature))
    yield unreadable("message-of-five", message(protected, open_, payload, signature, b""))
    yield unreadable("message-open-header", message(protected, {4: b"x"}, payload, signature))
    yield unreadable("message-untagged", maker.show(cose.encode([protected, {}, payload, b""])))
    yield unreadable("signature-of-63-bytes", message(protected, open_, payload, signature[:63]))
    yield unreadable(
        "header-without-alg", message(cose.encode({4: header[4]}), {}, payload, signature)
    )
    yield unreadable(
        "header-without-kid", message(cose.encode({1: header[1]}), {}, payload, signature)
    )
    short = cose.encode({**header, 4: header[4][:7]})
    yield unreadable("header-kid-of-7-bytes", message(short, {}, payload, signature))
    typed = cose.encode({**header, 16: "application/x"})
    yield unreadable("header-of-another-content", message(typed, {}, payload, signature))
    more = cose.encode({**header, 3: 0})
    yield unreadable("header-with-more", message(more, {}, payload, signature))
    for name, number in (("rsa", -257), ("none", 0), ("es384", -35)):
        other = cose.encode({**header, 1: number})
        text = message(other, {}, payload, signature)
        yield f"alg-{name}", "good", [Step(text, "cannot_tell", ("unknown-issuer",))]
    swapped = cose.encode({**header, 1: -7 if header[1] != -7 else -65602})
    text = message(swapped, {}, payload, signature)
    yield "alg-swapped", "good", [Step(text, "invalid", ("bad-signature",))]


def hostile_cases(maker: Maker) -> Cases:
    honest = maker.show(maker.issue())
    data = base45.decode(honest[4:])
    encoded = base45.encode
    yield unreadable("ten-kilobytes", "EL1:" + "A" * 10_000)
    yield unreadable("1201-bytes", "EL1:" + encoded(b"\x59\x04\xae" + bytes(1198)))
    yield unreadable("nested", "EL1:" + encoded(b"\x81" * 400 + b"\x00"))
    yield unreadable("indefinite-list", "EL1:" + encoded(b"\x9f" + data[1:] + b"\xff"))
    yield unreadable("indefinite-bytes", "EL1:" + encoded(b"\x81\x5f\x41\x00\xff"))
    yield unreadable("long-head", "EL1:" + encoded(b"\x98\x03" + data[1:]))
    yield unreadable("trailing-byte", "EL1:" + encoded(data + b"\x00"))
    yield unreadable("cut-short", "EL1:" + encoded(data[:-1]))
    yield unreadable("zlib", "EL1:" + encoded(zlib.compress(data)))
    yield unreadable("zip", "EL1:" + encoded(b"PK\x03\x04" + bytes(60)))
    yield unreadable("not-base45-letter", honest[:-1] + "a")
    yield unreadable("not-base45-length", "EL1:AAAA")
    yield unreadable("base45-too-large", "EL1::::")
    yield unreadable("base45-pair-too-large", "EL1:::")
    yield unreadable("base64", "EL1:" + base64.b64encode(data).decode())
    yield unreadable("nothing-behind-the-prefix", "EL1:")
    yield unreadable("huge-array", "EL1:" + encoded(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"))
    yield unreadable("undefined", "EL1:" + encoded(b"\xf7"))
    for name, text in (
        ("printed-copy", "HTTPS://VECTORS.EXAMPLE/L/0123456789AB-0123456789"),
        ("lower-case-prefix", "el1:" + honest[4:]),
        ("next-version", "EL2:" + honest[4:]),
        ("empty", ""),
        ("health-pass", "HC1:" + honest[4:]),
    ):
        yield name, "good", [Step(text, "invalid", ("not-a-licence-code",))]
