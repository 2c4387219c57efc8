"""Time stamps from the question to the seal that carries the answer."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signing import (
    InvalidSignature,
    MalformedSignature,
    SealReport,
    TrustList,
    begin_seal,
    verify_document,
)
from signing.dev import devca, devtsa
from signing.dev.devtsa import DevelopmentStampAuthority
from signing.pki import stamp_requests
from signing.pki.timestamps import imprint_of
from signing.report.policy import STRICT_POLICY
from signing.seal.begin import Unsigned
from signing.suites import P256_SHA256, SM2_SM3
from tests.signing import openssl
from tests.signing.makers import AT, BOX, DEPARTMENT, authority, licence, make_seal

SUITES = (SM2_SM3.name, P256_SHA256.name)
LATER = AT + timedelta(days=1)


def stamp_authority(suite: str = SM2_SM3.name) -> DevelopmentStampAuthority:
    return devtsa.make(
        organisation="云间市",
        begins=AT - timedelta(days=30),
        ends=AT + timedelta(days=900),
        suite=suite,
    )


def unsigned() -> Unsigned:
    return begin_seal(
        licence(),
        seal=make_seal(authority()),
        signer_certificate=authority().signer_certificates[DEPARTMENT],
        at=AT,
        boundary=BOX,
        provider="云间证",
    )


def stamped(tsa: DevelopmentStampAuthority, *, at: datetime) -> bytes:
    draft = unsigned()
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), draft.to_sign)
    request = stamp_requests.build_request(draft.timestamp_imprint(signature), nonce=2**64 + 7)
    token = request.read(tsa.answer(request.der, at=at))
    return draft.complete(signature, timestamp=token)


def judged(document: bytes, tsa: DevelopmentStampAuthority, **options: object) -> SealReport:
    trust = authority().trust
    anchors = [*trust.anchors, tsa.root_certificate]
    both = TrustList.of(anchors=anchors, crls=trust.crls, makers=trust.makers)
    return verify_document(document, trust=both, at=LATER, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("suite", SUITES)
def test_stamped_seal_is_valid_and_says_when(suite: str) -> None:
    tsa = stamp_authority(suite)

    report = judged(stamped(tsa, at=AT + timedelta(seconds=2)), tsa)

    assert report.verdict == "valid"
    found = {check.evidence["finding"]: check for check in report.checks}
    assert found["timestamp-good"].evidence["stamped_at"] == "2026-12-01T04:00:02+00:00"
    assert any(check.name == "tsa-certificate" for check in report.checks)


def test_stamp_of_another_seal_does_not_go_in() -> None:
    tsa, draft = stamp_authority(), unsigned()
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), draft.to_sign)
    other = tsa.stamp(imprint_of(b"another value", SM2_SM3.digest_oid), at=AT)

    with pytest.raises(InvalidSignature):
        draft.complete(signature, timestamp=other)
    with pytest.raises(MalformedSignature):
        draft.complete(signature, timestamp=b"no token")


def test_stamp_before_the_stated_time_is_refused_by_the_strict_policy() -> None:
    """GM/T 0031: the stamp comes after the signing time the signer states."""
    tsa = stamp_authority()
    document = stamped(tsa, at=AT - timedelta(hours=1))

    assert judged(document, tsa).verdict == "valid"
    strict = judged(document, tsa, policy=STRICT_POLICY)
    assert "bad-timestamp" in strict.reasons


def test_stamp_later_than_now_is_refused() -> None:
    tsa = stamp_authority()

    report = judged(stamped(tsa, at=LATER + timedelta(hours=1)), tsa)

    assert report.verdict == "invalid"
    assert "bad-timestamp" in report.reasons


def test_stamp_by_an_expired_authority_proves_nothing() -> None:
    tsa = devtsa.make(
        organisation="云间市", begins=AT - timedelta(days=30), ends=AT - timedelta(days=1)
    )

    assert "certificate-expired" in judged(stamped(tsa, at=AT), tsa).reasons


def test_answer_to_another_request_is_refused() -> None:
    tsa = stamp_authority()
    first = stamp_requests.build_request(imprint_of(b"one", SM2_SM3.digest_oid), nonce=1)
    again = stamp_requests.build_request(imprint_of(b"one", SM2_SM3.digest_oid), nonce=2)
    other = stamp_requests.build_request(imprint_of(b"two", SM2_SM3.digest_oid), nonce=1)
    answer = tsa.answer(first.der, at=AT)

    assert first.read(answer)
    for request in (again, other):
        with pytest.raises(InvalidSignature):
            request.read(answer)


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"not DER", b"\x30\x03\x02\x01\x00"])
def test_answer_that_is_none_is_refused(answer: bytes) -> None:
    request = stamp_requests.build_request(imprint_of(b"one", SM2_SM3.digest_oid), nonce=1)

    with pytest.raises(MalformedSignature):
        request.read(answer)


def test_unreadable_request_gets_a_refusal_that_is_reported() -> None:
    request = stamp_requests.build_request(imprint_of(b"one", SM2_SM3.digest_oid), nonce=1)

    with pytest.raises(MalformedSignature, match="status 2"):
        request.read(stamp_authority().answer(b"what?", at=AT))


@openssl.needs_openssl
def test_openssl_accepts_the_p256_token(tmp_path: Path) -> None:
    tsa = stamp_authority(P256_SHA256.name)
    data, answer, pem = tmp_path / "data", tmp_path / "answer", tmp_path / "root.pem"
    data.write_bytes(b"a signature value")
    imprint = imprint_of(b"a signature value", P256_SHA256.digest_oid)
    request = stamp_requests.build_request(imprint, nonce=99)
    answer.write_bytes(tsa.answer(request.der, at=AT))
    (tmp_path / "root.der").write_bytes(tsa.root_certificate)
    openssl.run("x509", "-inform", "DER", "-in", str(tmp_path / "root.der"), "-out", str(pem))

    files = ("-data", str(data), "-in", str(answer), "-CAfile", str(pem))
    said = openssl.run("ts", "-verify", *files, "-attime", str(int(AT.timestamp())))

    assert b"Verification: OK" in said.stdout + said.stderr, said.stderr.decode()
