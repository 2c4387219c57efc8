"""Paths to an anchor, validity and revocation at a time, trust lists."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signing import TrustList
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.errors import MalformedCertificate, MalformedTrustList
from signing.pki import certificates, chains, crl, issuing
from signing.report.policy import DEFAULT_POLICY, STRICT_POLICY, Policy
from tests.signing.makers import AT, DEPARTMENT, authority, issue

SIGNING = frozenset({certificates.DIGITAL_SIGNATURE})
AUTHORITY = frozenset({certificates.KEY_CERT_SIGN, certificates.CRL_SIGN})


def judge(
    leaf: bytes,
    trust: TrustList,
    *,
    used: datetime | None = AT,
    proven: bool = False,
    policy: Policy = DEFAULT_POLICY,
    extra: tuple[bytes, ...] = (),
) -> dict[str, str]:
    """Findings with their outcomes."""
    checks = chains.judge(
        certificates.parse(leaf),
        chains.SIGNER,
        chains.Moment(used, AT, proven=proven),
        trust=trust,
        policy=policy,
        extra=extra,
    )
    return {check.evidence["finding"]: check.outcome.value for check in checks}


def signer(ca: DevelopmentAuthority) -> bytes:
    return ca.signer_certificates[DEPARTMENT]


def test_certificate_of_a_listed_authority_is_good() -> None:
    found = judge(signer(authority()), authority().trust)

    assert found == {"certificate-good": "pass", "revocation-good": "pass"}


def test_intermediate_sent_along_completes_the_path(ca: DevelopmentAuthority) -> None:
    middle = issue(ca, "middle", "二级机构", usages=AUTHORITY, path_length=0)
    leaf = issue(ca, "leaf", "末级", usages=SIGNING, issuer_key="middle", issuer=middle)

    assert "issuer-lookalike" in judge(leaf, ca.trust)
    assert "certificate-good" in judge(leaf, ca.trust, extra=(middle,))
    assert "certificate-good" in judge(leaf, replace(ca.trust, intermediates=(middle,)))


def test_path_longer_than_an_authority_allows_is_broken(ca: DevelopmentAuthority) -> None:
    first = issue(ca, "first", "二级机构", usages=AUTHORITY, path_length=0)
    second = issue(
        ca, "second", "三级机构", usages=AUTHORITY, path_length=0, issuer_key="first", issuer=first
    )
    leaf = issue(ca, "leaf", "末级", usages=SIGNING, issuer_key="second", issuer=second)

    assert judge(leaf, ca.trust, extra=(first, second))["chain-broken"] == "fail"


def test_expired_intermediate_spoils_the_path(ca: DevelopmentAuthority) -> None:
    middle = issue(
        ca, "middle", "二级机构", usages=AUTHORITY, path_length=0, ends=AT - timedelta(days=1)
    )
    leaf = issue(ca, "leaf", "末级", usages=SIGNING, issuer_key="middle", issuer=middle)

    assert judge(leaf, ca.trust, extra=(middle,))["certificate-expired"] == "fail"


def test_no_anchor_at_all_cannot_be_told() -> None:
    assert judge(signer(authority()), TrustList()) == {"trust-absent": "unknown"}


def test_unknown_signing_time_of_an_expired_certificate_cannot_be_told() -> None:
    leaf = signer(authority())
    late = chains.Moment(None, AT + timedelta(days=9000))

    checks = chains.judge(
        certificates.parse(leaf),
        chains.SIGNER,
        late,
        trust=authority().trust,
        policy=DEFAULT_POLICY,
    )

    found = {check.evidence["finding"]: check.outcome.value for check in checks}
    assert found["certificate-window-unknown"] == "unknown"


def test_certificate_revoked_before_signing_is_refused(ca: DevelopmentAuthority) -> None:
    later = ca.revoke(signer(ca), at=AT - timedelta(hours=1))

    assert judge(signer(ca), later.trust)["revoked"] == "fail"


def test_certificate_revoked_after_signing_is_a_warning(ca: DevelopmentAuthority) -> None:
    later = ca.revoke(signer(ca), at=AT + timedelta(hours=1))

    assert judge(signer(ca), later.trust)["revoked-later"] == "warning"
    assert judge(signer(ca), later.trust, policy=STRICT_POLICY)["revoked-later"] == "fail"


def test_stolen_key_proves_no_earlier_time(ca: DevelopmentAuthority) -> None:
    later = ca.revoke(signer(ca), at=AT + timedelta(hours=1), reason="key-compromise")

    assert judge(signer(ca), later.trust)["revoked"] == "fail"
    assert judge(signer(ca), later.trust, proven=True)["revoked-later"] == "warning"


def test_missing_list_is_skipped_and_strictly_unknown() -> None:
    bare = replace(authority().trust, crls=())

    assert judge(signer(authority()), bare)["revocation-unchecked"] == "skipped"
    strict = judge(signer(authority()), bare, policy=STRICT_POLICY)
    assert strict["revocation-unchecked"] == "unknown"


def test_outdated_list_cannot_be_told(ca: DevelopmentAuthority) -> None:
    root = certificates.parse(ca.root_certificate)
    tbs = crl.signed_part(
        root,
        {},
        number=9,
        issued_at=AT - timedelta(days=9),
        next_at=AT - timedelta(days=2),
    )
    old = issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki)

    assert judge(signer(ca), replace(ca.trust, crls=(old,)))["revocation-stale"] == "unknown"


def test_list_signed_by_somebody_else_is_unusable_and_not_absent(ca: DevelopmentAuthority) -> None:
    twin = devca.make(organisation="云间市", departments={}, at=AT - timedelta(days=30))
    forged = twin.revoke(signer(ca), at=AT - timedelta(days=1)).crl

    found = judge(signer(ca), replace(ca.trust, crls=(forged,)))

    assert found["revocation-unusable"] == "unknown"
    both = judge(signer(ca), replace(ca.trust, crls=(forged, ca.crl)))
    assert both["revocation-good"] == "pass"


def test_newest_list_decides(ca: DevelopmentAuthority) -> None:
    later = ca.revoke(signer(ca), at=AT - timedelta(hours=1))
    both = replace(later.trust, crls=(later.crl, ca.crl))

    assert judge(signer(ca), both)["revoked"] == "fail"


def test_list_finds_a_serial_among_many(ca: DevelopmentAuthority) -> None:
    root = certificates.parse(ca.root_certificate)
    revoked = {serial: crl.Revocation(serial, AT, "superseded") for serial in range(1, 3000)}
    tbs = crl.signed_part(root, revoked, number=2, issued_at=AT, next_at=AT + timedelta(days=1))
    parsed = crl.parse(issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki))

    assert parsed.signed_by(root)
    assert parsed.find(2999) == revoked[2999]
    assert parsed.find(3000) is None


def test_trust_list_survives_writing() -> None:
    trust = authority().trust

    assert TrustList.from_bytes(trust.to_bytes()) == trust
    assert TrustList.from_bytes(trust.to_bytes()).digest == trust.digest


def test_editions_differ(ca: DevelopmentAuthority) -> None:
    later = ca.revoke(signer(ca), at=AT)

    assert later.trust.sequence == ca.trust.sequence + 1
    assert later.trust != ca.trust


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"format": "yunjian-trust-list/1", "sequence": -1}',
        b'{"format": "yunjian-trust-list/1", "anchors": ["!"]}',
        b'{"format": "yunjian-trust-list/1", "anchors": "MAA="}',
        b'{"format": "yunjian-trust-list/1", "anchors": ["MAA="]}',
        b"-----BEGIN NOTHING-----",
    ],
)
def test_malformed_trust_list_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedTrustList):
        TrustList.from_bytes(data)


def test_certificate_of_half_a_megabyte_is_refused() -> None:
    with pytest.raises(MalformedCertificate):
        certificates.parse(b"\x30" + bytes(500_000))


DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def short_lived() -> tuple[bytes, TrustList]:
    """A signer valid for 320 days around AT, and a list that is fresh for thirty days."""
    ca = devca.make(organisation="云间市", departments={DEPARTMENT: "局"}, at=AT - 30 * DAY)
    leaf = issue(ca, "short", "短期证书", usages=SIGNING)
    root = certificates.parse(ca.root_certificate)
    tbs = crl.signed_part(root, {}, number=2, issued_at=AT - DAY, next_at=AT + 30 * DAY)
    fresh = issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki)
    return leaf, replace(ca.trust, crls=(fresh,))


@given(
    used=st.one_of(st.none(), st.integers(-40, 340)),
    now=st.integers(-40, 340),
    proven=st.booleans(),
    second=st.integers(-1, 1),
)
@example(used=-20, now=30, proven=False, second=0)
@example(used=-20, now=30, proven=False, second=-1)
@example(used=300, now=30, proven=False, second=1)
def test_what_is_kept_of_a_chain_never_differs_from_judging_anew(
    short_lived: tuple[bytes, TrustList], used: int | None, now: int, proven: bool, second: int
) -> None:
    """At every moment, also on the second at which the certificate or the list ends."""
    leaf, trust = short_lived
    nudge = timedelta(seconds=second)
    stated = None if used is None else AT + used * DAY + nudge
    moment = chains.Moment(stated, AT + now * DAY + nudge, proven=proven)
    signer_certificate = certificates.parse(leaf)

    kept = chains.judge(
        signer_certificate, chains.SIGNER, moment, trust=trust, policy=DEFAULT_POLICY
    )

    # The cache is emptied so that no earlier example can answer.
    chains._steady.cache_clear()
    anew = chains._judge_at(
        signer_certificate, chains.SIGNER, moment, (), trust, DEFAULT_POLICY, ""
    )
    assert kept == anew


def test_revocation_is_seen_after_the_chain_was_kept(ca: DevelopmentAuthority) -> None:
    before = judge(signer(ca), ca.trust)

    after = judge(signer(ca), ca.revoke(signer(ca), at=AT - DAY).trust)

    assert before["revocation-good"] == "pass"
    assert after["revoked"] == "fail"


def test_list_that_is_missing_beside_others_cannot_be_told(ca: DevelopmentAuthority) -> None:
    """Evidence about one link of a chain says that the other's was left out."""
    middle = issue(ca, "middle", "二级机构", usages=AUTHORITY, path_length=0)
    leaf = issue(ca, "leaf", "末级", usages=SIGNING, issuer_key="middle", issuer=middle)

    assert judge(leaf, ca.trust, extra=(middle,))["revocation-missing"] == "unknown"
    found = judge(leaf, replace(ca.trust, crls=()), extra=(middle,))
    assert found["revocation-unchecked"] == "skipped"


