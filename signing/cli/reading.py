"""Tell what kind of signing file some bytes are, and say in plain words what is in it.

Used by the command line; nothing here judges anything.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from signing.errors import MalformedData
from signing.ofd import document, signatures
from signing.ofd.container import open_package
from signing.pdf import inspect_pdf, is_pdf, messages_of_pdf
from signing.pki import asn1, certificates, cms, crl, ocsp
from signing.pki.certificates import Certificate, display_name
from signing.report.policy import Limits
from signing.seal import eseal, esignature
from signing.sm2 import sm3

_PEM = re.compile(rb"-----BEGIN (CERTIFICATE|X509 CRL)-----([A-Za-z0-9+/=\s]+)-----END")
_DEEPEST = 40
_SHOWN_BYTES = 24
_TAGS = {
    asn1.BOOLEAN: "BOOLEAN",
    asn1.INTEGER: "INTEGER",
    asn1.BIT_STRING: "BIT STRING",
    asn1.OCTET_STRING: "OCTET STRING",
    asn1.NULL: "NULL",
    asn1.OID: "OBJECT IDENTIFIER",
    asn1.UTF8_STRING: "UTF8String",
    asn1.PRINTABLE_STRING: "PrintableString",
    asn1.IA5_STRING: "IA5String",
    asn1.UTC_TIME: "UTCTime",
    asn1.GENERALIZED_TIME: "GeneralizedTime",
    asn1.SEQUENCE: "SEQUENCE",
    asn1.SET: "SET",
    ocsp.ENUMERATED: "ENUMERATED",
}


class Kind(StrEnum):
    DOCUMENT = "document"
    PDF = "pdf document"
    SEAL = "seal"
    SEAL_SIGNATURE = "seal signature"
    SIGNED_MESSAGE = "signed message"
    CERTIFICATE = "certificate"
    REVOCATION_LIST = "revocation list"
    STATUS_ANSWER = "OCSP answer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recognised:
    kind: Kind
    data: bytes
    """DER where the file was PEM."""


_DER_KINDS: tuple[tuple[Kind, Callable[[bytes], object]], ...] = (
    (Kind.CERTIFICATE, certificates.parse),
    (Kind.REVOCATION_LIST, crl.parse),
    (Kind.STATUS_ANSWER, ocsp.parse),
    (Kind.SIGNED_MESSAGE, cms.parse_signed_message),
    (Kind.SEAL_SIGNATURE, esignature.parse_seal_signature),
    (Kind.SEAL, eseal.parse_seal),
)


def recognise(data: bytes) -> Recognised:
    """The kind of file by its content; the name of a file says nothing."""
    pem = _PEM.search(data)
    if pem is not None:
        try:
            der = base64.b64decode(pem[2])
        except ValueError:
            return Recognised(Kind.UNKNOWN, data)
        kind = Kind.CERTIFICATE if pem[1] == b"CERTIFICATE" else Kind.REVOCATION_LIST
        return Recognised(kind, der)
    for kind, parse in _DER_KINDS if data[:1] == b"\x30" else ():
        try:
            parse(data)
        except MalformedData:
            continue
        return Recognised(kind, data)
    if is_pdf(data):
        return Recognised(Kind.PDF, data)
    # Foreign bytes may stand in front of a zip, so that its end tells.
    return Recognised(Kind.DOCUMENT if b"PK\x05\x06" in data else Kind.UNKNOWN, data)


def facts(found: Recognised) -> Iterator[tuple[str, str]]:
    """Label and value of what a file says about itself; raises SigningError."""
    yield "kind", found.kind.value
    yield "sm3", sm3(found.data).hex()
    yield from _READERS[found.kind](found.data)


def _nothing(_: bytes) -> Iterator[tuple[str, str]]:
    yield from ()


def _document(data: bytes) -> Iterator[tuple[str, str]]:
    package = open_package(data, Limits())
    yield "files", str(len(package.names))
    for body in document.bodies(package):
        yield "document", body.root or "(none)"
        if body.signatures is None or body.signatures not in package:
            continue
        for entry in signatures.read_list(package, body.signatures).entries:
            yield f"signature {entry.id}", f"{entry.type} {entry.stated}"
            if entry.file is None:
                continue
            described = signatures.read_signature(package, entry.file)
            yield "  references", f"{len(described.references)} by {described.check_method}"
            if described.signed_value is not None:
                inside = recognise(package.read(described.signed_value))
                yield "  value", inside.kind.value
                for label, value in _READERS[inside.kind](inside.data):
                    yield f"  {label}", value


def _pdf(data: bytes) -> Iterator[tuple[str, str]]:
    yield from inspect_pdf(data).lines()


def _seal(data: bytes) -> Iterator[tuple[str, str]]:
    seal = eseal.parse_seal(data)
    yield "structure", f"{seal.structure} (header version {seal.header_version})"
    yield "seal id", seal.seal_id
    yield "seal name", seal.name
    yield "vendor", seal.vendor_id
    yield "created", seal.created_at.isoformat()
    yield "valid", f"{seal.valid_from.isoformat()} to {seal.valid_until.isoformat()}"
    picture = seal.picture
    size = f"{picture.width} x {picture.height} mm"
    yield "picture", f"{picture.type}, {len(picture.data)} bytes, {size}"
    yield "algorithm", seal.algorithm
    yield "maker", display_name(seal.maker.subject_names)
    for der in seal.certificates:
        yield "signer", display_name(certificates.parse(der).subject_names)
    for kind, digest in seal.certificate_digests:
        yield "signer digest", f"{kind} {digest.hex()}"


def _seal_signature(data: bytes) -> Iterator[tuple[str, str]]:
    signature = esignature.parse_seal_signature(data)
    yield "signed at", f"{signature.signed_at} (stated {signature.stated_time})"
    yield "data hash", signature.data_hash.hex()
    yield "about", signature.property_info
    yield "signature algorithm", signature.algorithm
    yield "time stamp", "yes" if signature.timestamp else "no"
    yield from _certificate(signature.signer_certificate)
    yield from _seal(signature.seal)


def _signed_message(data: bytes) -> Iterator[tuple[str, str]]:
    message = cms.parse_signed_message(data)
    yield "content", message.content_type + ("" if message.content else " (detached)")
    yield "signature algorithm", message.signature_oid
    yield "signing time", str(message.signing_time)
    der = cms.choose_certificate(message)
    if der is not None:
        yield from _certificate(der)


def _certificate(der: bytes) -> Iterator[tuple[str, str]]:
    found: Certificate = certificates.parse(der)
    yield "subject", display_name(found.subject_names)
    yield "issuer", display_name(found.issuer_names)
    yield "serial", found.serial_hex
    yield "validity", f"{found.not_before.isoformat()} to {found.not_after.isoformat()}"
    usage = found.extensions.key_usage
    yield "key usage", "any" if usage is None else ", ".join(sorted(usage))
    yield "authority", "yes" if found.extensions.is_authority else "no"


def _revocation_list(der: bytes) -> Iterator[tuple[str, str]]:
    found = crl.parse(der)
    yield "issued", found.issued_at.isoformat()
    yield "next", found.next_at.isoformat() if found.next_at else "(not stated)"
    yield "algorithm", found.signature_oid


def _status_answer(der: bytes) -> Iterator[tuple[str, str]]:
    found = ocsp.parse(der)
    yield "produced", found.produced_at.isoformat()
    yield "algorithm", found.signature_oid
    for sent in found.certificates:
        yield "responder", display_name(certificates.parse(sent).subject_names)
    for answer in found.answers:
        entry = answer.revocation
        why = f" at {entry.revoked_at.isoformat()} ({entry.reason})" if entry else ""
        yield f"serial {answer.about.serial:X}", answer.state.value + why
        ends = answer.next_update.isoformat() if answer.next_update else "(not stated)"
        yield "  from, next", f"{answer.this_update.isoformat()}, {ends}"


_READERS: dict[Kind, Callable[[bytes], Iterator[tuple[str, str]]]] = {
    Kind.DOCUMENT: _document,
    Kind.PDF: _pdf,
    Kind.SEAL: _seal,
    Kind.SEAL_SIGNATURE: _seal_signature,
    Kind.SIGNED_MESSAGE: _signed_message,
    Kind.CERTIFICATE: _certificate,
    Kind.REVOCATION_LIST: _revocation_list,
    Kind.STATUS_ANSWER: _status_answer,
    Kind.UNKNOWN: _nothing,
}


def dump(found: Recognised) -> Iterator[str]:
    """Lines of the raw structure: entries of a package, the DER tree, or for a PDF that of each
    signature; raises SigningError."""
    if found.kind is Kind.PDF:
        for name, message in messages_of_pdf(found.data):
            yield f"signature {name}"
            yield from _dump_element(asn1.parse_prefix(message), 0)
        return
    if found.kind is Kind.DOCUMENT:
        package = open_package(found.data, Limits())
        for name in package:
            content = package.read(name)
            yield f"{len(content):>9}  {sm3(content).hex()}  {name}"
        return
    yield from _dump_element(asn1.parse_prefix(found.data), 0)


def _dump_element(element: asn1.Element, depth: int) -> Iterator[str]:
    name = _TAGS.get(element.tag) or f"[{element.tag & 0x1F}] ({element.tag:#04x})"
    head = f"{element.start:>6}  {'  ' * depth}{name}"
    if element.tag & 0x20 and depth < _DEEPEST:
        yield head
        for child in element.children():
            yield from _dump_element(child, depth + 1)
        return
    yield f"{head}  {_shown(element)}"


def _shown(element: asn1.Element) -> str:
    """A primitive value as a person can read it."""
    try:
        if element.tag == asn1.OID:
            return element.oid()
        if element.tag == asn1.INTEGER and element.end - element.body <= 8:
            return str(element.integer())
        if element.tag in (asn1.UTC_TIME, asn1.GENERALIZED_TIME):
            return element.content.decode("ascii", "replace")
        if element.tag in (asn1.UTF8_STRING, asn1.PRINTABLE_STRING, asn1.IA5_STRING):
            return repr(element.text()[:80])
    except MalformedData:
        pass
    content = element.content
    more = "…" if len(content) > _SHOWN_BYTES else ""
    return f"{len(content)} bytes {content[:_SHOWN_BYTES].hex()}{more}"
