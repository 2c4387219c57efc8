"""What is in a PDF, said plainly: revisions, signatures and what they cover, stamps, evidence.

Digests are compared and revisions looked through, because only that says what a signature covers;
who signed, whether anybody believes it and whether it holds is for `judging` to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from signing.errors import MalformedData, MalformedSignature
from signing.pdf import messages
from signing.pdf.signatures import Broken, KeptEvidence, PdfDocument, PdfSignature
from signing.pki import asn1, certificates, cms, crl, ocsp, timestamps
from signing.pki.certificates import display_name
from signing.pki.timestamps import DIGESTS
from signing.report.policy import Limits

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class Revision:
    """One incremental update, the first being the document itself. `end` is where its
    cross-reference data ends, in bytes."""

    number: int
    end: int
    objects: int
    closed_by: tuple[str, ...]
    """The signatures that were written with it."""


@dataclass(frozen=True, slots=True)
class StampFacts:
    """A time stamp token, as it stands."""

    stamped_at: str
    authority: str
    digest: str


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """One filled signature field. Empty texts are not stated; a problem says what is unreadable.

    `covered` counts the signed bytes, `coverage` names them. `later_changes` are those that a
    signature forbids, found in later revisions.
    """

    name: str
    kind: str
    problem: str = ""
    subfilter: str = ""
    revision: int = 0
    byte_range: tuple[int, ...] = ()
    covered: int = 0
    coverage: str = ""
    digest_matches: bool | None = None
    later_changes: str = ""
    closes: bool = False
    stated_at: str = ""
    signed_at: str = ""
    signer: str = ""
    issuer: str = ""
    serial: str = ""
    digest: str = ""
    algorithm: str = ""
    certificates: int = 0
    timestamp: StampFacts | None = None


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The document security store: one line for each part, as people read it."""

    lists: tuple[str, ...]
    answers: tuple[str, ...]
    certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PdfFacts:
    size: int
    revisions: tuple[Revision, ...]
    signatures: tuple[SignatureFacts, ...]
    store: StoreFacts

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Label and value, for a terminal."""
        yield "size", f"{self.size} bytes"
        for revision in self.revisions:
            by = f", signed by {', '.join(revision.closed_by)}" if revision.closed_by else ""
            about = f"{revision.objects} objects, up to byte {revision.end}{by}"
            yield f"revision {revision.number}", about
        for signature in self.signatures:
            yield from _lines_of(signature, len(self.revisions))
        for kind, parts in asdict(self.store).items():
            for part in parts:
                yield f"security store, {kind}", part


def inspect(data: bytes) -> PdfFacts:
    """Raises UnsafeDocument when the document cannot be read within the usual limits."""
    document = PdfDocument(data, Limits())
    found, kept = document.signatures(), document.evidence()
    return PdfFacts(
        size=len(document.data),
        revisions=tuple(_revisions(document, found)),
        signatures=tuple(_signature(document, one, kept) for one in found),
        store=_store(kept),
    )


def messages_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and DER message of every signature that can be read; raises UnsafeDocument."""
    for found in PdfDocument(data, Limits()).signatures():
        if isinstance(found, PdfSignature):
            try:
                message, _ = messages.split(found.contents)
            except MalformedSignature:
                continue
            yield found.name, message


def _revisions(document: PdfDocument, found: list[PdfSignature | Broken]) -> Iterator[Revision]:
    for number, (end, objects) in enumerate(document.revision_sizes()):
        names = (
            one.name for one in found if isinstance(one, PdfSignature) and one.revision == number
        )
        yield Revision(number + 1, end, objects, tuple(names))


def _signature(
    document: PdfDocument, found: PdfSignature | Broken, kept: KeptEvidence
) -> SignatureFacts:
    if isinstance(found, Broken):
        return SignatureFacts(found.name, "unreadable", found.problem)
    try:
        range_problem = document.range_problem(found)
        later = "" if range_problem else document.changes_after(found)
        return _readable(document, found, kept, range_problem, later)
    except MalformedData as problem:
        kind = "time stamp" if found.is_timestamp else "signature"
        return SignatureFacts(found.name, kind, str(problem), found.subfilter)