def test_list_of_an_authority_that_may_not_sign_lists_is_unusable(
    ca: DevelopmentAuthority,
) -> None:
    no_lists = frozenset({certificates.KEY_CERT_SIGN})
    middle = issue(ca, "middle", "二级机构", usages=no_lists, path_length=0)
    leaf = issue(ca, "leaf", "末级", usages=SIGNING, issuer_key="middle", issuer=middle)
    parsed = certificates.parse(middle)
    tbs = crl.signed_part(parsed, {}, number=1, issued_at=AT, next_at=AT + timedelta(days=1))
    der = issuing.assemble(tbs, ca.keys.sign_now("middle", tbs), parsed.spki)

    found = judge(leaf, replace(ca.trust, crls=(*ca.trust.crls, der)), extra=(middle,))

    assert found["revocation-unusable"] == "unknown"


@pytest.mark.parametrize("serial", [-1, -(1 << 64), 0])
def test_serial_that_is_not_positive_is_looked_up(ca: DevelopmentAuthority, serial: int) -> None:
    root = certificates.parse(ca.root_certificate)
    revoked = {serial: crl.Revocation(serial, AT, "superseded")}
    lists = [
        crl.parse(issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki))
        for entries in ({}, revoked)
        for tbs in [
            crl.signed_part(root, entries, number=2, issued_at=AT, next_at=AT + timedelta(days=1))
        ]
    ]

    assert lists[0].find(serial) is None
    assert lists[1].find(serial) == revoked[serial]
