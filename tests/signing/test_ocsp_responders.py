"""OCSP: who may answer, and about whom; an answer of nobody entitled harms no list."""

from dataclasses import replace

import pytest

from signing.dev import devca, devocsp
from signing.dev.devca import DevelopmentAuthority
from signing.pki import asn1, certificates, chains, ocsp
from signing.report.policy import DEFAULT_POLICY
from signing.suites import SM2_SM3
from tests.signing import answering
from tests.signing.answering import (
    DAY,
    HOUR,
    MINUTE,
    about,
    delegate,
    good,
    judge,
    revoked,
    signed,
    signer,
    without_lists,
)
from tests.signing.makers import AT, issue


@pytest.mark.parametrize("digest", [ocsp.SHA1, ocsp.SHA256, SM2_SM3.digest_oid])
@pytest.mark.parametrize("by_name", [False, True])
def test_issuer_itself_may_answer(ca: DevelopmentAuthority, digest: str, by_name: bool) -> None:
    answer = replace(good(ca), about=about(ca, digest=digest))

    trust = without_lists(ca, signed(ca, answer, by_name=by_name))

    assert judge(ca, trust) == ("revocation-good", "pass")


def wrong_serial(ca: DevelopmentAuthority) -> bytes:
    return signed(ca, replace(good(ca), about=about(ca, ca.maker_certificate)))


def wrong_issuer_hash(ca: DevelopmentAuthority) -> bytes:
    named = about(ca)
    return signed(ca, replace(good(ca), about=replace(named, issuer_key=bytes(20))))


def unheard_digest(ca: DevelopmentAuthority) -> bytes:
    named = replace(about(ca), digest_oid="1.2.840.113549.2.5")
    return signed(ca, replace(good(ca), about=named))


def other_authority(ca: DevelopmentAuthority) -> bytes:
    """The same names and serial, another key: the digest of the key tells."""
    twin = devca.make(organisation="云间市", departments={}, at=AT - 30 * DAY)
    return signed(twin, replace(good(ca), about=about(twin, signer(ca))))


@pytest.mark.parametrize("make", [wrong_serial, wrong_issuer_hash, unheard_digest, other_authority])
def test_answer_about_somebody_else_counts_for_nothing(
    ca: DevelopmentAuthority, make: object
) -> None:
    assert callable(make)
    trust = without_lists(ca, make(ca))

    assert judge(ca, trust) == ("revocation-unchecked", "skipped")


def by_another_signer(ca: DevelopmentAuthority) -> bytes:
    key_id = devca.signer_key("police")
    return signed(ca, good(ca), key_id=key_id, certificate=ca.signer_certificates["police"])


def without_purpose(ca: DevelopmentAuthority) -> bytes:
    stamper = delegate(ca, purposes=(certificates.TIME_STAMPING,))
    return signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=stamper)


def any_purpose(ca: DevelopmentAuthority) -> bytes:
    general = delegate(ca, purposes=("2.5.29.37.0",))
    return signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=general)


def delegate_had_ended(ca: DevelopmentAuthority) -> bytes:
    ended = delegate(ca, ends=AT - 2 * HOUR)
    return signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=ended)


def delegate_of_another_authority(ca: DevelopmentAuthority) -> bytes:
    twin = devca.make(organisation="云间市", departments={}, at=AT - 30 * DAY)
    foreign_delegate = delegate(twin)
    return signed(twin, good(ca), key_id=devocsp.STATUS_KEY, certificate=foreign_delegate)


def delegate_of_a_delegate(ca: DevelopmentAuthority) -> bytes:
    """The issuer must have certified the service itself, not somebody below it."""
    usages = frozenset({certificates.KEY_CERT_SIGN, certificates.CRL_SIGN})
    middle = issue(ca, "middle", "二级机构", usages=usages, path_length=0)
    leaf = issue(
        ca,
        "low",
        "下级服务",
        usages=frozenset({certificates.DIGITAL_SIGNATURE}),
        issuer_key="middle",
        issuer=middle,
    )
    return signed(ca, good(ca), key_id="low", certificate=leaf)


def touched(ca: DevelopmentAuthority) -> bytes:
    der = bytearray(signed(ca, good(ca)))
    der[-1] ^= 1
    return bytes(der)


def content_exchanged(ca: DevelopmentAuthority) -> bytes:
    """Revoked made good after signing."""
    der = signed(ca, revoked(ca, AT - DAY))
    entry = asn1.element(0xA1, asn1.generalized_time(AT - DAY))
    return answering.rewritten(der, lambda basic: _respelt(basic, entry, asn1.element(0x80, b"")))


def _respelt(basic: bytes, old: bytes, new: bytes) -> bytes:
    """Replace one element and mend the lengths around it."""

    def walk(element: asn1.Element) -> bytes:
        if element.der == old:
            return new
        if not element.tag & 0x20:
            return element.der
        return asn1.element(element.tag, b"".join(walk(child) for child in element.children()))

    return walk(asn1.parse(basic))


@pytest.mark.parametrize(
    "make",
    [
        by_another_signer,
        without_purpose,
        any_purpose,
        delegate_had_ended,
        delegate_of_another_authority,
        delegate_of_a_delegate,
        touched,
        content_exchanged,
    ],
)
def test_answer_by_nobody_entitled_cannot_be_told_from_and_harms_no_list(
    ca: DevelopmentAuthority, make: object
) -> None:
    assert callable(make)
    answer = make(ca)

    assert judge(ca, without_lists(ca, answer)) == ("revocation-unusable", "unknown")
    assert judge(ca, replace(ca.trust, ocsp=(answer,))) == ("revocation-good", "pass")


def test_refused_service_is_not_believed(ca: DevelopmentAuthority) -> None:
    service = delegate(ca)
    answer = signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=service)

    trust = without_lists(ca, answer)

    assert judge(ca, trust) == ("revocation-good", "pass")
    assert judge(ca, replace(trust, refused=(service,)))[0] == "revocation-unusable"


def test_service_without_nocheck_must_be_in_good_standing(ca: DevelopmentAuthority) -> None:
    service = delegate(ca, unchecked=False)
    answer = signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=service)
    fallen = ca.revoke(service, at=AT - DAY).trust

    assert judge(ca, without_lists(ca, answer)) == ("revocation-unusable", "unknown")
    assert judge(ca, replace(ca.trust, ocsp=(answer,))) == ("revocation-good", "pass")
    found = chains.judge(
        certificates.parse(signer(ca)),
        chains.SIGNER,
        chains.Moment(AT, AT),
        trust=replace(fallen, ocsp=(answer,)),
        policy=DEFAULT_POLICY,
    )
    assert found[-1].evidence["source"] == "crl"


def test_answer_lasts_no_longer_than_its_delegate(ca: DevelopmentAuthority) -> None:
    service = delegate(ca, ends=AT - 10 * MINUTE)
    answer = signed(ca, good(ca), key_id=devocsp.STATUS_KEY, certificate=service)

    assert judge(ca, without_lists(ca, answer)) == ("revocation-stale", "unknown")
