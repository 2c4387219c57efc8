"""Build OCSP requests, and answers as a status service signs them (RFC 6960): the other side of
`ocsp`. Like everything signed here an answer is made in two steps: `signed_part`, `assemble`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from signing import suites
from signing.errors import InvalidSignature, MalformedCertificate, MalformedData
from signing.pki import asn1, certificates, ocsp
from signing.pki.certificates import Certificate
from signing.pki.issuing import extension
from signing.pki.ocsp import Answer, CertificateId, State

MALFORMED_REQUEST = asn1.sequence(asn1.element(ocsp.ENUMERATED, b"\x01"))
_NULL = b"\x05\x00"
_MOST_ASKED = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as read: about whom, and the nonce that the answer should repeat."""

    about: tuple[CertificateId, ...]
    nonce: bytes = field(default=b"", repr=False)


def request(
    certificate: Certificate,
    issuer: Certificate,
    *,
    nonce: bytes = b"",
    digest_oid: str = ocsp.SHA1,
) -> bytes:
    """OCSPRequest about one certificate, unsigned. SHA-1 names the issuer by default, because that
    is what every service understands; it protects nothing."""
    about = CertificateId.of(certificate.serial, issuer, digest_oid)
    return asn1.sequence(
        asn1.sequence(
            asn1.sequence(asn1.sequence(_certificate_id(about))),
            asn1.explicit(2, asn1.sequence(_nonce(nonce))) if nonce else b"",
        )
    )


def parse_request(der: bytes) -> Asked:
    """Read an OCSPRequest; a signature on it is not looked at. Raises MalformedCertificate."""
    try:
        return _read_request(der)
    except MalformedCertificate:
        raise
    except MalformedData as problem:
        raise MalformedCertificate(str(problem)) from problem


def _read_request(der: bytes) -> Asked:
    outer = asn1.parse(der).children(asn1.SEQUENCE)
    fields = list(outer[0].children(asn1.SEQUENCE)) if outer else []
    fields = [one for one in fields if one.tag not in (0xA0, 0xA1)]
    if not fields or len(fields) > 2:
        raise MalformedCertificate("not an OCSP request")
    asked = fields[0].children(asn1.SEQUENCE)
    if not 0 < len(asked) <= _MOST_ASKED:
        raise MalformedCertificate(f"{len(asked)} certificates in one OCSP request")
    about = []
    for one in asked:
        parts = one.children(asn1.SEQUENCE)
        if not parts:
            raise MalformedCertificate("not an OCSP request")
        about.append(ocsp.read_certificate_id(parts[0]))
    found, _ = ocsp.read_extensions(
        fields[1] if len(fields) == 2 else None, 0xA2, known=frozenset({ocsp.NONCE})
    )
    nonce = asn1.parse(found[ocsp.NONCE].octets()).octets() if ocsp.NONCE in found else b""
    return Asked(tuple(about), nonce)


def signed_part(
    responder: Certificate,
    answers: Sequence[Answer],
    *,
    produced_at: datetime,
    nonce: bytes = b"",
    by_name: bool = False,
) -> bytes:
    """ResponseData to be signed by the responder, which is named by its key or by its name."""
    key = ocsp.DIGESTS[ocsp.SHA1](certificates.key_bits(responder.spki))
    who = asn1.explicit(2, asn1.octet_string(key))
    return asn1.sequence(
        asn1.explicit(1, responder.subject) if by_name else who,
        asn1.generalized_time(produced_at),
        asn1.sequence(*(_answer(one) for one in answers)),
        asn1.explicit(1, asn1.sequence(_nonce(nonce))) if nonce else b"",
    )


def assemble(
    tbs: bytes, signature: bytes, responder: Certificate, *, chain: Sequence[bytes] = ()
) -> bytes:
    """OCSPResponse around signed data; `chain` holds the delegate's certificate when it is not the
    issuer itself. Raises InvalidSignature."""
    suite = suites.by_public_key(responder.spki)
    if not suite.verify(responder.spki, tbs, signature):
        raise InvalidSignature("the signature does not belong to this responder and content")
    basic = asn1.sequence(
        tbs,
        asn1.sequence(asn1.oid(suite.signature_oid)),
        asn1.bit_string(signature),
        asn1.explicit(0, asn1.sequence(*chain)) if chain else b"",
    )
    return asn1.sequence(
        asn1.element(ocsp.ENUMERATED, b"\x00"),
        asn1.explicit(0, asn1.sequence(asn1.oid(ocsp.BASIC), asn1.octet_string(basic))),
    )


def _certificate_id(about: CertificateId) -> bytes:
    return asn1.sequence(
        asn1.sequence(asn1.oid(about.digest_oid), _NULL),
        asn1.octet_string(about.issuer_name),
        asn1.octet_string(about.issuer_key),
        asn1.integer(about.serial),
    )


def _nonce(nonce: bytes) -> bytes:
    return extension(ocsp.NONCE, asn1.octet_string(nonce))


def _answer(answer: Answer) -> bytes:
    ends, cutoff = answer.next_update, answer.archive_cutoff
    kept = b""
    if cutoff is not None:
        kept = extension(ocsp.ARCHIVE_CUTOFF, asn1.generalized_time(cutoff))
    return asn1.sequence(
        _certificate_id(answer.about),
        _state(answer),
        asn1.generalized_time(answer.this_update),
        b"" if ends is None else asn1.explicit(0, asn1.generalized_time(ends)),
        asn1.explicit(1, asn1.sequence(kept)) if kept else b"",
    )


def _state(answer: Answer) -> bytes:
    entry = answer.revocation
    if entry is None:
        return asn1.element(0x80 if answer.state is State.GOOD else 0x82, b"")
    reason = b""
    if entry.reason != "unspecified":
        number = bytes([ocsp.REASONS.index(entry.reason)])
        reason = asn1.explicit(0, asn1.element(ocsp.ENUMERATED, number))
    return asn1.element(0xA1, asn1.generalized_time(entry.revoked_at) + reason)
