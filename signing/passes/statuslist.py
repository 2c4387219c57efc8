"""Status lists (IETF Token Status List) as signed CBOR tokens: two bits an entry, zlib packed.

A licence carries a list number and an index. The index is drawn at random once, the list holds
2^17 of them, so that fetching a list tells nobody which licence is looked up.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Self

from signing.errors import MalformedData, MalformedStatusList
from signing.passes import cose
from signing.pki import certificates
from signing.pki.certificates import Certificate

SIZE = 1 << 17
BITS = 2
TTL = timedelta(minutes=15)
CONTENT_TYPE = "application/statuslist+cwt"
_PER_BYTE = 8 // BITS
_MASK = (1 << BITS) - 1
_LARGEST = 1 << 20
_SUBJECT, _EXPIRES, _ISSUED, _TTL, _LIST = 2, 4, 6, 65534, 65533


class Status(IntEnum):
    """Revoked is for ever; suspended may come back."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    SUPERSEDED = 3


_STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True)
class StatusList:
    """The entries of one list, packed from the lowest bits of each byte upwards."""

    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, statuses: Mapping[int, Status], *, size: int = SIZE) -> Self:
        """All valid but these; IndexError for an index outside the list."""
        packed = bytearray(size // _PER_BYTE)
        for index, status in statuses.items():
            if not 0 <= index < size:
                raise IndexError(f"no entry {index} in a list of {size}")
            packed[index // _PER_BYTE] |= status << (index % _PER_BYTE * BITS)
        return cls(bytes(packed))

    def __len__(self) -> int:
        return len(self.packed) * _PER_BYTE

    def __getitem__(self, index: int) -> Status:
        if not 0 <= index < len(self.packed) * _PER_BYTE:
            raise IndexError(f"no entry {index} in a list of {len(self)}")
        return _STATUSES[self.packed[index // _PER_BYTE] >> (index % _PER_BYTE * BITS) & _MASK]


@dataclass(frozen=True, slots=True)
class StatusToken:
    """A signed edition of a list. `uri` is where it is served; it ends in the list's number."""

    uri: str
    issued_at: datetime
    expires_at: datetime | None
    ttl: timedelta | None
    statuses: StatusList
    message: cose.Message = field(repr=False)

    @property
    def number(self) -> int:
        """The list number in the URI, -1 when there is none."""
        tail = self.uri.rpartition("/")[2]
        return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 10 else -1

    def signer(self, known: Sequence[bytes]) -> Certificate | None:
        """The known certificate that signed it, valid when it was issued, else None.

        Raises UnknownSuite. Whether the certificate is still trusted is the caller's to judge.
        """
        found = self.message.signer(known)
        if found is None or not found.may(certificates.DIGITAL_SIGNATURE):
            return None
        return found if found.not_before <= self.issued_at <= found.not_after else None


def begin_token(
    statuses: StatusList,
    *,
    uri: str,
    at: datetime,
    signer_certificate: bytes,
    valid_for: timedelta = timedelta(days=1),
    ttl: timedelta = TTL,
) -> cose.Unsigned:
    """Prepare a token; `complete(signature)` gives the bytes to serve."""
    issued = int(at.timestamp())
    payload = {
        _SUBJECT: uri,
        _EXPIRES: issued + int(valid_for.total_seconds()),
        _ISSUED: issued,
        _LIST: {"bits": BITS, "lst": zlib.compress(statuses.packed, 9)},
        _TTL: int(ttl.total_seconds()),
    }
    return cose.begin(cose.encode(payload), signer_certificate, content_type=CONTENT_TYPE)


def parse_token(data: bytes) -> StatusToken:
    """Read a token; raises MalformedStatusList. The signature is checked by `signer`."""
    if len(data) > _LARGEST:
        raise MalformedStatusList("a status list of more than 1 MiB")
    try:
        message = cose.parse(data)
        claims = cose.decode(message.payload)
    except MalformedData as problem:
        raise MalformedStatusList(str(problem)) from problem
    if message.content_type != CONTENT_TYPE or not isinstance(claims, dict):
        raise MalformedStatusList("not a status list token")
    uri, content = claims.get(_SUBJECT), claims.get(_LIST)
    if not isinstance(uri, str) or not isinstance(content, dict) or content.get("bits") != BITS:
        raise MalformedStatusList("not a list of two bits an entry")
    expires, ttl = claims.get(_EXPIRES), claims.get(_TTL)
    return StatusToken(
        uri=uri,
        issued_at=_instant(claims.get(_ISSUED)),
        expires_at=None if expires is None else _instant(expires),
        ttl=None if ttl is None else timedelta(seconds=_seconds(ttl)),
        statuses=StatusList(_unpack(content.get("lst"))),
        message=message,
    )


def _seconds(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**40:
        raise MalformedStatusList("a time is not a number of seconds")
    return value


def _instant(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(_seconds(value), UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise MalformedStatusList("a time outside the calendar") from problem


def _unpack(packed: object) -> bytes:
    if not isinstance(packed, bytes):
        raise MalformedStatusList("the list is missing")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, _LARGEST)
    except zlib.error as problem:
        raise MalformedStatusList("the list does not unpack") from problem
    if not unpacker.eof or unpacker.unused_data or not content:
        raise MalformedStatusList("the list does not end where it should")
    return content
