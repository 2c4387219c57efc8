"""Take out of an OFD what its seals and licence data are: pictures, name-value pairs, attachments.

| item | where it lies (GB/T 33190-2016) |
|---|---|
| seal picture | the seal inside the signature value (18, 数字签名); its picture by GB/T 38540 |
| custom data | CustomDatas of DocInfo in OFD.xml (7.4, 主入口) |
| custom tag | a tag file named by CustomTags (16, 自定义标引): the text (11, 文字) it points at |
| attachment | a file named by Attachments (20.1, 附件列表) |

Every item says which signatures protect it. One protects an item when it holds as far as its own
checks go and the digests of *all* files that lead to the item are right: an attachment in a signed
file is worth nothing if the list that names it is not signed. Whether the signer is to be believed
is in the report beside the items.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from signing.errors import MalformedData, MalformedDocument, UnsafeDocument
from signing.extract.file_names import SafeNames
from signing.extract.text import PageTexts
from signing.judge.context import Context
from signing.ofd import document, paths, signatures, xml
from signing.ofd.container import ROOT, Package, open_package
from signing.ofd.document import Body
from signing.pdf import is_pdf
from signing.pki.trust import TrustList
from signing.report.policy import DEFAULT_POLICY, Policy
from signing.report.report import SealReport
from signing.seal import eseal, esignature
from signing.verify.document import examine
from signing.verify.signature import Judgement

FORMAT = "yunjian-extract/1"
PROTECTED, UNPROTECTED = "protected", "unprotected"
_LONGEST_STEP, _LONGEST_NAME = 60, 200
_PICTURE_TYPES = {"jpeg": "jpg"}


class ItemKind(StrEnum):
    SEAL_PICTURE = "seal-picture"
    CUSTOM_DATA = "custom-data"
    CUSTOM_TAG = "custom-tag"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing taken out. `name` and `facts` are the document's words; `file` is a safe name."""

    kind: ItemKind
    name: str
    value: str = ""
    file: str = ""
    covered_by: tuple[str, ...] = ()
    """Identifiers of the signatures that protect all of it."""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def covered(self) -> bool:
        return bool(self.covered_by)

    @property
    def place(self) -> str:
        """Where its file belongs in a folder of extracts; what nothing protects stands apart."""
        return f"{PROTECTED if self.covered else UNPROTECTED}/{self.file}" if self.file else ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "name": self.name,
            "value": self.value,
            "file": self.place,
            "covered": self.covered,
            "covered_by": list(self.covered_by),
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Extract:
    """The items of a document, and the report on the signatures that are to protect them."""

    report: SealReport
    items: tuple[Item, ...]
    _package: Package | None = field(default=None, repr=False)
    _entries: Mapping[str, str] = field(default_factory=dict, repr=False)
    _pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def content(self, item: Item) -> bytes:
        """The bytes of a picture or an attachment, b"" for an item that has no file.

        Raises UnsafeDocument when they do not unpack.
        """
        if item.file in self._pictures:
            return self._pictures[item.file]
        if self._package is None or item.file not in self._entries:
            return b""
        return self._package.read(self._entries[item.file])

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "verdict": self.report.verdict.value,
            "reasons": list(self.report.reasons),
            "items": [item.to_dict() for item in self.items],
        }


def extract_data(
    data: bytes, *, trust: TrustList, at: datetime, policy: Policy = DEFAULT_POLICY
) -> Extract:
    """Everything of the table above, of all documents in the package, in the order of the file.

    What is named but missing or unreadable is left out; the report says why. Raises
    MalformedDocument when this is no OFD, and UnsafeDocument when the package or the sum of what
    is in it breaks a limit of the policy.
    """
    if is_pdf(data):
        raise MalformedDocument("data is taken out of OFD documents only")
    report, judged = examine(open_package(data, policy.limits), Context(trust, at, policy))
    # A package of its own: the verification has spent the other one's allowance of XML.
    taker = _Taker(open_package(data, policy.limits), judged)
    taker.take()
    return Extract(report, tuple(taker.items), taker.package, taker.entries, taker.pictures)


