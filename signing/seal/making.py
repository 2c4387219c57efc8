"""Make an e-seal: its content first, then the maker's signature over it.

Two steps, so that the maker's key may sit in a hardware module. Read back by `eseal`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from signing import suites
from signing.errors import InvalidSignature, MalformedData, MalformedSeal
from signing.pki import asn1, certificates
from signing.seal.eseal import CERTIFICATES, DIGESTS, Structure


@dataclass(frozen=True, slots=True)
class UnsignedSeal:
    """A seal waiting for its maker's signature over `to_sign`."""

    to_sign: bytes = field(repr=False)
    info: bytes = field(repr=False)
    maker_certificate: bytes = field(repr=False)
    structure: Structure = Structure.V4

    def complete(self, signature: bytes, *, timestamp: bytes | None = None) -> bytes:
        """The finished seal. Raises InvalidSignature unless it is the maker's own signature."""
        maker = certificates.parse(self.maker_certificate)
        suite = suites.by_public_key(maker.spki)
        if not suite.verify(maker.spki, self.to_sign, signature):
            raise InvalidSignature("this is not the maker's signature of this seal")
        signed = (
            asn1.octet_string(self.maker_certificate),
            asn1.oid(suite.signature_oid),
            asn1.bit_string(signature),
        )
        if self.structure is Structure.V1:
            return asn1.sequence(self.info, asn1.sequence(*signed))
        stamp = asn1.explicit(0, asn1.bit_string(timestamp)) if timestamp else b""
        if stamp and self.structure is not Structure.V5:
            raise MalformedSeal("only a v5 seal carries a time stamp")
        return asn1.sequence(self.info, *signed, stamp)


def build_seal(
    *,
    seal_id: str,
    vendor_id: str,
    name: str,
    kind: int,
    picture: bytes,
    picture_type: str,
    width_mm: int,
    height_mm: int,
    signer_certificates: Sequence[bytes],
    maker_certificate: bytes,
    created_at: datetime,
    valid_from: datetime,
    valid_until: datetime,
    structure: Structure = Structure.V4,
    by_digest: bool = False,
) -> UnsignedSeal:
    """A seal for these signers. `kind` is 1 for a unit's seal, 2 for a person's.

    Raises MalformedSeal for values a seal cannot carry, MalformedCertificate for bad
    certificates. `by_digest` lists SM3 digests instead of whole certificates (not in v1).
    """
    maker = certificates.parse(maker_certificate)
    suite = suites.by_public_key(maker.spki)
    _insist(structure, signer_certificates, valid_from, valid_until, width_mm, height_mm)
    write_time = asn1.utc_time if structure is Structure.V1 else asn1.generalized_time
    version = {Structure.V1: 1, Structure.V4: 4, Structure.V5: 5}[structure]
    try:
        header = asn1.sequence(asn1.ia5("ES"), asn1.integer(version), asn1.ia5(vendor_id))
        identifier, kind_of_picture = asn1.ia5(seal_id), asn1.ia5(picture_type)
    except MalformedData as problem:
        raise MalformedSeal(str(problem)) from problem
    info = asn1.sequence(
        header,
        identifier,
        asn1.sequence(
            asn1.integer(kind),
            asn1.utf8(name),
            _certificate_list(structure, signer_certificates, by_digest=by_digest),
            write_time(created_at),
            write_time(valid_from),
            write_time(valid_until),
        ),
        asn1.sequence(
            kind_of_picture,
            asn1.octet_string(picture),
            asn1.integer(width_mm),
            asn1.integer(height_mm),
        ),
    )
    to_sign = info
    if structure is Structure.V1:
        maker_field = asn1.octet_string(maker_certificate)
        to_sign = asn1.sequence(info, maker_field, asn1.oid(suite.signature_oid))
    return UnsignedSeal(to_sign, info, maker_certificate, structure)


def _insist(
    structure: Structure,
    signers: Sequence[bytes],
    valid_from: datetime,
    valid_until: datetime,
    width_mm: int,
    height_mm: int,
) -> None:
    if not signers:
        raise MalformedSeal("a seal needs at least one signer")
    for der in signers:
        certificates.parse(der)
    if valid_until <= valid_from:
        raise MalformedSeal("the seal would end before it begins")
    if width_mm < 1 or height_mm < 1:
        raise MalformedSeal("the impression needs a size in millimetres")
    if structure is Structure.V1 and valid_until.astimezone(UTC).year >= 2050:
        raise MalformedSeal("a v1 seal cannot say a year after 2049")


def _certificate_list(structure: Structure, signers: Sequence[bytes], *, by_digest: bool) -> bytes:
    if structure is Structure.V1:
        return asn1.sequence(*(asn1.octet_string(der) for der in signers))
    if not by_digest:
        entries = asn1.sequence(*(asn1.octet_string(der) for der in signers))
        return asn1.integer(CERTIFICATES) + entries
    digests = (suites.SM2_SM3.digest(der) for der in signers)
    entries = asn1.sequence(
        *(asn1.sequence(asn1.printable("SM3"), asn1.octet_string(value)) for value in digests)
    )
    return asn1.integer(DIGESTS) + entries
