"""A certificate authority for development, demonstrations and tests. Never for real documents:
its root key lies beside the keys it vouches for."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from signing.keys import LISTS_KEY, MAKER_KEY, ROOT_KEY, SoftwareKeyStore, signer_key
from signing.pki import certificates, crl, issuing
from signing.pki.certificates import Certificate
from signing.pki.crl import Revocation
from signing.pki.issuing import Name, Request
from signing.pki.trust import TrustList
from signing.suites import SM2_SM3

_SIGNING = frozenset({certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION})
_AUTHORITY = frozenset({certificates.KEY_CERT_SIGN, certificates.CRL_SIGN})


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority:
    """Certificates are DER. Keys are in `keys` under `root`, `maker`, `lists` (status and
    trust lists for readers) and `signer:<department>`."""

    root_certificate: bytes
    maker_certificate: bytes
    signer_certificates: Mapping[str, bytes]
    crl: bytes
    trust: TrustList
    keys: SoftwareKeyStore
    revoked: Mapping[int, Revocation]

    def revoke(
        self, certificate: bytes, *, at: datetime, reason: str = "unspecified"
    ) -> "DevelopmentAuthority":
        """The authority with a new revocation list and the next edition of the trust list."""
        serial = certificates.parse(certificate).serial
        revoked = {**self.revoked, serial: Revocation(serial, at, reason)}
        root = certificates.parse(self.root_certificate)
        sequence = self.trust.sequence + 1
        fresh = _sign_crl(root, revoked, self.keys, number=sequence, at=at)
        trust = replace(self.trust, crls=(fresh,), sequence=sequence)
        return replace(self, crl=fresh, trust=trust, revoked=MappingProxyType(revoked))


def make(
    *,
    organisation: str,
    departments: Mapping[str, str],
    at: datetime,
    years: int = 10,
    suite: str = SM2_SM3.name,
) -> DevelopmentAuthority:
    """A root, a seal maker, a signer of lists and one per department (key → name), from `at`."""
    keys = SoftwareKeyStore()
    spki = keys.create_now(ROOT_KEY, suite=suite)
    term = _Term(at.replace(microsecond=0), years)
    root_name = Name(f"{organisation}开发测试根证书", organisation, "仅供开发测试")
    request = term.request(root_name, spki, _AUTHORITY, path_length=1)
    root = _issue(request, None, spki, keys)
    keys.keep_certificate_now(ROOT_KEY, root.der)
    maker_name = Name(f"{organisation}电子印章制作系统", organisation, "电子印章管理")
    maker = _issue_for(MAKER_KEY, maker_name, root, term, keys, suite)
    lists_name = Name(f"{organisation}证照状态发布系统", organisation, "证照状态管理")
    _issue_for(LISTS_KEY, lists_name, root, term, keys, suite)
    signers = {
        department: _issue_for(signer_key(department), Name(name, name), root, term, keys, suite)
        for department, name in departments.items()
    }
    first = _sign_crl(root, {}, keys, number=1, at=term.begins, ends=term.ends)
    return DevelopmentAuthority(
        root_certificate=root.der,
        maker_certificate=maker,
        signer_certificates=MappingProxyType(signers),
        crl=first,
        trust=TrustList.of(anchors=[root.der], crls=[first], makers=[maker], sequence=1),
        keys=keys,
        revoked=MappingProxyType({}),
    )


def certify_holder(
    keys: SoftwareKeyStore,
    root_certificate: bytes,
    key_id: str,
    *,
    subject: Name,
    begins: datetime,
    ends: datetime,
    suite: str = SM2_SM3.name,
) -> bytes:
    """A new key under `key_id` with a certificate of the authority, as enterprises have them.

    The unified social credit code belongs into the subject, e.g. as its unit.
    """
    spki = keys.create_now(key_id, suite=suite)
    serial = secrets.randbits(126) | 1 << 126
    request = Request(subject, spki, serial, begins, ends, _SIGNING)
    root = certificates.parse(root_certificate)
    issued = _issue(request, root, root.spki, keys)
    keys.keep_certificate_now(key_id, issued.der)
    return issued.der


@dataclass(frozen=True, slots=True)
class _Term:
    begins: datetime
    years: int

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(days=365 * self.years)

    def request(
        self,
        subject: Name,
        spki: bytes,
        usages: frozenset[str],
        *,
        path_length: int | None = None,
    ) -> Request:
        serial = secrets.randbits(126) | 1 << 126
        return Request(
            subject, spki, serial, self.begins, self.ends, usages, path_length=path_length
        )


def _issue_for(
    key_id: str,
    subject: Name,
    root: Certificate,
    term: _Term,
    keys: SoftwareKeyStore,
    suite: str,
) -> bytes:
    """A key with its certificate, both kept in the store."""
    spki = keys.create_now(key_id, suite=suite)
    issued = _issue(term.request(subject, spki, _SIGNING), root, root.spki, keys)
    keys.keep_certificate_now(key_id, issued.der)
    return issued.der


def _issue(
    request: Request, issuer: Certificate | None, issuer_spki: bytes, keys: SoftwareKeyStore
) -> Certificate:
    tbs = issuing.signed_part(request, issuer, issuer_spki)
    signature = keys.sign_now(ROOT_KEY, tbs)
    return certificates.parse(issuing.assemble(tbs, signature, issuer_spki))


def _sign_crl(
    root: Certificate,
    revoked: Mapping[int, Revocation],
    keys: SoftwareKeyStore,
    *,
    number: int,
    at: datetime,
    ends: datetime | None = None,
) -> bytes:
    tbs = crl.signed_part(
        root, revoked, number=number, issued_at=at, next_at=ends or root.not_after
    )
    return issuing.assemble(tbs, keys.sign_now(ROOT_KEY, tbs), root.spki)