class _Taker:
    """Walks a package once and holds to its limits."""

    def __init__(self, package: Package, judged: Sequence[Judgement]) -> None:
        self.package = package
        self.items: list[Item] = []
        self.entries: dict[str, str] = {}
        self.pictures: dict[str, bytes] = {}
        self._judged = judged
        self._good = [judgement for judgement in judged if not judgement.failed]
        self._names = SafeNames()
        self._files: dict[str, str] = {}
        self._walked: set[str] = set()
        self._text = self._pointers = 0

    def take(self) -> None:
        for judgement in self._judged:
            self._seal_picture(judgement)
        elements = xml.children(xml.read(self.package, ROOT), "DocBody")
        for body, element in zip(document.bodies(self.package), elements, strict=True):
            self._custom_data(element)
            root = self._once(body.root or "")
            if root is not None and body.root is not None:
                self._custom_tags(body, root)
                self._attachments(body.root, root)

    def _add(self, item: Item) -> None:
        limits = self.package.limits
        self._text += len(item.name) + len(item.value)
        if len(self.items) >= limits.references or self._text > limits.xml:
            raise UnsafeDocument("more data than any document carries")
        self.items.append(item)

    def _covered_by(self, files: Iterable[str]) -> tuple[str, ...]:
        wanted = set(files)
        return tuple(one.listed.id for one in self._good if wanted <= one.covered)

    def _once(self, name: str) -> etree._Element | None:
        """The root of a file that is walked now for the first time, however often it is named.

        None for what is missing or no plain XML as well; the report speaks of that.
        """
        if name in self._walked or name not in self.package:
            return None
        self._walked.add(name)
        try:
            return xml.read(self.package, name)
        except UnsafeDocument:
            return None

    def _seal_picture(self, judgement: Judgement) -> None:
        """From the seal that was signed, not from Seal.esl beside it."""
        if judgement.listed.file is None:
            return
        try:
            described = signatures.read_signature(self.package, judgement.listed.file)
            value = self.package.read(described.signed_value or "")
            seal = eseal.parse_seal(esignature.parse_seal_signature(value).seal)
        except (MalformedData, KeyError):
            return
        picture, signature = seal.picture, judgement.listed.id
        kind = picture.type.lower()
        file = self._names.choose(f"seal-{signature}", _PICTURE_TYPES.get(kind, kind))
        self.pictures[file] = picture.data
        facts = {
            "signature": signature,
            "seal_id": seal.seal_id,
            "type": picture.type,
            "width_mm": str(picture.width),
            "height_mm": str(picture.height),
            "bytes": str(len(picture.data)),
        }
        covered_by = () if judgement.failed else (signature,)
        self._add(Item(ItemKind.SEAL_PICTURE, seal.name, "", file, covered_by, facts))

    def _custom_data(self, body: etree._Element) -> None:
        listed = xml.child(xml.child(body, "DocInfo"), "CustomDatas")
        covered_by = self._covered_by([ROOT])
        for element in xml.children(listed, "CustomData"):
            name, value = xml.attribute(element, "Name"), xml.text(element)
            self._add(Item(ItemKind.CUSTOM_DATA, name, value, covered_by=covered_by))

    def _custom_tags(self, body: Body, root: etree._Element) -> None:
        texts, document_file = PageTexts(self.package, body), body.root or ""
        for lists in self._named(root, "CustomTags", document_file):
            for index_file in lists:
                for tag in xml.children(self._once(index_file), "CustomTag"):
                    for files in self._named(tag, "FileLoc", index_file):
                        sources = {document_file, *lists, *files}
                        self._tag_file(files[0], sources, xml.attribute(tag, "TypeID"), texts)

    def _tag_file(self, file: str, sources: set[str], type_id: str, texts: PageTexts) -> None:
        root = self._once(file)
        for name, references in _tagged(root) if root is not None else ():
            self._pointers += len(references)
            if self._pointers > self.package.limits.references:
                raise UnsafeDocument("more data than any document carries")
            found = [texts.find(page, number) for page, number in references]
            value = "".join(text.value for text in found)
            objects = " ".join(f"{page}/{number}" for page, number in references)
            pages = {source for text in found for source in text.sources}
            covered_by = self._covered_by({*sources, *pages})
            facts = {"type": type_id, "objects": objects}
            self._add(Item(ItemKind.CUSTOM_TAG, name, value, "", covered_by, facts))

    def _attachments(self, document_file: str, root: etree._Element) -> None:
        for lists in self._named(root, "Attachments", document_file):
            for index_file in lists:
                for element in xml.children(self._once(index_file), "Attachment"):
                    for files in self._named(element, "FileLoc", index_file):
                        self._attachment(element, files, {document_file, *lists, *files})

    def _attachment(self, element: etree._Element, files: list[str], sources: set[str]) -> None:
        entry = files[0]
        name = xml.attribute(element, "Name")
        if entry not in self._files:
            suffix = xml.attribute(element, "Format") or PurePosixPath(entry).suffix
            self._files[entry] = self._names.choose(name, suffix)
            self.entries[self._files[entry]] = entry
        facts = {
            "id": xml.attribute(element, "ID"),
            "format": xml.attribute(element, "Format"),
            "usage": xml.attribute(element, "Usage"),
            "visible": xml.attribute(element, "Visible") or "true",
            "entry": entry,
            "bytes": str(self.package.size(entry)),
        }
        covered_by = self._covered_by(sources)
        self._add(Item(ItemKind.ATTACHMENT, name, "", self._files[entry], covered_by, facts))

    def _named(self, parent: etree._Element, tag: str, file: str) -> Iterator[list[str]]:
        """For each such path the entries that one reader or another opens, the usual one first."""
        folder = paths.folder_of(file)
        for element in xml.children(parent, tag):
            location = xml.text(element)
            usual = document.locate(self.package, location, folder)
            alike = sorted(document.targets(self.package, location, folder) - {usual or ""})
            found = [*([usual] if usual else []), *alike]
            if found:
                yield found


def _tagged(root: etree._Element) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The elements of a tag file that point at objects: their path, pairs of page and object."""
    pointers = root.iter("{*}ObjectRef")
    for element, group in groupby(pointers, key=lambda pointer: pointer.getparent()):
        if element is None:
            continue
        steps = [xml.local_name(step) for step in (element, *element.iterancestors())]
        inner = steps[:-1] or steps
        name = "/".join(step[:_LONGEST_STEP] for step in reversed(inner))[:_LONGEST_NAME]
        yield name, [(xml.attribute(each, "PageRef"), xml.text(each)) for each in group]
