"""Ask a time-stamp authority (RFC 3161, GB/T 20520): the request's bytes, and its answer read.

Sending is the caller's: POST with Content-Type application/timestamp-query. The nonce must be
fresh for every request; it ties the answer to it.
"""

from dataclasses import dataclass, field

from signing.errors import InvalidSignature, MalformedData, MalformedSignature
from signing.pki import asn1, timestamps
from signing.pki.timestamps import Imprint

_GRANTED = (0, 1)
MEDIA_TYPE = "application/timestamp-query"


@dataclass(frozen=True, slots=True)
class StampRequest:
    """A TimeStampReq that asks for the authority's certificate to be sent along."""

    imprint: Imprint
    nonce: int
    der: bytes = field(repr=False)

    def read(self, answer: bytes) -> bytes:
        """The token in a TimeStampResp. Its signature is judged by whoever verifies the seal.

        Raises MalformedSignature when it is no answer or a refusal, and InvalidSignature when it
        answers another question.
        """
        try:
            parts = asn1.parse(answer).children(asn1.SEQUENCE)
            status = parts[0].children(asn1.SEQUENCE)[0].integer() if parts else -1
        except (MalformedData, IndexError) as problem:
            raise MalformedSignature("not a time-stamp answer") from problem
        if status not in _GRANTED or len(parts) != 2:
            raise MalformedSignature(f"the time-stamp authority refused: status {status}")
        token = parts[1].der
        stamp = timestamps.parse_token(token)
        if Imprint(stamp.imprint_oid, stamp.imprint) != self.imprint:
            raise InvalidSignature("the time stamp is about something else")
        if stamp.nonce != self.nonce:
            raise InvalidSignature("the time stamp answers another request")
        return token


def build_request(imprint: Imprint, *, nonce: int) -> StampRequest:
    """A request to stamp this imprint; `nonce` is a fresh random number of 64 bits or more."""
    der = asn1.sequence(
        asn1.integer(1),
        asn1.sequence(
            asn1.sequence(asn1.oid(imprint.digest_oid)), asn1.octet_string(imprint.digest)
        ),
        asn1.integer(nonce),
        asn1.boolean(True),
    )
    return StampRequest(imprint, nonce, der)


def parse_request(der: bytes) -> StampRequest:
    """Read a request, as an authority does; raises MalformedSignature."""
    try:
        fields = asn1.parse(der).children(asn1.SEQUENCE)
        if len(fields) < 2 or fields[0].integer() != 1:
            raise MalformedSignature("not a time-stamp request")
        algorithm, digest = fields[1].children(asn1.SEQUENCE)
        imprint = Imprint(algorithm.children(asn1.SEQUENCE)[0].oid(), digest.octets())
        nonces = [part for part in fields[2:] if part.tag == asn1.INTEGER]
        return StampRequest(imprint, nonces[0].integer() if nonces else 0, bytes(der))
    except MalformedSignature:
        raise
    except (MalformedData, ValueError, IndexError) as problem:
        raise MalformedSignature("not a time-stamp request") from problem
