"""Revocation lists and OCSP answers that a signed message brings along: in its field crls
(RFC 5652, 10.2.1; RFC 5940 for answers) and in Adobe's signed attribute.

Their issuers signed them, so it does not matter who sent them; what cannot be read is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from signing.errors import MalformedData
from signing.pki import asn1, crl, ocsp
from signing.pki.cms import SignedMessage
from signing.pki.trust import TrustList

ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_MOST = 32


class Evidence(NamedTuple):
    """Readable lists and answers, DER."""

    lists: tuple[bytes, ...]
    answers: tuple[bytes, ...]

    @classmethod
    def readable(cls, lists: Iterable[bytes], answers: Iterable[bytes]) -> "Evidence":
        return cls(_read_by(crl.parse, lists), _read_by(ocsp.parse, answers))

    @classmethod
    def of(cls, message: SignedMessage) -> "Evidence":
        """What a message brings along; raises nothing."""
        lists: list[bytes] = []
        answers: list[bytes] = []
        for kind, der in _sent(message):
            (lists if kind is crl else answers).append(der)
        return cls.readable(lists, answers)

    def added_to(self, trust: TrustList) -> TrustList:
        """The trust list with this behind its own evidence: the newest decides, wherever it is."""
        if not (self.lists or self.answers):
            return trust
        crls, answers = (*trust.crls, *self.lists), (*trust.ocsp, *self.answers)
        return replace(trust, crls=crls, ocsp=answers)


NOTHING = Evidence((), ())


def _read_by(parse: Callable[[bytes], object], parts: Iterable[bytes]) -> tuple[bytes, ...]:
    found = []
    for der in list(parts)[:_MOST]:
        try:
            parse(der)
        except MalformedData:
            continue
        found.append(der)
    return tuple(found)


def _sent(message: SignedMessage) -> Iterator[tuple[object, bytes]]:
    """Kind and DER of each part that has the form of one."""
    try:
        for der in message.revocation:
            entry = asn1.parse(der)
            if entry.tag == asn1.SEQUENCE:
                yield crl, der
                continue
            parts = entry.children(0xA1)
            if len(parts) == 2 and parts[0].oid() == OCSP_RESPONSE:
                yield ocsp, parts[1].der
        archival = message.attribute(ADOBE_REVOCATION)
        fields = () if archival is None else asn1.parse(archival).children(asn1.SEQUENCE)
        for field in fields:
            kind = {0xA0: crl, 0xA1: ocsp}.get(field.tag)
            if kind is not None:
                for part in field.only_child(field.tag).children(asn1.SEQUENCE):
                    yield kind, part.der
    except MalformedData:
        return
