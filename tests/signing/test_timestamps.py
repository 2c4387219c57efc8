"""Time stamps: both suites, and everything that can be wrong with a token."""

from datetime import timedelta

import pytest

from signing import TrustList, verify_document
from signing.pki import timestamps
from signing.report.policy import DEFAULT_POLICY, STRICT_POLICY, Policy
from signing.report.report import Check
from signing.suites import P256_SHA256, SM2_SM3, Suite
from tests.signing.makers import AT
from tests.signing.stamping import StampAuthority
from tests.vectors.places import HERE

VALUE = b"a signature value"


def judge(
    authority: StampAuthority,
    token: bytes,
    *,
    trust: TrustList | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> dict[str, Check]:
    checks, _ = timestamps.judge(
        token,
        VALUE,
        now=AT + timedelta(days=1),
        stated=AT,
        trust=trust or TrustList.of(anchors=[authority.root.der]),
        policy=policy,
    )
    return {check.evidence["finding"]: check for check in checks}


@pytest.mark.parametrize("suite", [SM2_SM3, P256_SHA256], ids=lambda suite: suite.name)
def test_good_token_proves_its_time(suite: Suite) -> None:
    authority = StampAuthority(suite)
    token = authority.token(VALUE, at=AT + timedelta(seconds=3))

    checks, proven = timestamps.judge(
        token,
        VALUE,
        now=AT + timedelta(days=1),
        stated=AT,
        trust=TrustList.of(anchors=[authority.root.der]),
        policy=DEFAULT_POLICY,
    )

    assert proven == AT + timedelta(seconds=3)
    assert [check.outcome for check in checks] == ["pass", "pass", "skipped"]


def test_token_about_something_else_is_refused() -> None:
    authority = StampAuthority()

    assert "timestamp-bad" in judge(authority, authority.token(b"another value", at=AT))


def test_token_from_the_future_is_refused() -> None:
    authority = StampAuthority()

    assert "timestamp-bad" in judge(authority, authority.token(VALUE, at=AT + timedelta(days=9)))


def test_token_that_names_another_certificate_is_refused() -> None:
    authority = StampAuthority()
    token = authority.token(VALUE, at=AT, named=authority.root.der)

    assert "timestamp-bad" in judge(authority, token)


def test_token_with_an_altered_time_is_refused() -> None:
    authority = StampAuthority()
    token = authority.token(VALUE, at=AT).replace(b"20261201040000Z", b"20261201030000Z")

    assert "timestamp-bad" in judge(authority, token)


def test_certificate_for_another_purpose_is_refused() -> None:
    authority = StampAuthority(purpose="1.3.6.1.5.5.7.3.1")

    found = judge(authority, authority.token(VALUE, at=AT))

    assert found["key-usage-wrong"].outcome == "fail"


def test_unknown_authority_proves_nothing() -> None:
    authority, other = StampAuthority(), StampAuthority(P256_SHA256)
    trust = TrustList.of(anchors=[other.root.der])

    checks, proven = timestamps.judge(
        authority.token(VALUE, at=AT),
        VALUE,
        now=AT,
        stated=AT,
        trust=trust,
        policy=DEFAULT_POLICY,
    )

    assert proven is None
    assert any(check.outcome in ("fail", "unknown") for check in checks)


def test_unknown_imprint_algorithm_is_not_judged() -> None:
    authority = StampAuthority()
    token = authority.token(VALUE, at=AT, digest="1.2.3.4.5")

    assert judge(authority, token)["timestamp-unsupported"].outcome == "unknown"


def test_stamp_before_the_stated_time_is_a_warning_and_strictly_refused() -> None:
    authority = StampAuthority()
    token = authority.token(VALUE, at=AT - timedelta(hours=1))

    assert judge(authority, token)["timestamp-older"].outcome == "warning"
    strict = judge(authority, token, policy=STRICT_POLICY)["timestamp-older"]
    assert (strict.outcome, strict.reason) == ("fail", "bad-timestamp")


def test_vector_without_the_stamp_root_cannot_be_told() -> None:
    data = (HERE / "ofd" / "own-made" / "own-v4-timestamp.ofd").read_bytes()
    root = (HERE / "ofd" / "keys" / "own-test-ca" / "root.pem").read_bytes()

    report = verify_document(data, trust=TrustList.from_bytes(root), at=AT)

    assert report.verdict == "cannot_tell"
    assert report.reasons == ("unknown-issuer",)
