"""An enterprise certificate over HTTP: it lets a signed-in agent sign a form, and only that."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import aiohttp

from identity.models import Subject
from signing.dev.devca import DevelopmentAuthority
from tests.api.applicants import Applicant, sign_in
from tests.identity import factories
from tests.identity.test_certificates import Enterprise

FOOD = "SJ-SCJG-06"


async def acting(client: aiohttp.ClientSession, resources: Any) -> Applicant:
    """张演示, acting for a company of theirs."""
    applicant = await sign_in(client, resources)
    me = await applicant.ok("GET", "/api/citizen/me")
    organisation_id = await factories.organisation(UUID(me["id"]))
    body = {"organisation_id": str(organisation_id)}
    await applicant.ok("PUT", "/api/citizen/acting-for", body)
    return applicant


def pem(der: bytes) -> str:
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"


async def test_certificate_opens_the_way_to_sign_a_form(
    client: aiohttp.ClientSession, resources: Any, authority: DevelopmentAuthority
) -> None:
    boss = await acting(client, resources)
    enterprise = Enterprise(authority)
    case = await boss.draft(FOOD, {})
    path = f"/api/citizen/cases/{case['id']}/form-signature"
    assert await boss.refused("POST", path) == (403, "step-up-required")

    challenge = await boss.ok("POST", "/api/citizen/certificate-step-ups/")
    body = {
        "challenge_id": challenge["challenge_id"],
        "certificates": [pem(enterprise.certificate)],
        "signature": base64.b64encode(enterprise.sign(challenge["to_sign"])).decode(),
    }
    raised = await boss.ok("POST", "/api/citizen/certificate-step-ups/confirmation", body)

    assert raised == {"assurance": 3}
    assert (await boss.refused("POST", path))[1] in ("case-incomplete", "guide-stopped")
    refused = await boss.refused(
        "POST", "/api/citizen/accounts", {"platform": "sandbox", "code": "x"}
    )
    assert refused == (403, "step-up-required"), "the person's own matters ask for the person"
    assert await boss.refused("POST", "/api/citizen/certificate-step-ups/confirmation", body) == (
        410,
        "proof-expired",
    )


async def test_person_alone_gets_no_challenge_and_nonsense_is_refused(
    client: aiohttp.ClientSession, resources: Any
) -> None:
    boss = await acting(client, resources)
    challenge = await boss.ok("POST", "/api/citizen/certificate-step-ups/")
    for certificate in ("?", "AAAA", "é", "A" * 9000):
        body = {"challenge_id": challenge["challenge_id"], "certificates": [certificate],
                "signature": "AAAA"}  # fmt: skip
        status, _ = await boss.refused(
            "POST", "/api/citizen/certificate-step-ups/confirmation", body
        )
        assert status in (403, 410)
    await boss.ok("PUT", "/api/citizen/acting-for", {"organisation_id": None})

    assert await boss.refused("POST", "/api/citizen/certificate-step-ups/") == (
        403,
        "not-acting-for",
    )
    assert await Subject.all().count() == 2
