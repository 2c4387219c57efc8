"""OCSP: what an answer is worth at a time, beside lists and other answers."""

from dataclasses import replace
from datetime import datetime

import pytest

from signing.dev.devca import DevelopmentAuthority
from signing.pki import asn1, certificates, ocsp, ocsp_building
from signing.pki.ocsp import Answer, State
from signing.report.policy import LENIENT_POLICY
from signing.suites import P256_SHA256, SM2_SM3
from tests.signing import answering
from tests.signing.answering import (
    DAY,
    HOUR,
    MINUTE,
    good,
    judge,
    revoked,
    signed,
    signer,
    without_lists,
)
from tests.signing.makers import AT

SUITES = [SM2_SM3.name, P256_SHA256.name]


@pytest.mark.parametrize("suite", SUITES)
def test_service_answers_and_the_certificate_is_good(suite: str) -> None:
    ca, service = answering.authority(suite), answering.service(suite)
    root = certificates.parse(ca.root_certificate)
    question = ocsp_building.request(certificates.parse(signer(ca)), root, nonce=b"12345678")

    answer = service.answer(question, at=AT)

    assert judge(ca, without_lists(ca)) == ("revocation-unchecked", "skipped")
    assert judge(ca, without_lists(ca, answer)) == ("revocation-good", "pass")
    assert asn1.parse(ocsp.parse(answer).nonce).octets() == b"12345678"


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
