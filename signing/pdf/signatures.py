"""The signatures of a PDF as data: where they are, what they cover, what was added after them."""

import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, enumerate_sig_fields

from signing.errors import MalformedSignature, UnsafeDocument
from signing.pdf.reader import BoundedReader, refusing
from signing.report.policy import Limits

_LONGEST_NAME, _MOST_EVIDENCE, _LARGEST_CONTENTS = 64, 32, 1 << 20
_BLANK = b"\x00\t\n\x0c\r "

# What may follow a signature: evidence, time stamps and further signatures. No field is filled
# in, no annotation added, no page touched.
_LATER = ModificationLevel.LTA_UPDATES
_ALLOWED_LATER = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        DocInfoRule().as_qualified(_LATER),
        XrefStreamRule().as_qualified(_LATER),
        ObjectStreamRule().as_qualified(_LATER),
        DSSCompareRule().as_qualified(_LATER),
        MetadataUpdateRule().as_qualified(_LATER),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One filled signature field. `stated_at` is /M of its dictionary, the signer's word."""

    name: str
    subfilter: str
    contents: bytes
    byte_range: tuple[int, int, int, int]
    revision: int
    stated_at: datetime | None
    closes: bool
    """Whether its DocMDP entry allows no later change but evidence."""

    @property
    def is_timestamp(self) -> bool:
        return self.subfilter == "ETSI.RFC3161"

    @property
    def end(self) -> int:
        """Where the signed bytes end."""
        return self.byte_range[2] + self.byte_range[3]

    def signed_bytes(self, data: bytes) -> bytes:
        """What the signature is about: everything up to `end` but its own value."""
        _, first, second, _ = self.byte_range
        return data[:first] + data[second : self.end]


@dataclass(frozen=True, slots=True)
class Broken:
    """A signature field whose value is no signature: what forgers of viewers leave there."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """Revocation lists, OCSP answers and certificates of a document, DER, unchecked."""

    lists: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    certificates: tuple[bytes, ...]


class PdfDocument:
    """Raises UnsafeDocument for everything that cannot be read within the limits."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = bytes(data)
        self._most_signatures = limits.signatures
        with refusing("the PDF cannot be read"):
            self.reader = BoundedReader(self.data, limits)
            self._fields = self._filled_fields()
            self._check_structure()

    def _check_structure(self) -> None:
        if self.reader.xrefs.hybrid_xrefs_present:
            raise UnsafeDocument("two cross-reference tables for one revision")
        if not isinstance(self.reader.root, generic.DictionaryObject):
            raise UnsafeDocument("the PDF has no catalogue")

    def _filled_fields(self) -> list[tuple[str, Any]]:
        found = []
        for name, _, reference in enumerate_sig_fields(self.reader, filled_status=True):
            found.append((_printable(name), reference.get_object()))
            if len(found) > self._most_signatures:
                raise UnsafeDocument("too many signatures")
        return found

    @property
    def revisions(self) -> int:
        return int(self.reader.xrefs.total_revisions)

    def revision_sizes(self) -> list[tuple[int, int]]:
        """For each revision where its cross-reference data ends, and how many objects it writes."""
        xrefs = self.reader.xrefs
        with refusing("revisions cannot be listed"):
            return [
                (
                    int(xrefs.get_xref_container_info(number).end_location),
                    len(xrefs.explicit_refs_in_revision(number)),
                )
                for number in range(self.revisions)
            ]

    def has_field(self, name: str) -> bool:
        """Whether a signature field, filled or empty, bears this name."""
        with refusing("the form cannot be read"):
            return any(enumerate_sig_fields(self.reader, with_name=name))

    def signatures(self) -> list[PdfSignature | Broken]:
        """Every filled signature field, oldest first; those without a revision come last."""
        found: list[PdfSignature | Broken] = []
        for name, field in self._fields:
            try:
                with refusing("the signature dictionary cannot be read"):
                    found.append(self._read(name, field))
            except (MalformedSignature, UnsafeDocument) as problem:
                found.append(Broken(name, str(problem)))
        return sorted(found, key=_age)

    def _read(self, name: str, field: Any) -> PdfSignature:
        holder = field.raw_get("/V")
        if not isinstance(holder, generic.IndirectObject):
            raise MalformedSignature("the signature is not an object of its own")
        entry = holder.get_object()
        contents = entry.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
        if not isinstance(contents, generic.TextStringObject | generic.ByteStringObject):
            raise MalformedSignature("/Contents is not a string")
        octets = contents.original_bytes
        if not 2 < len(octets) <= _LARGEST_CONTENTS:
            raise MalformedSignature("/Contents is empty or huge")
        return PdfSignature(
            name=name,
            subfilter=str(entry["/SubFilter"]).lstrip("/")[:_LONGEST_NAME],
            contents=octets,
            byte_range=_byte_range(entry["/ByteRange"]),
            revision=self.reader.xrefs.get_last_change(holder.reference),
            stated_at=_date(entry),
            closes=_permission(entry) is MDPPerm.NO_CHANGES,
        )

    def range_problem(self, signature: PdfSignature) -> str:
        """Why the signed bytes are not the whole of their revision, or the empty string.

        The only hole is the value itself, written as the hexadecimal string that the dictionary
        holds, and the revision ends where the signed bytes end.
        """
        start, first, second, _ = signature.byte_range
        if start != 0 or not 0 < first < second <= signature.end <= len(self.data):
            return "the byte range does not fit the file"
        hole = self.data[first:second]
        if not (hole.startswith(b"<") and hole.endswith(b">")):
            return "the hole in the byte range is not the signature"
        try:
            value = binascii.unhexlify(hole[1:-1])
        except binascii.Error:
            return "the hole in the byte range is not the signature"
        if value != signature.contents:
            return "the hole in the byte range is not the signature"
        with refusing("revisions cannot be compared"):
            return self._revision_problem(signature)

    def _revision_problem(self, signature: PdfSignature) -> str:
        """The cross-reference data of the signed revision and all before must be signed."""
        xrefs = self.reader.xrefs
        for revision in range(signature.revision + 1):
            if xrefs.get_xref_container_info(revision).end_location > signature.end:
                return "the signature does not cover its own revision"
        tail = self.data[: signature.end].rstrip(_BLANK)
        if not tail.endswith(b"%%EOF"):
            return "the signed bytes do not end with a revision"
        stated = tail[:-5].rstrip(_BLANK).rpartition(b"startxref")[2].strip(_BLANK)
        if stated != str(xrefs.get_startxref_for_revision(signature.revision)).encode():
            return "the signed bytes end with another revision"
        later = self.data[signature.end :].strip(_BLANK)
        last = signature.revision == self.revisions - 1
        if later and (last or not later.endswith(b"%%EOF")):
            return "data at the end belongs to no revision"
        return ""

    def changes_after(self, signature: PdfSignature) -> str:
        """What was changed after this signature that may not be, or the empty string."""
        if signature.revision == self.revisions - 1:
            return ""
        with refusing("revisions cannot be compared"):
            entry = dict(self._fields)[signature.name]["/V"]
            verdict = _ALLOWED_LATER.review_file(
                self.reader,
                signature.revision,
                field_mdp_spec=_locked_fields(entry),
                doc_mdp=_permission(entry),
            )
        if isinstance(verdict, SuspiciousModification):
            return f"{self.revisions - 1 - signature.revision} later revisions"
        if signature.closes and verdict.modification_level > _LATER:
            return "a later visible signature"
        return ""

    def evidence(self) -> KeptEvidence:
        """What the document security store holds."""
        with refusing("the security store cannot be read"):
            store = _entry(self.reader.root, "/DSS", {})
            return KeptEvidence(
                _streams(_entry(store, "/CRLs", ()), DecodePurpose.CRL),
                _streams(_entry(store, "/OCSPs", ()), DecodePurpose.OCSP_RESPONSE),
                _streams(_entry(store, "/Certs", ()), DecodePurpose.CERTIFICATE),
            )


