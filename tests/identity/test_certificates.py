"""Step-up by an enterprise certificate: the organisation's key, this session, this organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import clock, ids
from core.protection.audit import AuditRecord
from identity import errors
from identity.log_in import assurance, certificates, sessions
from identity.log_in.assurance import Act, Level
from identity.principal import Principal, PrincipalKind
from resources import TrustedCertificates
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.pki.issuing import Name
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db")


class Enterprise:
    """An organisation with a certificate of the development authority and its key."""

    def __init__(self, authority: DevelopmentAuthority, *, code: str = factories.COMPANY,
                 days: int = 300, suite: str = "sm2-sm3") -> None:  # fmt: skip
        self.authority = authority
        self.key_id = f"enterprise:{ids.new_id()}"
        self.certificate = devca.certify_holder(
            authority.keys,
            authority.root_certificate,
            self.key_id,
            subject=Name("演示餐饮有限公司", "演示餐饮有限公司", code),
            begins=clock.now() - timedelta(days=30),
            ends=clock.now() + timedelta(days=days),
            suite=suite,
        )

    def sign(self, text: str) -> bytes:
        return self.authority.keys.sign_now(self.key_id, text.encode())


@pytest.fixture
def checker(authority: DevelopmentAuthority) -> TrustedCertificates:
    return TrustedCertificates(authority.trust)


async def boss(*, uscc: str = factories.COMPANY) -> tuple[Principal, str]:
    """Somebody who acts for their company, and the token of the session."""
    person_id = await factories.person()
    organisation_id = await factories.organisation(person_id, uscc=uscc)
    issued = await sessions.issue(factories.citizen(person_id), idle_minutes=30, via="wechat")
    return await sessions.act_for(issued.principal, organisation_id), issued.token


async def again(token: str) -> Principal:
    """As the next request sees the session."""
    return await sessions.resolve(token, kind=PrincipalKind.CITIZEN)


async def confirm(
    enterprise: Enterprise, checker: Any, redis: Redis, by: Principal, **changes: Any
) -> Level:
    challenge = await certificates.begin(checker=checker, redis=redis, by=by)
    chain: Sequence[bytes] = [enterprise.certificate]
    options = {"chain": chain, "signature": enterprise.sign(challenge.to_sign), **changes}
    return await certificates.finish(challenge.id, checker=checker, redis=redis, by=by, **options)


@pytest.mark.parametrize("suite", ["sm2-sm3", "p256-sha256"])
async def test_certificate_confirms_for_the_organisation_and_not_for_the_person(
    authority: DevelopmentAuthority, checker: Any, redis: Redis, suite: str
) -> None:
    by, token = await boss()
    with pytest.raises(errors.StepUpRequired):
        assurance.require(await again(token), Act.SIGN_FORM)

    assert await confirm(Enterprise(authority, suite=suite), checker, redis, by) is Level.CONFIRMED

    now = await again(token)
    assurance.require(now, Act.SIGN_FORM)
    assurance.require(now, Act.GRANT_MANDATE)
    with pytest.raises(errors.StepUpRequired):
        assurance.require(now, Act.MANAGE_ACCOUNTS)
    record = await AuditRecord.get(action="stepped-up")
    assert record.detail == {"means": "certificate"}


async def test_it_ends_with_the_minutes_and_with_acting_for_the_organisation(
    authority: DevelopmentAuthority, checker: Any, redis: Redis, frozen_clock: Any
) -> None:
    by, token = await boss()
    await confirm(Enterprise(authority), checker, redis, by)

    await sessions.act_for(by, None)
    assert not (await again(token)).certified
    await sessions.act_for(by, by.acting_for)
    assert (await again(token)).certified
    frozen_clock.advance(minutes=assurance.STEP_UP_MINUTES)
    assert not (await again(token)).certified


async def test_challenge_is_good_once(
    authority: DevelopmentAuthority, checker: Any, redis: Redis
) -> None:
    by, _ = await boss()
    enterprise = Enterprise(authority)
    challenge = await certificates.begin(checker=checker, redis=redis, by=by)
    signed: dict[str, Any] = {
        "chain": [enterprise.certificate],
        "signature": enterprise.sign(challenge.to_sign),
        "checker": checker,
        "redis": redis,
        "by": by,
    }
    await certificates.finish(challenge.id, **signed)

    with pytest.raises(errors.ProofExpired):
        await certificates.finish(challenge.id, **signed)


async def test_wrong_signature_spends_the_challenge(
    authority: DevelopmentAuthority, checker: Any, redis: Redis
) -> None:
    by, token = await boss()
    enterprise = Enterprise(authority)
    challenge = await certificates.begin(checker=checker, redis=redis, by=by)
    signed: dict[str, Any] = {"chain": [enterprise.certificate], "checker": checker,
                              "redis": redis, "by": by}  # fmt: skip
    with pytest.raises(errors.CertificateRefused):
        await certificates.finish(challenge.id, signature=enterprise.sign("other"), **signed)

    with pytest.raises(errors.ProofExpired):
        await certificates.finish(
            challenge.id, signature=enterprise.sign(challenge.to_sign), **signed
        )
    assert not (await again(token)).certified


async def test_challenge_of_another_session_or_organisation_is_worth_nothing(
    authority: DevelopmentAuthority, checker: Any, redis: Redis
) -> None:
    by, _ = await boss()
    other = await factories.organisation(by.person_id, uscc=factories.credit_code(7))
    enterprise = Enterprise(authority)
    for thief in (replace(by, session_id=ids.new_id()), replace(by, acting_for=other)):
        challenge = await certificates.begin(checker=checker, redis=redis, by=by)
        with pytest.raises(errors.ProofExpired):
            await certificates.finish(
                challenge.id,
                chain=[enterprise.certificate],
                signature=enterprise.sign(challenge.to_sign),
                checker=checker,
                redis=redis,
                by=thief,
            )


async def test_certificate_of_another_company_is_refused(
    authority: DevelopmentAuthority, checker: Any, redis: Redis
) -> None:
    by, _ = await boss()

    with pytest.raises(errors.CertificateRefused):
        await confirm(Enterprise(authority, code=factories.credit_code(7)), checker, redis, by)


async def test_expired_revoked_and_foreign_certificates_are_refused(
    authority: DevelopmentAuthority, checker: Any, redis: Redis
) -> None:
    by, _ = await boss()
    expired = Enterprise(authority, days=-1)
    revoked = Enterprise(authority)
    without = authority.revoke(revoked.certificate, at=clock.now() - timedelta(hours=1))
    stranger = devca.make(organisation="别处", departments={}, at=clock.now() - timedelta(days=60))
    for enterprise, trust in (
        (expired, checker),
        (revoked, TrustedCertificates(without.trust)),
        (Enterprise(stranger), checker),
    ):
        with pytest.raises(errors.CertificateRefused):
            await confirm(enterprise, trust, redis, by)


@pytest.mark.parametrize(
    "chain", [[], [b""], [b"\x30\x03\x02\x01\x01"], [b"x" * 70_000], [b"x"] * 5]
)
async def test_nonsense_for_a_certificate_is_refused(
    authority: DevelopmentAuthority, checker: Any, redis: Redis, chain: list[bytes]
) -> None:
    by, _ = await boss()
    with pytest.raises(errors.CertificateRefused):
        await confirm(Enterprise(authority), checker, redis, by, chain=chain)


async def test_person_alone_and_a_city_without_authorities_get_no_challenge(
    checker: Any, redis: Redis
) -> None:
    by, _ = await boss()
    with pytest.raises(errors.NotActingFor):
        await certificates.begin(checker=checker, redis=redis, by=replace(by, acting_for=None))
    with pytest.raises(errors.CertificateUnavailable):
        await certificates.begin(checker=None, redis=redis, by=by)


def test_two_credit_codes_in_a_subject_are_none() -> None:
    one, two = factories.COMPANY, factories.credit_code(7)
    assert certificates.credit_code(["公司", one, f" {one} "]) == one
    assert certificates.credit_code([one, two]) is None
    assert certificates.credit_code(["公司"]) is None


def test_what_is_signed_names_the_session_and_the_organisation() -> None:
    kept = {"session": str(UUID(int=1)), "organisation": str(UUID(int=2))}
    text = certificates.text("id", kept)
    assert text.splitlines() == ["yunjian step-up 1", "id", kept["session"], kept["organisation"]]