def _readable(
    document: PdfDocument,
    found: PdfSignature,
    kept: KeptEvidence,
    range_problem: str,
    later: str,
) -> SignatureFacts:
    contents, _ = messages.split(found.contents)
    message = cms.parse_signed_message(contents)
    signed = b"" if range_problem else found.signed_bytes(document.data)
    der = cms.choose_certificate(message, kept.certificates)
    signer = None if der is None else certificates.parse(der)
    stamp = contents if found.is_timestamp else messages.signature_timestamp(contents)
    stated = message.signing_time
    return SignatureFacts(
        name=found.name,
        kind="time stamp" if found.is_timestamp else "signature",
        subfilter=found.subfilter,
        revision=found.revision + 1,
        byte_range=found.byte_range,
        covered=len(signed),
        coverage=f"nothing: {range_problem}" if range_problem else _coverage(document, found),
        digest_matches=None if range_problem else _matches(found, message, signed),
        later_changes=later,
        closes=found.closes,
        stated_at=found.stated_at.isoformat() if found.stated_at else "",
        signed_at=stated.isoformat() if stated else "",
        signer=display_name(signer.subject_names) if signer else "",
        issuer=display_name(signer.issuer_names) if signer else "",
        serial=signer.serial_hex if signer else "",
        digest=message.digest_oid,
        algorithm=message.signature_oid,
        certificates=len(message.certificates),
        timestamp=None if stamp is None else _stamp(stamp),
    )


def _coverage(document: PdfDocument, found: PdfSignature) -> str:
    if found.revision == document.revisions - 1:
        return "whole file"
    return f"revisions 1 to {found.revision + 1} of {document.revisions}"


def _matches(found: PdfSignature, message: cms.SignedMessage, signed: bytes) -> bool | None:
    """Whether the digest in the message is that of the signed bytes; None for unknown digests."""
    if found.is_timestamp:
        stamp = timestamps.parse_token(messages.split(found.contents)[0])
        digest = DIGESTS.get(stamp.imprint_oid)
        return None if digest is None else digest(signed) == stamp.imprint
    digest = DIGESTS.get(message.digest_oid)
    return None if digest is None else digest(signed) == message.message_digest


def _stamp(token: bytes) -> StampFacts:
    stamp = timestamps.parse_token(token)
    der = cms.choose_certificate(stamp.message)
    name = "" if der is None else display_name(certificates.parse(der).subject_names)
    return StampFacts(stamp.stamped_at.isoformat(), name, stamp.imprint_oid)


def _store(kept: KeptEvidence) -> StoreFacts:
    return StoreFacts(
        tuple(_said(crl.parse, _of_list, der) for der in kept.lists),
        tuple(_said(ocsp.parse, _of_answer, der) for der in kept.answers),
        tuple(_said(certificates.parse, _of_certificate, der) for der in kept.certificates),
    )


def _said(parse: Callable[[bytes], _Parsed], say: Callable[[_Parsed], str], der: bytes) -> str:
    try:
        return say(parse(der))
    except MalformedData as problem:
        return f"unreadable: {problem}"


def _of_list(found: crl.RevocationList) -> str:
    issuer = display_name(certificates.read_names(asn1.parse(found.issuer)))
    ends = f" to {found.next_at.isoformat()}" if found.next_at else ""
    return f"{issuer}, {found.issued_at.isoformat()}{ends}"


def _of_answer(found: ocsp.Response) -> str:
    about = (f"{one.about.serial:X} {one.state.value}" for one in found.answers)
    return f"{found.produced_at.isoformat()}: {', '.join(about)}"


def _of_certificate(found: certificates.Certificate) -> str:
    return f"{display_name(found.subject_names)}, {found.serial_hex}"


def _lines_of(signature: SignatureFacts, revisions: int) -> Iterator[tuple[str, str]]:
    yield f"{signature.kind} {signature.name}", signature.problem or signature.subfilter
    if signature.problem:
        return
    size = f" ({signature.covered} bytes)" if signature.covered else ""
    matches = {True: "matches", False: "DOES NOT MATCH", None: "not compared"}
    stamp = signature.timestamp
    rows = (
        ("written in", f"revision {signature.revision} of {revisions}"),
        ("covers", signature.coverage + size),
        ("digest", f"{signature.digest} {matches[signature.digest_matches]}"),
        ("forbidden changes afterwards", signature.later_changes),
        ("closes the document", "yes" if signature.closes else ""),
        ("signer", signature.signer),
        ("issuer", signature.issuer),
        ("serial", signature.serial),
        ("algorithm", signature.algorithm),
        ("stated time", signature.stated_at),
        ("signing time", signature.signed_at),
        ("stamped", f"{stamp.stamped_at} by {stamp.authority}" if stamp else ""),
    )
    yield from ((f"  {label}", value) for label, value in rows if value)
