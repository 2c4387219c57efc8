"""Seal signatures (SES_Signature): what lies in SignedValue.dat of a sealed OFD. v1, v4 and v5.

Reading keeps the TBS_Sign slice as it was signed. The seal inside is kept as bytes and read by
`eseal`, because a broken seal must not hide what is wrong with the signature.
"""

from dataclasses import dataclass, field
from datetime import datetime

from signing.errors import MalformedData, MalformedSignature
from signing.pki import asn1
from signing.seal import eseal
from signing.seal.times import read_time

_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class SealSignature:
    der: bytes = field(repr=False)
    structure: eseal.Structure
    version: int
    signed_part: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    stated_time: str
    signed_at: datetime | None
    data_hash: bytes
    property_info: str
    signer_certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False, default=None)
    slips: tuple[str, ...] = ()
    trailing: int = 0
    """Bytes after the structure; not part of it and never trusted."""


def parse_seal_signature(data: bytes) -> SealSignature:
    """Read SignedValue.dat; raises MalformedSignature."""
    if len(data) > _LARGEST:
        raise MalformedSignature("a seal signature of more than 16 MiB")
    try:
        return _read(bytes(data))
    except MalformedSignature:
        raise
    except MalformedData as problem:
        raise MalformedSignature(str(problem)) from problem


def _read(data: bytes) -> SealSignature:
    outer = asn1.parse_prefix(data)
    parts = outer.children(asn1.SEQUENCE)
    trailing = len(data) - outer.end
    if len(parts) == 2:
        return _read_v1(outer, parts, trailing)
    if len(parts) not in (4, 5):
        raise MalformedSignature(f"a seal signature has 2, 4 or 5 parts, not {len(parts)}")
    tbs, signer, algorithm, value = parts[:4]
    fields = tbs.children(asn1.SEQUENCE)
    if len(fields) not in (5, 6):
        raise MalformedSignature("TBS_Sign has five or six parts")
    version, seal, time, data_hash, property_info = fields[:5]
    if len(fields) == 6:
        eseal.read_extensions(fields[5].only_child(0xA0))
    seal.expect(asn1.SEQUENCE)
    stated, signed_at, time_slips = read_time(time)
    signature, slips = _bits(value, data_hash)
    number = version.integer()
    return SealSignature(
        der=outer.der,
        structure=eseal.Structure.V5 if number == 5 else eseal.Structure.V4,
        version=number,
        signed_part=tbs.der,
        seal=seal.der,
        stated_time=stated,
        signed_at=signed_at,
        data_hash=data_hash.untrimmed_bits(32)[0],
        property_info=property_info.text(),
        signer_certificate=signer.octets(),
        algorithm=algorithm.oid(),
        signature=signature,
        timestamp=_stamp(parts),
        slips=slips + time_slips,
        trailing=trailing,
    )


def _stamp(parts: tuple[asn1.Element, ...]) -> bytes | None:
    return parts[4].only_child(0xA0).bits() if len(parts) == 5 else None


def _read_v1(outer: asn1.Element, parts: tuple[asn1.Element, ...], trailing: int) -> SealSignature:
    tbs, value = parts
    fields = tbs.children(asn1.SEQUENCE)
    if len(fields) != 7:
        raise MalformedSignature("TBS_Sign of GM/T 0031-2014 has seven parts")
    version, seal, time, data_hash, property_info, signer, algorithm = fields
    seal.expect(asn1.SEQUENCE)
    stated, signed_at, time_slips = read_time(time)
    signature, slips = _bits(value, data_hash, time)
    return SealSignature(
        der=outer.der,
        structure=eseal.Structure.V1,
        version=version.integer(),
        signed_part=tbs.der,
        seal=seal.der,
        stated_time=stated,
        signed_at=signed_at,
        data_hash=data_hash.untrimmed_bits(32)[0],
        property_info=property_info.text(),
        signer_certificate=signer.octets(),
        algorithm=algorithm.oid(),
        signature=signature,
        slips=slips + time_slips,
        trailing=trailing,
    )


def _bits(value: asn1.Element, *others: asn1.Element) -> tuple[bytes, tuple[str, ...]]:
    """The signature octets, and whether any BIT STRING has a false unused-bits octet."""
    signature, _ = value.untrimmed_bits()
    strings = [item for item in (value, *others) if item.tag == asn1.BIT_STRING]
    false = any(item.bits_and_unused()[1] for item in strings)
    return signature, ("unused-bits",) if false else ()


def build_tbs(
    *,
    seal: bytes,
    at: datetime,
    data_hash: bytes,
    property_info: str,
    structure: eseal.Structure = eseal.Structure.V4,
    signer_certificate: bytes = b"",
    algorithm: str = "",
) -> bytes:
    """TBS_Sign, the message to be signed. v1 takes the signer and algorithm inside."""
    if structure is eseal.Structure.V1:
        return asn1.sequence(
            asn1.integer(1),
            seal,
            asn1.bit_string(asn1.utc_time(at)),
            asn1.bit_string(data_hash),
            asn1.ia5(property_info),
            asn1.octet_string(signer_certificate),
            asn1.oid(algorithm),
        )
    return asn1.sequence(
        asn1.integer(5 if structure is eseal.Structure.V5 else 4),
        seal,
        asn1.generalized_time(at),
        asn1.bit_string(data_hash),
        asn1.ia5(property_info),
    )


def assemble(
    tbs: bytes,
    signature: bytes,
    *,
    signer_certificate: bytes,
    algorithm: str,
    structure: eseal.Structure = eseal.Structure.V4,
    timestamp: bytes | None = None,
) -> bytes:
    """SES_Signature from its signed part and the signature value."""
    if structure is eseal.Structure.V1:
        return asn1.sequence(tbs, asn1.bit_string(signature))
    stamp = asn1.explicit(0, asn1.bit_string(timestamp)) if timestamp else b""
    return asn1.sequence(
        tbs,
        asn1.octet_string(signer_certificate),
        asn1.oid(algorithm),
        asn1.bit_string(signature),
        stamp,
    )