def _entry(dictionary: Any, key: str, default: Any = None) -> Any:
    """The value of a key with references followed, which `get` of pyHanko leaves alone."""
    try:
        return dictionary[key]
    except KeyError:
        return default


def _streams(entries: Any, purpose: DecodePurpose) -> tuple[bytes, ...]:
    places = range(min(len(entries), _MOST_EVIDENCE))
    return tuple(bytes(entries[place].read_data(purpose)) for place in places)


def _age(signature: PdfSignature | Broken) -> tuple[bool, int]:
    if isinstance(signature, Broken):
        return True, 0
    return False, signature.revision


def _printable(name: object) -> str:
    text = "".join(character if character.isprintable() else "?" for character in str(name))
    return text[:_LONGEST_NAME]


def _byte_range(entry: Any) -> tuple[int, int, int, int]:
    numbers = [int(number) for number in entry]
    if len(numbers) != 4 or any(number < 0 for number in numbers):
        raise MalformedSignature("/ByteRange is not four numbers")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _date(entry: Any) -> datetime | None:
    """/M; a date that cannot be read or has no zone counts as not stated."""
    stated = _entry(entry, "/M")
    if stated is None:
        return None
    try:
        found: datetime = generic.parse_pdf_date(str(stated), strict=False)
    except Exception:
        return None
    return found if found.tzinfo is not None else None


def _transform(entry: Any, method: str) -> Any:
    for reference in _entry(entry, "/Reference", ()):
        found = reference.get_object()
        if found["/TransformMethod"] == method:
            return found["/TransformParams"]
    return None


def _permission(entry: Any) -> MDPPerm | None:
    parameters = _transform(entry, "/DocMDP")
    return None if parameters is None else MDPPerm(int(_entry(parameters, "/P", 2)))


def _locked_fields(entry: Any) -> FieldMDPSpec | None:
    parameters = _transform(entry, "/FieldMDP")
    return None if parameters is None else FieldMDPSpec.from_pdf_object(parameters)
