"""Build signed messages (RFC 5652) with any suite: the writer's side of `cms`.

Two steps like every signature here: `signed_attributes` is what the key signs, `assemble` puts
the message around the value.
"""

from collections.abc import Sequence

from signing import suites
from signing.pki import asn1, cms
from signing.pki.certificates import Certificate
from signing.suites import Suite

DATA = "1.2.840.113549.1.7.1"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
# RFC 4055 wants NULL beside RSA identifiers; the curves have no parameters.
_WITH_NULL = frozenset({suites.RSA_SHA256.signature_oid})


def attribute(oid: str, value: bytes) -> bytes:
    return asn1.sequence(asn1.oid(oid), asn1.set_of([value]))


def signed_attributes(content_type: str, digest: bytes, signer: Certificate) -> bytes:
    """DER SET of contentType, messageDigest and signingCertificateV2: the message to be signed.

    The last ties the signature to this certificate and is what PAdES and RFC 3161 insist on.
    """
    suite = suites.by_public_key(signer.spki)
    identifier = asn1.sequence(
        asn1.sequence(asn1.oid(suite.digest_oid)), asn1.octet_string(suite.digest(signer.der))
    )
    return asn1.set_of(
        [
            attribute(cms.CONTENT_TYPE, asn1.oid(content_type)),
            attribute(cms.MESSAGE_DIGEST, asn1.octet_string(digest)),
            attribute(cms.SIGNING_CERTIFICATE_V2, asn1.sequence(asn1.sequence(identifier))),
        ]
    )


def assemble(
    attributes: bytes,
    signature: bytes,
    *,
    signer: Certificate,
    content_type: str = DATA,
    content: bytes | None = None,
    chain: Sequence[bytes] = (),
    timestamp: bytes | None = None,
) -> bytes:
    """ContentInfo with one signer. Without `content` the message is detached; `timestamp` is a
    token over the signature value and becomes an unsigned attribute."""
    suite = suites.by_public_key(signer.spki)
    algorithm = asn1.sequence(asn1.oid(suite.digest_oid))
    inside = b"" if content is None else asn1.explicit(0, asn1.octet_string(content))
    enclosed = b"".join(dict.fromkeys((signer.der, *chain)))
    unsigned = b""
    if timestamp is not None:
        unsigned = asn1.element(0xA1, attribute(SIGNATURE_TIMESTAMP, timestamp))
    signer_info = asn1.sequence(
        asn1.integer(1),
        asn1.sequence(signer.issuer, asn1.integer(signer.serial)),
        algorithm,
        b"\xa0" + attributes[1:],
        _signature_algorithm(suite),
        asn1.octet_string(signature),
        unsigned,
    )
    signed = asn1.sequence(
        asn1.integer(1 if content_type == DATA else 3),
        asn1.set_of([algorithm]),
        asn1.sequence(asn1.oid(content_type), inside),
        asn1.element(0xA0, enclosed),
        asn1.set_of([signer_info]),
    )
    return asn1.sequence(asn1.oid(cms.SIGNED_DATA), asn1.explicit(0, signed))


def _signature_algorithm(suite: Suite) -> bytes:
    null = b"\x05\x00" if suite.signature_oid in _WITH_NULL else b""
    return asn1.sequence(asn1.oid(suite.signature_oid), null)
