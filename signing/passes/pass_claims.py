"""What an offline pass says, and its one encoding: written and read (a CWT, deterministic CBOR).

Reading goes by position (`cbor`): keys, their order and the types of their values are fixed, so
that any other spelling of the same claims is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from signing.errors import MalformedPass
from signing.passes import cbor, cose

_EXPIRES, _ISSUED, _ID = 4, 6, 7
_STATUS, _LICENCE, _PHONE_KEY = -70001, -70002, -70003
_EPOCH = date(1970, 1, 1)
_LATEST, _LAST_DAY = 2**36, 200_000
_LONGEST_TEXT = 200
# Map of five or six; 4, 6, 7, the status, and the licence up to its first text.
_HEAD = re.compile(
    rb"([\xa5\xa6])\x04(%(u64)s)\x06(%(u64)s)\x07\x48(.{8})"
    rb"\x3a\x00\x01\x11\x70\x82(%(u32)s)(%(u32)s)\x3a\x00\x01\x11\x71\xa7\x00"
    % {b"u32": cbor.UINT32, b"u64": cbor.UINT64},
    re.DOTALL,
)
# The rest of the licence up to the count of its fields.
_TAIL = re.compile(
    rb"\x03(\xf6|%(u32)s)\x04(%(u16)s)\x05\x48(.{8})\x06([\xa0-\xb7]|\xb8[\x18-\xff])"
    % {b"u16": cbor.UINT16, b"u32": cbor.UINT32},
    re.DOTALL,
)
_PHONE_KEY_HEAD = b"\x3a\x00\x01\x11\x72\x58\x21"
_PHONE_KEY_SIZE = 33


@dataclass(frozen=True, slots=True)
class Licence:
    """What is shown of the licence; number and holder are masked as its type says."""

    type_key: str
    number: str
    holder: str
    valid_until: date | None
    version: int
    identifier_digest: bytes
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything that is signed. `phone_key` is a compressed P-256 point, None when unbound."""

    id: bytes
    issued_at: datetime
    expires_at: datetime
    status_list: int
    status_index: int
    licence: Licence
    phone_key: bytes | None = None

    def encode(self) -> bytes:
        """The CWT payload, deterministic."""
        shown = self.licence
        ends = shown.valid_until
        claims: dict[int, object] = {
            _EXPIRES: int(self.expires_at.timestamp()),
            _ISSUED: int(self.issued_at.timestamp()),
            _ID: self.id,
            _STATUS: [self.status_list, self.status_index],
            _LICENCE: {
                0: shown.type_key,
                1: shown.number,
                2: shown.holder,
                3: None if ends is None else (ends - _EPOCH).days,
                4: shown.version,
                5: shown.identifier_digest,
                6: dict(shown.fields),
            },
        }
        if self.phone_key is not None:
            claims[_PHONE_KEY] = self.phone_key
        return cose.encode(claims)


def read_claims(payload: bytes) -> Claims:
    """The claims of a payload; raises MalformedData for anything but their one encoding."""
    head = _HEAD.match(payload)
    if head is None:
        raise MalformedPass("claims of another shape")
    shape, expires, issued, identifier, status_list, status_index = head.groups()
    licence, position = _read_licence(payload, head.end())
    phone_key = None
    if shape == b"\xa6":
        key_at = position + len(_PHONE_KEY_HEAD)
        phone_key = payload[key_at : key_at + _PHONE_KEY_SIZE]
        if payload[position:key_at] != _PHONE_KEY_HEAD or len(phone_key) != _PHONE_KEY_SIZE:
            raise MalformedPass("a phone's key has 33 bytes")
        position = key_at + _PHONE_KEY_SIZE
    if position != len(payload):
        raise MalformedPass("bytes after the claims")
    return Claims(
        identifier,
        _instant(issued),
        _instant(expires),
        cbor.number(status_list),
        cbor.number(status_index),
        licence,
        phone_key,
    )


def _read_licence(payload: bytes, position: int) -> tuple[Licence, int]:
    """The licence from its first text on, and the position after it."""
    type_key, position = _text(payload, position)
    if payload[position : position + 1] != b"\x01":
        raise MalformedPass("a licence of another shape")
    number, position = _text(payload, position + 1)
    if payload[position : position + 1] != b"\x02":
        raise MalformedPass("a licence of another shape")
    holder, position = _text(payload, position + 1)
    tail = _TAIL.match(payload, position)
    if tail is None:
        raise MalformedPass("a licence of another shape")
    days, version, digest, count = tail.groups()
    entries = count[0] - 0xA0 if len(count) == 1 else count[1]
    fields, position = _read_fields(payload, tail.end(), entries)
    ends = None if days == b"\xf6" else _day(cbor.number(days))
    revision = cbor.number(version)
    return Licence(type_key, number, holder, ends, revision, digest, fields), position


def _read_fields(payload: bytes, position: int, count: int) -> tuple[dict[str, str], int]:
    """A map of texts whose keys stand in their order: shorter encodings first, then by their
    bytes (RFC 8949, 4.2.3). None stands twice."""
    fields: dict[str, str] = {}
    before = (-1, b"")
    for _ in range(count):
        begin = position
        key, position = _text(payload, position)
        order = (position - begin, payload[begin:position])
        if order <= before:
            raise MalformedPass("the fields are not in their order")
        before = order
        fields[key], position = _text(payload, position)
    return fields, position


def _text(payload: bytes, position: int) -> tuple[str, int]:
    begin, end = position + 1, 0
    size = payload[position] - cbor.TEXT if position < len(payload) else -1
    if 0 <= size < cbor.SHORT:
        # Nearly all texts are so short, and this function costs more than any other here.
        end = begin + size
        content = payload[begin:end]
    else:
        content, end = cbor.string_at(payload, position, cbor.TEXT)
    if end > len(payload):
        raise MalformedPass("a text that is cut short")
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        raise MalformedPass("text that is not UTF-8") from problem
    if len(text) > _LONGEST_TEXT:
        raise MalformedPass("not a short text")
    return text, end


def _day(number: int) -> date:
    if number >= _LAST_DAY:
        raise MalformedPass("a day that is too far away")
    return _EPOCH + timedelta(number)


def _instant(encoded: bytes) -> datetime:
    second = cbor.number(encoded)
    if second >= _LATEST:
        raise MalformedPass("a time that is too far away")
    return datetime.fromtimestamp(second, UTC)
