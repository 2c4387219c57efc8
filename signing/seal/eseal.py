"""Electronic seals (SESeal): GM/T 0031-2014 ("v1"), GB/T 38540-2020 ("v4"), GM/T 0031-2025 ("v5").

Reading keeps the slices the maker signed: the three encoded fields in v1, SES_SealInfo alone in
v4 and v5. The structure tells the versions apart, never the version number alone.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache

from signing import suites
from signing.errors import MalformedData, MalformedSeal
from signing.pki import asn1
from signing.pki.certificates import Certificate, verify_signed
from signing.pki.certificates import parse as parse_certificate
from signing.seal.times import read_time

CERTIFICATES, DIGESTS = 1, 2
_LARGEST = 8 << 20
_CACHEABLE = 256 << 10


class Structure(StrEnum):
    V1 = "v1"
    V4 = "v4"
    V5 = "v5"


@dataclass(frozen=True, slots=True)
class Picture:
    """The seal impression; width and height in millimetres."""

    type: str
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True)
class Seal:
    der: bytes = field(repr=False)
    structure: Structure
    header_version: int
    vendor_id: str
    seal_id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    certificate_digests: tuple[tuple[str, bytes], ...] = field(repr=False)
    created_at: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    maker_certificate: bytes = field(repr=False)
    algorithm: str
    signed_part: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False, default=None)
    slips: tuple[str, ...] = ()
    """Findings about the encoding, as codes of `findings`."""

    @cached_property
    def digest(self) -> str:
        """SM3 of the seal, in hexadecimal."""
        return suites.SM2_SM3.digest(self.der).hex()

    @cached_property
    def maker(self) -> Certificate:
        """Raises MalformedCertificate."""
        return parse_certificate(self.maker_certificate)

    @cached_property
    def is_signed_by_maker(self) -> bool:
        """Whether the maker's signature is right, by the maker's own key; the chain is not judged.

        One written as `suites.meant` knows counts. Raises UnknownSuite, MalformedCertificate.
        """
        signature, _ = suites.meant(self.signature)
        return verify_signed(self.maker.spki, self.algorithm, self.signed_part, signature)

    def lists(self, certificate: bytes) -> bool:
        """Whether this certificate may use the seal: byte-equal, or its SM3 is on the list."""
        if certificate in self.certificates:
            return True
        if not self.certificate_digests:
            return False
        digest = suites.SM2_SM3.digest(certificate)
        return any(value == digest for _, value in self.certificate_digests)


def parse_seal(der: bytes) -> Seal:
    """Read a seal; raises MalformedSeal. Small seals are kept parsed, by digest."""
    if len(der) > _LARGEST:
        raise MalformedSeal("a seal of more than 8 MiB")
    if len(der) > _CACHEABLE:
        return _guarded(bytes(der))
    return _cached(_Keyed(bytes(der)))


class _Keyed:
    """Bytes that compare by their SHA-256, so that the cache looks up by digest."""

    __slots__ = ("data", "digest")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.digest = hashlib.sha256(data).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=64)
def _cached(keyed: _Keyed) -> Seal:
    return _guarded(keyed.data)


def _guarded(der: bytes) -> Seal:
    try:
        return _read(asn1.parse(der))
    except MalformedSeal:
        raise
    except MalformedData as problem:
        raise MalformedSeal(str(problem)) from problem


def _read(seal: asn1.Element) -> Seal:
    parts = seal.children(asn1.SEQUENCE)
    if len(parts) == 2:
        return _read_v1(seal, parts)
    if len(parts) not in (4, 5):
        raise MalformedSeal(f"a seal has 2, 4 or 5 parts, not {len(parts)}")
    info, maker, algorithm, value = parts[:4]
    facts = _read_info(info)
    timestamp = parts[4].only_child(0xA0).bits() if len(parts) == 5 else None
    is_v5 = len(parts) == 5 or facts.header_version == 5
    signature, slips = _signature_bits(value)
    return facts.seal(
        der=seal.der,
        structure=Structure.V5 if is_v5 else Structure.V4,
        maker=maker.octets(),
        algorithm=algorithm.oid(),
        signed_part=info.der,
        signature=signature,
        timestamp=timestamp,
        slips=slips,
    )


def _read_v1(seal: asn1.Element, parts: tuple[asn1.Element, ...]) -> Seal:
    info, sign_info = parts
    signed = sign_info.children(asn1.SEQUENCE)
    if len(signed) != 3:
        raise MalformedSeal("SES_SignInfo has three parts")
    maker, algorithm, value = signed
    signature, slips = _signature_bits(value)
    return _read_info(info).seal(
        der=seal.der,
        structure=Structure.V1,
        maker=maker.octets(),
        algorithm=algorithm.oid(),
        signed_part=asn1.sequence(info.der, maker.der, algorithm.der),
        signature=signature,
        timestamp=None,
        slips=slips,
    )


def _signature_bits(value: asn1.Element) -> tuple[bytes, tuple[str, ...]]:
    """The signature octets; a false unused-bits octet is a slip some vendors make."""
    octets, unused = value.untrimmed_bits()
    return octets, ("unused-bits",) if unused else ()


@dataclass(frozen=True, slots=True)
class _Info:
    header_version: int
    vendor_id: str
    seal_id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...]
    certificate_digests: tuple[tuple[str, bytes], ...]
    times: tuple[datetime, datetime, datetime]
    picture: Picture
    slips: tuple[str, ...]

    def seal(
        self,
        *,
        der: bytes,
        structure: Structure,
        maker: bytes,
        algorithm: str,
        signed_part: bytes,
        signature: bytes,
        timestamp: bytes | None,
        slips: tuple[str, ...],
    ) -> Seal:
        return Seal(
            der=der,
            structure=structure,
            header_version=self.header_version,
            vendor_id=self.vendor_id,
            seal_id=self.seal_id,
            kind=self.kind,
            name=self.name,
            certificates=self.certificates,
            certificate_digests=self.certificate_digests,
            created_at=self.times[0],
            valid_from=self.times[1],
            valid_until=self.times[2],
            picture=self.picture,
            maker_certificate=maker,
            algorithm=algorithm,
            signed_part=signed_part,
            signature=signature,
            timestamp=timestamp,
            slips=slips + self.slips,
        )


def _read_info(info: asn1.Element) -> _Info:
    parts = info.children(asn1.SEQUENCE)
    if len(parts) not in (4, 5):
        raise MalformedSeal("SES_SealInfo has four or five parts")
    header = parts[0].children(asn1.SEQUENCE)
    if len(header) != 3 or header[0].text() != "ES":
        raise MalformedSeal("no ES header")
    kind, name, listed, digests, times, slips = _read_property(parts[2])
    if len(parts) == 5:
        read_extensions(parts[4])
    return _Info(
        header_version=header[1].integer(),
        vendor_id=header[2].text(),
        seal_id=parts[1].text(),
        kind=kind,
        name=name,
        certificates=listed,
        certificate_digests=digests,
        times=times,
        picture=_read_picture(parts[3]),
        slips=slips,
    )


_Property = tuple[
    int,
    str,
    tuple[bytes, ...],
    tuple[tuple[str, bytes], ...],
    tuple[datetime, datetime, datetime],
    tuple[str, ...],
]


def _read_property(element: asn1.Element) -> _Property:
    """SES_ESPropertyInfo: six elements in v1, seven (with certListType) from v4 on."""
    parts = element.children(asn1.SEQUENCE)
    if len(parts) not in (6, 7):
        raise MalformedSeal("SES_ESPropertyInfo has six or seven parts")
    list_type = CERTIFICATES if len(parts) == 6 else parts[2].integer()
    entries = parts[-4].children(asn1.SEQUENCE)
    listed: tuple[bytes, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()
    if list_type == CERTIFICATES:
        # A stray IA5String stands here in one vendor's anonymised file: it lists nobody.
        listed = tuple(entry.octets() for entry in entries if entry.tag == asn1.OCTET_STRING)
    elif list_type == DIGESTS:
        digests = tuple(_read_digest(entry) for entry in entries)
    else:
        raise MalformedSeal(f"certListType {list_type}")
    (created, slips), (begins, _), (ends, _) = (_read_time(part) for part in parts[-3:])
    return parts[0].integer(), parts[1].text(), listed, digests, (created, begins, ends), slips


def _read_time(part: asn1.Element) -> tuple[datetime, tuple[str, ...]]:
    """A time of the seal; one vendor leaves out the zone, another writes the text of a UTCTime
    under the tag of a GeneralizedTime."""
    part.expect(asn1.UTC_TIME, asn1.GENERALIZED_TIME)
    stated, at, slips = read_time(part)
    if at is None:
        raise MalformedSeal(f"no time: {stated}")
    return at, tuple(slip.replace("time-zone", "seal-time-zone") for slip in slips)


def _read_digest(entry: asn1.Element) -> tuple[str, bytes]:
    parts = entry.children(asn1.SEQUENCE)
    if len(parts) != 2:
        raise MalformedSeal("CertDigestObj is a pair")
    return parts[0].text(), parts[1].octets()


def _read_picture(element: asn1.Element) -> Picture:
    parts = element.children(asn1.SEQUENCE)
    if len(parts) != 4:
        raise MalformedSeal("SES_ESPictrueInfo has four parts")
    return Picture(parts[0].text(), parts[1].octets(), parts[2].integer(), parts[3].integer())


def read_extensions(element: asn1.Element) -> tuple[tuple[str, bool, bytes], ...]:
    """ExtensionDatas as (identifier, critical, value). A written-out FALSE is tolerated."""
    found = []
    for extension in element.children(asn1.SEQUENCE):
        parts = extension.children(asn1.SEQUENCE)
        if len(parts) not in (2, 3):
            raise MalformedSeal("malformed ExtData")
        critical = parts[1].boolean() if len(parts) == 3 else False
        found.append((parts[0].oid(), critical, parts[-1].octets()))
    return tuple(found)
