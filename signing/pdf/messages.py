"""The CMS message in /Contents: cut from its padding, with its unsigned time stamp."""

from datetime import datetime

from signing import suites
from signing.errors import MalformedData, MalformedSignature, UnknownSuite
from signing.pki import asn1, ber, timestamps
from signing.pki.certificates import Certificate
from signing.pki.cms import SignedMessage
from signing.pki.cms_building import SIGNATURE_TIMESTAMP
from signing.suites import SUITES, Suite


def split(contents: bytes) -> tuple[bytes, int]:
    """The message, made definite where it is BER (RFC 5652 allows it, Java libraries write it), and
    how many bytes follow it beyond the zeros that fill the place. Raises MalformedSignature."""
    try:
        if ber.is_indefinite(contents):
            message, end = ber.to_definite_prefix(contents)
        else:
            found = asn1.parse_prefix(contents)
            message, end = found.der, found.end
    except MalformedData as problem:
        raise MalformedSignature(str(problem)) from problem
    return message, len(contents[end:].rstrip(b"\x00"))


def signature_timestamp(message: bytes) -> bytes | None:
    """The token in the unsigned attribute (RFC 3161, appendix A); raises MalformedData."""
    signed_data = asn1.parse(message).children()[1].only_child(0xA0)
    signer = signed_data.children()[-1].only_child(asn1.SET)
    last = signer.children()[-1]
    if last.tag != 0xA1:
        return None
    found = []
    for attribute in last.children():
        parts = attribute.children(asn1.SEQUENCE)
        if len(parts) == 2 and parts[0].oid() == SIGNATURE_TIMESTAMP:
            found += [value.der for value in parts[1].children(asn1.SET)]
    if len(found) > 1:
        raise MalformedSignature(f"{len(found)} time stamps of one signature")
    return found[0] if found else None


def stamped_at(token: bytes) -> datetime | None:
    """The time a token states, unproven; None when it cannot be read."""
    try:
        return timestamps.parse_token(token).stamped_at
    except MalformedData:
        return None


def suite_of(message: SignedMessage, signer: Certificate) -> Suite:
    """The suite of the signer's key when the message uses its algorithms; MalformedSignature
    when it uses others, which are not supported."""
    try:
        suite = suites.by_public_key(signer.spki)
    except UnknownSuite as problem:
        raise MalformedSignature(str(problem)) from problem
    if message.signature_oid in SUITES:
        return suite
    if message.signature_oid in timestamps.KEY_TYPES and message.digest_oid == suite.digest_oid:
        return suite
    raise MalformedSignature(f"algorithm {message.signature_oid}")
