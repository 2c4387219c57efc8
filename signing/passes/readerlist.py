"""The trust list for readers of passes: who signs, with which key, from when to when, good or not.

One signed object with a sequence number; a reader keeps the number of the last one it took and
refuses a lower one. It carries what a page needs to verify without reading X.509: the public point
beside the certificate. The list is a COSE_Sign1 in the shape of `cose`:

    { 2: sequence, 4: exp, 6: iat, 1: [ { 0 kid, 1 alg, 2 point, 3 name, 4 uses, 5 from, 6 to,
                                          7 state, 8 revoked at or null, 9 certificate } … ] }
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from signing import suites
from signing.errors import MalformedData, MalformedTrustList, UnknownSuite
from signing.passes import cose
from signing.pki import certificates
from signing.pki.certificates import Certificate, display_name

CONTENT_TYPE = "application/vnd.yunjian.signers+cbor"
TTL = timedelta(minutes=15)
PASSES, LISTS = "passes", "lists"
"""What a certificate may sign."""
_POINT_SIZE = 65
_LARGEST = 1 << 20
_SIGNERS, _SEQUENCE, _EXPIRES, _ISSUED = 1, 2, 4, 6


class SignerState(IntEnum):
    """Refused: no good chain leads to an anchor. Unsure: its revocation could not be looked up."""

    GOOD = 0
    REVOKED = 1
    REFUSED = 2
    UNSURE = 3


@dataclass(frozen=True, slots=True)
class Signer:
    """One signing certificate as readers see it."""

    certificate: bytes = field(repr=False)
    uses: tuple[str, ...]
    state: SignerState = SignerState.GOOD
    revoked_at: datetime | None = None

    def encode(self) -> dict[int, object]:
        """The entry; raises UnknownSuite, MalformedCertificate."""
        parsed = certificates.parse(self.certificate)
        revoked = None if self.revoked_at is None else int(self.revoked_at.timestamp())
        return {
            0: cose.key_id(self.certificate),
            1: suites.by_public_key(parsed.spki).cose_algorithm,
            2: parsed.spki[-_POINT_SIZE:],
            3: display_name(parsed.subject_names),
            4: list(self.uses),
            5: int(parsed.not_before.timestamp()),
            6: int(parsed.not_after.timestamp()),
            7: int(self.state),
            8: revoked,
            9: self.certificate,
        }


@dataclass(frozen=True, slots=True)
class ReaderList:
    """A list as read; who signed it is checked by `signer`."""

    sequence: int
    issued_at: datetime
    expires_at: datetime
    signers: tuple[Signer, ...]
    message: cose.Message = field(repr=False)

    def signer(self, known: Sequence[bytes]) -> Certificate | None:
        """The known certificate that signed it and was valid then. Raises UnknownSuite."""
        found = self.message.signer(known)
        if found is None or not found.not_before <= self.issued_at <= found.not_after:
            return None
        return found


def begin_list(
    signers: Sequence[Signer],
    *,
    sequence: int,
    at: datetime,
    signer_certificate: bytes,
    valid_for: timedelta = timedelta(days=1),
) -> cose.Unsigned:
    """Prepare a list; `complete(signature)` gives the bytes to serve."""
    issued = int(at.timestamp())
    payload = {
        _SEQUENCE: sequence,
        _EXPIRES: issued + int(valid_for.total_seconds()),
        _ISSUED: issued,
        _SIGNERS: [signer.encode() for signer in signers],
    }
    return cose.begin(cose.encode(payload), signer_certificate, content_type=CONTENT_TYPE)


def parse_list(data: bytes) -> ReaderList:
    """Read a list; raises MalformedTrustList. The signature is checked by `signer`."""
    if len(data) > _LARGEST:
        raise MalformedTrustList("a list of more than 1 MiB")
    try:
        message = cose.parse(data)
        claims = cose.decode(message.payload)
    except MalformedData as problem:
        raise MalformedTrustList(str(problem)) from problem
    shape = {_SIGNERS, _SEQUENCE, _EXPIRES, _ISSUED}
    if message.content_type != CONTENT_TYPE or not isinstance(claims, dict) or set(claims) != shape:
        raise MalformedTrustList("not a trust list for readers")
    entries = claims[_SIGNERS]
    if not isinstance(entries, list):
        raise MalformedTrustList("the signers are not a list")
    return ReaderList(
        sequence=_whole(claims[_SEQUENCE]),
        issued_at=_instant(claims[_ISSUED]),
        expires_at=_instant(claims[_EXPIRES]),
        signers=tuple(_read_signer(entry) for entry in entries),
        message=message,
    )


def accept(data: bytes, before: ReaderList | None) -> ReaderList:
    """The list, if a reader that has `before` may take it; the first one is taken on its word.

    Raises MalformedTrustList for one that is unreadable, older than `before`, or not signed by a
    certificate that may sign lists.
    """
    made = parse_list(data)
    judges = (before or made).signers
    known = [
        one.certificate for one in judges if LISTS in one.uses and one.state is SignerState.GOOD
    ]
    try:
        signer = made.signer(known)
    except UnknownSuite as problem:
        raise MalformedTrustList(str(problem)) from problem
    if signer is None:
        raise MalformedTrustList("the list is not signed by whom we know")
    if before is not None and made.sequence < before.sequence:
        raise MalformedTrustList("a list older than the one at hand")
    return made


def _read_signer(entry: object) -> Signer:
    if not isinstance(entry, dict) or set(entry) != set(range(10)):
        raise MalformedTrustList("a signer of another shape")
    uses, state, revoked, der = entry[4], entry[7], entry[8], entry[9]
    if not isinstance(uses, list) or not all(isinstance(use, str) for use in uses):
        raise MalformedTrustList("uses are words")
    if not isinstance(der, bytes) or state not in set(SignerState):
        raise MalformedTrustList("a signer of another shape")
    signer = Signer(
        certificate=der,
        uses=tuple(uses),
        state=SignerState(state),
        revoked_at=None if revoked is None else _instant(revoked),
    )
    if signer.encode() != entry:
        raise MalformedTrustList("a signer that differs from its certificate")
    return signer


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise MalformedTrustList("not a whole number in its range")
    return value


def _instant(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(_whole(value), UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise MalformedTrustList("a time outside the calendar") from problem
