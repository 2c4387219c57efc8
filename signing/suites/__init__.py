"""The algorithm suites in use: signature identifier → suite. A new suite is a file and a line."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.errors import UnknownSuite
from signing.suites.p256_sha256 import P256Sha256
from signing.suites.rsa_sha256 import RsaSha256
from signing.suites.sm2_sm3 import Sm2Sm3
from signing.suites.suite import Suite, from_raw, is_raw, meant, to_raw

SM2_SM3: Suite = Sm2Sm3()
P256_SHA256: Suite = P256Sha256()
RSA_SHA256: Suite = RsaSha256()

_ALL = (SM2_SM3, P256_SHA256, RSA_SHA256)

_BY_COSE_ALGORITHM = {suite.cose_algorithm: suite for suite in _ALL}

SUITES: Mapping[str, Suite] = MappingProxyType({suite.signature_oid: suite for suite in _ALL})


def by_oid(oid: str) -> Suite:
    """The suite of a signature identifier; raises UnknownSuite."""
    suite = SUITES.get(oid)
    if suite is None:
        raise UnknownSuite(f"no suite for signature algorithm {oid}")
    return suite


def by_name(name: str) -> Suite:
    """The suite stored beside a key; raises UnknownSuite."""
    for suite in _ALL:
        if suite.name == name:
            return suite
    raise UnknownSuite(f"no suite is called {name!r}")


def by_public_key(spki: bytes) -> Suite:
    """The suite a public key belongs to; raises UnknownSuite."""
    for suite in _ALL:
        if spki.startswith(suite.spki_prefix):
            return suite
    raise UnknownSuite("no suite for this kind of public key")


def by_cose_algorithm(number: int) -> Suite:
    """The suite of a COSE `alg` number; raises UnknownSuite."""
    suite = _BY_COSE_ALGORITHM.get(number)
    if suite is None:
        raise UnknownSuite(f"no suite for COSE algorithm {number}")
    return suite


__all__ = [
    "P256_SHA256",
    "RSA_SHA256",
    "SM2_SM3",
    "SUITES",
    "Suite",
    "by_cose_algorithm",
    "by_name",
    "by_oid",
    "by_public_key",
    "from_raw",
    "is_raw",
    "meant",
    "to_raw",
]
