"""A fresh authority per test where keys are added, one sealed licence and one pass to read."""

from datetime import timedelta

import pytest

from signing import begin_seal
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from tests.signing.makers import AT, BOX, DEPARTMENT, OTHER, authority, licence, make_seal
from tests.signing.showing import claims, issue


@pytest.fixture
def ca() -> DevelopmentAuthority:
    """A development authority of its own, so that a test may add keys and revoke."""
    departments = {DEPARTMENT: "云间市行政审批局", OTHER: "云间市公安局"}
    return devca.make(organisation="云间市", departments=departments, at=AT - timedelta(days=30))


@pytest.fixture(scope="session")
def sealed() -> bytes:
    """A licence sealed by the shared authority of `makers`."""
    issuer = authority()
    unsigned = begin_seal(
        licence(),
        seal=make_seal(issuer),
        signer_certificate=issuer.signer_certificates[DEPARTMENT],
        at=AT,
        boundary=BOX,
        provider="云间证",
    )
    signature = issuer.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    return unsigned.complete(signature)


@pytest.fixture(scope="module")
def bound() -> bytes:
    return issue(claims())
