"""NIST's Public Key Interoperability Test Suite (PKITS) through our path builder.

Everything of the suite lies on the table at once: all authorities as intermediates, all lists. What
we do not support (name constraints, policies, partitioned and indirect lists) is *cannot tell*,
so the counts are floors: what is refused, accepted or accepted wrongly may only become better.
"""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
import pytest

from signing import TrustList
from signing.errors import MalformedData
from signing.pki import certificates, chains, crl
from signing.report.policy import DEFAULT_POLICY, STRICT_POLICY, Policy
from signing.report.report import Outcome

FOLDER = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
AT = datetime(2015, 1, 1, tzinfo=UTC)
ANCHOR = (FOLDER / "certs" / "TrustAnchorRootCertificate.crt").read_bytes()
LEAVES = sorted(path.stem for path in (FOLDER / "certs").glob("*EE.crt"))
VALID = tuple(name for name in LEAVES if name.startswith("Valid"))
INVALID = tuple(name for name in LEAVES if name.startswith("Invalid"))


def readable(folder: str, parse: object) -> list[bytes]:
    found = []
    for path in sorted((FOLDER / folder).iterdir()):
        der = path.read_bytes()
        try:
            parse(der)  # type: ignore[operator]
        except MalformedData:
            continue
        found.append(der)
    return found


@cache
def trust() -> TrustList:
    known = readable("certs", certificates.parse)
    authorities = [der for der in known if certificates.parse(der).extensions.is_authority]
    lists = readable("crls", crl.parse)
    return TrustList.of(anchors=[ANCHOR], intermediates=authorities, crls=lists)


@cache
def judged(name: str, policy: Policy) -> str:
    """accepted, refused or unknown."""
    try:
        leaf = certificates.parse((FOLDER / "certs" / f"{name}.crt").read_bytes())
    except MalformedData:
        return "refused"
    moment = chains.Moment(AT, AT)
    checks = chains.judge(leaf, chains.SIGNER, moment, trust=trust(), policy=policy)
    outcomes = {check.outcome for check in checks}
    if Outcome.FAIL in outcomes:
        return "refused"
    return "unknown" if Outcome.UNKNOWN in outcomes else "accepted"


def counted(names: tuple[str, ...], policy: Policy) -> Counter[str]:
    return Counter(judged(name, policy) for name in names)


def accepted(names: tuple[str, ...], policy: Policy) -> list[str]:
    return [name for name in names if judged(name, policy) == "accepted"]


def test_whole_suite_is_there() -> None:
    assert (len(VALID), len(INVALID)) == (88, 115)


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, STRICT_POLICY], ids=lambda one: one.name)
def test_no_invalid_certificate_is_accepted(policy: Policy) -> None:
    assert accepted(INVALID, policy) == []


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, STRICT_POLICY], ids=lambda one: one.name)
def test_as_many_are_refused_and_accepted_as_ever(policy: Policy) -> None:
    assert counted(INVALID, policy)["refused"] >= 28
    assert counted(VALID, policy)["accepted"] >= 21


def test_two_valid_certificates_only_are_refused() -> None:
    """Their names differ from their issuers' in letter case or in string type. RFC 5280, 7.1,
    lets that pass; no authority we know of makes use of it."""
    refused = {name for name in VALID if judged(name, DEFAULT_POLICY) == "refused"}

    assert refused == {
        "ValidNameChainingCapitalizationTest5EE",
        "ValidRolloverfromPrintableStringtoUTF8StringTest10EE",
    }
