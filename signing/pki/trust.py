"""Whom we believe: anchors, helpful intermediates, revocation evidence, and whom we refuse.

A trust list is a value: two with the same content are equal, and its digest keys the caches of
certificate chains. Every part is DER.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from signing.errors import MalformedCertificate, MalformedTrustList
from signing.pki import certificates, crl
from signing.pki.certificates import Certificate
from signing.pki.ocsp import parse as parse_answer

_PEM = re.compile(
    r"-----BEGIN (CERTIFICATE|X509 CRL)-----([A-Za-z0-9+/=\s]+)-----END \1-----", re.ASCII
)
_FORMAT = "yunjian-trust-list/1"
_PARTS = ("anchors", "intermediates", "crls", "refused", "makers", "ocsp")


@dataclass(frozen=True, eq=False)
class TrustList:
    """`refused` are certificates never to be trusted, nor anything they issued. `makers` are the
    seal makers: when an authority has one in the list, nobody else it certified may make seals.
    `ocsp` are answers of status services, evidence like the lists in `crls`. `sequence` grows with
    every edition, so that a reader can refuse an older one."""

    anchors: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    refused: tuple[bytes, ...] = ()
    makers: tuple[bytes, ...] = ()
    sequence: int = 0
    ocsp: tuple[bytes, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in the list, in hexadecimal."""
        total = hashlib.sha256(str(self.sequence).encode())
        for part in _PARTS:
            total.update(part.encode())
            for der in getattr(self, part):
                total.update(hashlib.sha256(der).digest())
        return total.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrustList) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def anchor_certificates(self) -> tuple[Certificate, ...]:
        return tuple(certificates.parse(der) for der in self.anchors)

    @property
    def intermediate_certificates(self) -> tuple[Certificate, ...]:
        return tuple(certificates.parse(der) for der in self.intermediates)

    @property
    def refused_certificates(self) -> tuple[Certificate, ...]:
        return tuple(certificates.parse(der) for der in self.refused)

    def refuses(self, certificate: Certificate) -> bool:
        """Whether it is on the refused list, or was issued by somebody who is."""
        for refused in self.refused_certificates:
            if refused.der == certificate.der:
                return True
            if refused.may_have_issued(certificate) and refused.issued(certificate):
                return True
        return False

    def allows_maker(self, maker: Certificate) -> bool:
        """Whether this certificate may make seals, as far as the list knows makers."""
        known = [certificates.parse(der) for der in self.makers]
        rivals = [listed for listed in known if listed.issuer == maker.issuer]
        return not rivals or any(listed.der == maker.der for listed in rivals)

    @classmethod
    def of(
        cls,
        *,
        anchors: Sequence[bytes] = (),
        intermediates: Sequence[bytes] = (),
        crls: Sequence[bytes] = (),
        refused: Sequence[bytes] = (),
        makers: Sequence[bytes] = (),
        sequence: int = 0,
        ocsp: Sequence[bytes] = (),
    ) -> Self:
        """A list whose every part has been read once; raises MalformedTrustList."""
        made = cls(
            tuple(anchors),
            tuple(intermediates),
            tuple(crls),
            tuple(refused),
            tuple(makers),
            sequence,
            tuple(ocsp),
        )
        try:
            for der in (*made.anchors, *made.intermediates, *made.refused, *made.makers):
                certificates.parse(der)
            for der in made.crls:
                crl.parse(der)
            for der in made.ocsp:
                parse_answer(der)
        except MalformedCertificate as problem:
            raise MalformedTrustList(str(problem)) from problem
        return made

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Our JSON, a PEM bundle, or one DER certificate; raises MalformedTrustList.

        In a PEM bundle self-signed authorities are anchors and other certificates intermediates.
        """
        if data[:1] == b"\x30":
            return cls.of(anchors=[data])
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise MalformedTrustList("neither JSON nor PEM nor DER") from problem
        if "-----BEGIN" in text:
            return cls._from_pem(text)
        return cls._from_json(text)

    @classmethod
    def _from_pem(cls, text: str) -> Self:
        anchors, intermediates, crls = [], [], []
        for kind, body in _PEM.findall(text):
            der = _decode(body)
            if kind == "X509 CRL":
                crls.append(der)
            elif _is_root(der):
                anchors.append(der)
            else:
                intermediates.append(der)
        if not (anchors or intermediates or crls):
            raise MalformedTrustList("the PEM file holds no certificate")
        return cls.of(anchors=anchors, intermediates=intermediates, crls=crls)

    @classmethod
    def _from_json(cls, text: str) -> Self:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise MalformedTrustList("not JSON") from problem
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise MalformedTrustList(f"not a {_FORMAT} file")
        sequence = content.get("sequence", 0)
        if type(sequence) is not int or sequence < 0:
            raise MalformedTrustList("sequence is not a whole number")
        parts = {part: _decode_all(content.get(part, [])) for part in _PARTS}
        return cls.of(sequence=sequence, **parts)

    def to_bytes(self) -> bytes:
        """Our JSON, readable by `from_bytes`."""
        content: dict[str, Any] = {"format": _FORMAT, "sequence": self.sequence}
        for part in _PARTS:
            content[part] = [base64.b64encode(der).decode() for der in getattr(self, part)]
        return json.dumps(content, indent=1).encode()


def _is_root(der: bytes) -> bool:
    try:
        certificate = certificates.parse(der)
    except MalformedCertificate as problem:
        raise MalformedTrustList(str(problem)) from problem
    return certificate.issuer == certificate.subject and certificate.extensions.is_authority


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise MalformedTrustList("malformed base64") from problem


def _decode_all(values: object) -> list[bytes]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedTrustList("a part of the list is not a list of base64 texts")
    return [_decode(value) for value in values]
