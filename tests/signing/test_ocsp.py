"""OCSP: read, build, who may answer, and what an answer is worth at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as foreign
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import TrustList
from signing.dev import devca, devocsp
from signing.dev.devca import DevelopmentAuthority
from signing.errors import InvalidSignature, MalformedCertificate, MalformedTrustList
from signing.pki import asn1, certificates, chains, ocsp, ocsp_building
from signing.pki.crl import Revocation
from signing.pki.ocsp import Answer, CertificateId, State
from signing.report.policy import DEFAULT_POLICY, LENIENT_POLICY, Policy
from signing.suites import P256_SHA256, SM2_SM3
from tests.signing import answering, openssl
from tests.signing.answering import DAY, HOUR, about, delegate, good, signed, signer, without_lists
from tests.signing.makers import AT, issue, pem

SUITES = [SM2_SM3.name, P256_SHA256.name]
MINUTE = timedelta(minutes=1)


def judge(
    ca: DevelopmentAuthority,
    trust: TrustList,
    *,
    used: datetime = AT,
    now: datetime = AT,
    policy: Policy = DEFAULT_POLICY,
    proven: bool = False,
) -> tuple[str, str]:
    """The finding about revocation, and its outcome."""
    moment = chains.Moment(used, now, proven=proven)
    leaf = certificates.parse(signer(ca))
    checks = chains.judge(leaf, chains.SIGNER, moment, trust=trust, policy=policy)
    (found,) = (check for check in checks if check.name == "signer-revocation")
    return found.evidence["finding"], found.outcome.value


def revoked(ca: DevelopmentAuthority, at: datetime, reason: str = "unspecified") -> Answer:
    entry = Revocation(certificates.parse(signer(ca)).serial, at, reason)
    return replace(good(ca), state=State.REVOKED, revocation=entry)


@pytest.mark.parametrize("suite", SUITES)
def test_service_answers_and_the_certificate_is_good(suite: str) -> None:
    ca, service = answering.authority(suite), answering.service(suite)
    root = certificates.parse(ca.root_certificate)
    question = ocsp_building.request(certificates.parse(signer(ca)), root, nonce=b"12345678")

    answer = service.answer(question, at=AT)

    assert judge(ca, without_lists(ca)) == ("revocation-unchecked", "skipped")
    assert judge(ca, without_lists(ca, answer)) == ("revocation-good", "pass")
    assert asn1.parse(ocsp.parse(answer).nonce).octets() == b"12345678"


@pytest.mark.parametrize("digest", [ocsp.SHA1, ocsp.SHA256, SM2_SM3.digest_oid])
@pytest.mark.parametrize("by_name", [False, True])
def test_issuer_itself_may_answer(ca: DevelopmentAuthority, digest: str, by_name: bool) -> None:
    answer = replace(good(ca), about=about(ca, digest=digest))

    trust = without_lists(ca, signed(ca, answer, by_name=by_name))

    assert judge(ca, trust) == ("revocation-good", "pass")


def test_revocation_counts_from_its_time_on(ca: DevelopmentAuthority) -> None:
    before = without_lists(ca, signed(ca, revoked(ca, AT - DAY)))
    after = without_lists(ca, signed(ca, revoked(ca, AT + DAY)))
    stolen = without_lists(ca, signed(ca, revoked(ca, AT + DAY, "key-compromise")))

    assert judge(ca, before) == ("revoked", "fail")
    assert judge(ca, after) == ("revoked-later", "warning")
    assert judge(ca, stolen) == ("revoked", "fail")
    assert judge(ca, stolen, proven=True) == ("revoked-later", "warning")


def test_service_that_does_not_know_the_certificate_leaves_it_open(
    ca: DevelopmentAuthority,
) -> None:
    answer = signed(ca, replace(good(ca), state=State.UNKNOWN))

    assert judge(ca, without_lists(ca, answer)) == ("revocation-unusable", "unknown")
    assert judge(ca, replace(ca.trust, ocsp=(answer,))) == ("revocation-unusable", "unknown")


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (AT - 2 * DAY, AT - DAY, "revocation-stale"),
        (AT - 2 * DAY, AT - 6 * MINUTE, "revocation-stale"),
        (AT - 2 * DAY, AT - 4 * MINUTE, "revocation-good"),
        (AT + 4 * MINUTE, AT + DAY, "revocation-good"),
        (AT + 6 * MINUTE, AT + DAY, "revocation-unusable"),
        (AT - 4 * MINUTE, None, "revocation-good"),
        (AT - 6 * MINUTE, None, "revocation-stale"),
    ],
)
def test_answer_counts_within_its_time_and_the_allowance(
    ca: DevelopmentAuthority, begins: datetime, ends: datetime | None, expected: str
) -> None:
    answer = signed(ca, good(ca, begins=begins, ends=ends))

    assert judge(ca, without_lists(ca, answer))[0] == expected


def test_allowance_is_the_policys(ca: DevelopmentAuthority) -> None:
    answer = signed(ca, good(ca, begins=AT - DAY, ends=AT - HOUR))

    trust = without_lists(ca, answer)

    assert judge(ca, trust) == ("revocation-stale", "unknown")
    assert judge(ca, trust, policy=LENIENT_POLICY) == ("revocation-good", "pass")


def test_old_answer_replayed_does_not_hide_a_revocation(ca: DevelopmentAuthority) -> None:
    old = signed(ca, good(ca, begins=AT - 3 * DAY, ends=AT + 30 * DAY))
    fresh = signed(ca, revoked(ca, AT - DAY))
    listed = ca.revoke(signer(ca), at=AT - DAY).trust

    assert judge(ca, without_lists(ca, old, fresh)) == ("revoked", "fail")
    assert judge(ca, without_lists(ca, fresh, old)) == ("revoked", "fail")
    assert judge(ca, replace(listed, ocsp=(old,))) == ("revoked", "fail")
    assert judge(ca, replace(ca.trust, ocsp=(fresh,))) == ("revoked", "fail")


def test_newer_answer_lifts_a_hold_and_no_older_one_does(ca: DevelopmentAuthority) -> None:
    held = ca.revoke(signer(ca), at=AT - DAY, reason="certificate-hold").trust
    older = signed(ca, good(ca, begins=AT - 2 * DAY))
    newer = signed(ca, good(ca))

    assert judge(ca, replace(held, ocsp=(older,))) == ("revoked", "fail")
    assert judge(ca, replace(held, ocsp=(newer,))) == ("revocation-good", "pass")


def test_worst_of_two_revocations_counts(ca: DevelopmentAuthority) -> None:
    plain = signed(ca, revoked(ca, AT + HOUR))
    stolen = signed(ca, revoked(ca, AT + DAY, "key-compromise"))

    assert judge(ca, without_lists(ca, plain, stolen)) == ("revoked", "fail")


def test_stale_answer_beside_a_fresh_list_does_no_harm(ca: DevelopmentAuthority) -> None:
    stale = signed(ca, good(ca, begins=AT - 2 * DAY, ends=AT - DAY))

    assert judge(ca, replace(ca.trust, ocsp=(stale,))) == ("revocation-good", "pass")


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


def test_good_after_the_end_of_the_certificate_says_nothing(ca: DevelopmentAuthority) -> None:
    """Services forget what has ended, unless an archive cutoff says that they do not."""
    late = certificates.parse(signer(ca)).not_after + 30 * DAY
    answer = good(ca, begins=late, ends=late + DAY)
    archived = replace(answer, archive_cutoff=late - 60 * DAY)
    shallow = replace(answer, archive_cutoff=late - 10 * DAY)

    def told(one: Answer) -> str:
        made = signed(ca, one, produced_at=late)
        return judge(ca, without_lists(ca, made), now=late)[0]

    assert told(answer) == "revocation-unusable"
    assert told(shallow) == "revocation-unusable"
    assert told(archived) == "revocation-good"


def test_critical_extension_cannot_be_told(ca: DevelopmentAuthority) -> None:
    odd = asn1.sequence(asn1.oid("1.2.3.4"), asn1.boolean(True), asn1.octet_string(b""))

    def change(tbs: bytes) -> bytes:
        return asn1.sequence(asn1.parse(tbs).content, asn1.explicit(1, asn1.sequence(odd)))

    answer = signed(ca, good(ca), change=change)

    assert judge(ca, without_lists(ca, answer)) == ("revocation-unusable", "unknown")


def test_written_out_version_is_read_and_another_one_is_not(ca: DevelopmentAuthority) -> None:
    def version(number: int) -> bytes:
        head = asn1.explicit(0, asn1.integer(number))
        return signed(
            ca, good(ca), change=lambda tbs: asn1.sequence(head + asn1.parse(tbs).content)
        )

    assert judge(ca, without_lists(ca, version(0))) == ("revocation-good", "pass")
    with pytest.raises(MalformedCertificate):
        ocsp.parse(version(1))


def longer(der: bytes) -> bytes:
    """The outer length in one octet more than needed."""
    element = asn1.parse(der)
    size = len(element.content).to_bytes(3, "big")
    return der[:1] + b"\x83" + size + element.content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda der: der + b"\x00",
        lambda der: b"",
        longer,
        lambda der: answering.rewritten(der, lambda basic: basic + b"\x00"),
        lambda der: answering.rewritten(der, longer),
        lambda der: der.replace(asn1.oid(ocsp.BASIC), asn1.oid("1.3.6.1.5.5.7.48.1.2"), 1),
        lambda der: asn1.sequence(asn1.element(ocsp.ENUMERATED, b"\x03")),
        lambda der: ocsp_building.MALFORMED_REQUEST,
        lambda der: b"\x30\x05" + der[:3],
        lambda der: b"\x30" * 1000,
    ],
)
def test_malformed_response_is_refused(spoil: object) -> None:
    assert callable(spoil)
    data = spoil(signed(answering.authority(), good(answering.authority())))

    with pytest.raises(MalformedCertificate):
        ocsp.parse(data)
    with pytest.raises(MalformedTrustList):
        TrustList.of(ocsp=[data])


def test_answer_that_ends_before_it_begins_is_refused(ca: DevelopmentAuthority) -> None:
    with pytest.raises(MalformedCertificate):
        ocsp.parse(signed(ca, good(ca, begins=AT, ends=AT - DAY)))


def test_value_of_another_key_makes_no_response(ca: DevelopmentAuthority) -> None:
    root = certificates.parse(ca.root_certificate)
    tbs = ocsp_building.signed_part(root, [good(ca)], produced_at=AT)

    with pytest.raises(InvalidSignature):
        ocsp_building.assemble(tbs, ca.keys.sign_now(devca.MAKER_KEY, tbs), root)


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1)).map(
    lambda found: found.replace(microsecond=0, tzinfo=UTC)
)
ANSWERS = st.builds(
    lambda name, key, serial, begins, life, reason, state, cutoff: Answer(
        CertificateId(ocsp.SHA256, name, key, serial),
        state,
        begins,
        None if life is None else begins + life,
        Revocation(serial, begins, reason) if state is State.REVOKED else None,
        cutoff,
    ),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 2**159),
    MOMENTS,
    st.none() | st.timedeltas(timedelta(0), 30 * DAY).map(lambda life: life // MINUTE * MINUTE),
    st.sampled_from([reason for reason in ocsp.REASONS if reason]),
    st.sampled_from(State),
    st.none() | MOMENTS,
)


@settings(max_examples=60, deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4), produced_at=MOMENTS, named=st.booleans())
def test_what_is_built_is_read_again(
    answers: list[Answer], produced_at: datetime, named: bool
) -> None:
    ca = answering.authority()
    found = ocsp.parse(signed(ca, *answers, produced_at=produced_at, by_name=named))

    assert list(found.answers) == answers
    assert found.produced_at == produced_at
    assert found.signer(certificates.parse(ca.root_certificate)) is not None


def test_request_is_read_again(ca: DevelopmentAuthority) -> None:
    root, leaf = certificates.parse(ca.root_certificate), certificates.parse(signer(ca))

    asked = ocsp_building.parse_request(
        ocsp_building.request(leaf, root, nonce=b"n" * 16, digest_oid=ocsp.SHA256)
    )

    assert asked.about == (about(ca, digest=ocsp.SHA256),)
    assert asked.nonce == b"n" * 16


def test_service_knows_only_its_own_certificates() -> None:
    ca, service = answering.authority(), answering.service()
    root, leaf = certificates.parse(ca.root_certificate), certificates.parse(signer(ca))
    stranger = ocsp_building.request(replace(leaf, serial=leaf.serial + 1), root)

    (answer,) = ocsp.parse(service.answer(stranger, at=AT)).answers

    assert answer.state is State.UNKNOWN
    assert service.answer(b"\x30\x00", at=AT) == ocsp_building.MALFORMED_REQUEST


def test_answer_of_the_cryptography_library_is_believed() -> None:
    ca = answering.authority(P256_SHA256.name)
    answer = foreign_answer(ca)

    assert judge(ca, without_lists(ca, answer)) == ("revoked", "fail")


def foreign_answer(ca: DevelopmentAuthority) -> bytes:
    """Signed by the root with the code of somebody else."""
    root = x509.load_der_x509_certificate(ca.root_certificate)
    secret = int.from_bytes(ca.keys._keys[devca.ROOT_KEY].secret, "big")
    made = (
        foreign.OCSPResponseBuilder()
        .add_response(
            x509.load_der_x509_certificate(signer(ca)),
            root,
            hashes.SHA1(),  # noqa: S303 - names the issuer
            foreign.OCSPCertStatus.REVOKED,
            AT - HOUR,
            AT + DAY,
            AT - DAY,
            x509.ReasonFlags.superseded,
        )
        .responder_id(foreign.OCSPResponderEncoding.NAME, root)
        .sign(ec.derive_private_key(secret, ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def test_our_answer_and_question_are_read_by_the_cryptography_library() -> None:
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    leaf, root = certificates.parse(signer(ca)), certificates.parse(ca.root_certificate)
    question = ocsp_building.request(leaf, root, nonce=b"12345678")

    read = foreign.load_der_ocsp_response(service.answer(question, at=AT))

    assert foreign.load_der_ocsp_request(question).serial_number == leaf.serial
    assert read.certificate_status is foreign.OCSPCertStatus.GOOD
    assert read.this_update_utc == AT


@openssl.needs_openssl
def test_openssl_believes_our_answer(tmp_path: Path) -> None:
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    leaf, root = certificates.parse(signer(ca)), certificates.parse(ca.root_certificate)
    files = {
        "answer.der": service.answer(ocsp_building.request(leaf, root), at=AT),
        "root.pem": pem("CERTIFICATE", root.der),
        "leaf.pem": pem("CERTIFICATE", leaf.der),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    done = openssl.run(
        *("ocsp", "-respin", str(tmp_path / "answer.der"), "-no_nonce"),
        *("-issuer", str(tmp_path / "root.pem"), "-cert", str(tmp_path / "leaf.pem")),
        *("-CAfile", str(tmp_path / "root.pem"), "-attime", str(int(AT.timestamp()))),
        *("-validity_period", "99999999"),
    )

    assert b"Response verify OK" in done.stderr + done.stdout
    assert b": good" in done.stdout
