"""Certificates as people are given them in files: one alone, or several bundled (.p7b).

A bundle is a SignedData without signers (RFC 5652 section 5.2, GB/T 35275 section 8); its order
means nothing, so the holder's certificate is the one that issued none of the others.
"""

from collections.abc import Sequence

from signing.errors import MalformedData
from signing.pki import asn1, certificates
from signing.pki.cms import GB_SIGNED_DATA, SIGNED_DATA

CONTENT_TAG = CERTIFICATES_TAG = 0xA0


def unfold(items: Sequence[bytes]) -> tuple[bytes, ...]:
    """Every certificate of the items, each DER, bundles taken apart. Raises SigningError."""
    found: list[bytes] = []
    for item in items:
        bundled = _bundled(item)
        found.extend(holder_first(bundled) if bundled else (item,))
    return tuple(found)


def holder_first(chain: Sequence[bytes]) -> list[bytes]:
    """The same certificates, those that issued none of the others before the rest."""
    parsed = {der: certificates.parse(der) for der in chain}
    issuers = {one.issuer for one in parsed.values() if one.issuer != one.subject}
    return sorted(chain, key=lambda der: parsed[der].subject in issuers)


def _bundled(data: bytes) -> list[bytes]:
    """The certificates of a SignedData; empty for something else."""
    outer = asn1.parse(data).children(asn1.SEQUENCE)
    if len(outer) != 2 or outer[0].tag != asn1.OID:
        return []
    if outer[0].oid() not in (SIGNED_DATA, GB_SIGNED_DATA):
        raise MalformedData("neither a certificate nor a bundle of them")
    for part in outer[1].only_child(CONTENT_TAG).children(asn1.SEQUENCE):
        if part.tag == CERTIFICATES_TAG:
            return [one.der for one in part.children()]
    return []
