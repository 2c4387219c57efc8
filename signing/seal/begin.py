"""Apply a seal to an OFD: everything but the signature, then the signature.

Two steps, so that the key may sit in a hardware module: `begin_seal` gives the message to sign,
`Unsigned.complete` takes the signature. Whole mode by the issuer profile: the signature covers
every file of the package including OFD.xml and Signatures.xml, and nobody can add another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from signing import suites
from signing.errors import (
    InvalidSignature,
    MalformedDocument,
    SealRefused,
    UnknownSuite,
    UnsafeDocument,
)
from signing.ofd import document, paths, signatures, xml
from signing.ofd.container import ROOT, Package, open_package
from signing.ofd.document import Body
from signing.ofd.signatures import Listed, SignatureList
from signing.ofd.stamps import Stamp
from signing.ofd.writer import Packed, write
from signing.pki import certificates, timestamps
from signing.pki.certificates import Certificate
from signing.report.policy import Limits
from signing.seal import eseal, esignature
from signing.seal.eseal import Seal
from signing.seal.placing import Boundary, Placement, Riding, pages_needed, place

_USAGES = (certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION)


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A sealed document that lacks only the signature value over `to_sign` (TBS_Sign, DER)."""

    to_sign: bytes = field(repr=False)
    signer_certificate: bytes = field(repr=False)
    value_name: str
    entries: tuple[Packed, ...] = field(repr=False)
    structure: eseal.Structure = eseal.Structure.V4

    def complete(self, signature: bytes, *, timestamp: bytes | None = None) -> bytes:
        """The sealed OFD. `signature` is DER from the signer's suite, `timestamp` an RFC 3161
        token over it. Raises InvalidSignature when one of them belongs to something else, and
        MalformedSignature for a token that cannot be read."""
        signer = certificates.parse(self.signer_certificate)
        suite = suites.by_public_key(signer.spki)
        if not suite.verify(signer.spki, self.to_sign, signature):
            raise InvalidSignature("this is not the signer's signature of this document")
        if timestamp is not None:
            timestamps.insist_about(timestamp, signature)
        value = esignature.assemble(
            self.to_sign,
            signature,
            signer_certificate=self.signer_certificate,
            algorithm=suite.signature_oid,
            structure=self.structure,
            timestamp=timestamp,
        )
        return write((*self.entries, _packed(self.value_name, value)))

    def timestamp_imprint(self, signature: bytes) -> timestamps.Imprint:
        """What a time-stamp authority is to stamp: the digest of the signature value."""
        suite = suites.by_public_key(certificates.parse(self.signer_certificate).spki)
        return timestamps.imprint_of(signature, suite.digest_oid)


def begin_seal(
    ofd: bytes,
    *,
    seal: bytes,
    signer_certificate: bytes,
    at: datetime,
    page: int = 1,
    boundary: Boundary | None = None,
    stamps: Sequence[Placement | Riding] = (),
    provider: str,
    limits: Limits | None = None,
) -> Unsigned:
    """Prepare a seal on this page (counted from 1). `boundary` is x, y, width, height in mm.

    `stamps` puts it, under the same signature, on further pages or over the edge of all of them;
    then `boundary` may be left out. Raises MalformedDocument or UnsafeDocument for the OFD,
    MalformedSeal and MalformedCertificate for what they name, and SealRefused: closed document, no
    such page, a seal that does not fit, signer not in the seal, seal or certificate not usable at
    `at`, forged seal, a seal of GM/T 0031-2014, which other readers expect in another signature.
    """
    parsed = eseal.parse_seal(seal)
    signer = certificates.parse(signer_certificate)
    insist_usable(parsed, signer, at)
    if parsed.structure is eseal.Structure.V1:
        raise SealRefused("a seal of GM/T 0031-2014 must be made anew by GB/T 38540 first")
    package = open_package(ofd, limits or Limits())
    body = _first_body(package)
    listed = _existing(package, body)
    first = 1 + (listed.highest if listed else 0)
    wanted = [*([Placement(page, boundary)] if boundary is not None else []), *stamps]
    placed = place(
        wanted,
        document.measured_pages(package, body, pages_needed(wanted)),
        natural=(parsed.picture.width, parsed.picture.height),
        first=first + 1,
    )
    draft = _Draft(package, body, listed, first, placed, provider)
    return draft.build(parsed, signer, at)


def insist_usable(seal: Seal, signer: Certificate, at: datetime) -> None:
    """The checks of GB/T 38540 before sealing that need no trust list; raises SealRefused."""
    if not seal.lists(signer.der):
        raise SealRefused("the seal does not list this signer")
    if not signer.not_before <= at <= signer.not_after:
        raise SealRefused("the signer's certificate is not valid at this time")
    if not signer.may(*_USAGES):
        raise SealRefused("the signer's certificate is not for signing")
    if not seal.valid_from <= at <= seal.valid_until:
        raise SealRefused("the seal is not valid at this time")
    try:
        genuine = seal.is_signed_by_maker
    except UnknownSuite as problem:
        raise SealRefused("the seal uses an unknown algorithm") from problem
    if not genuine:
        raise SealRefused("the seal is forged or damaged")


def _first_body(package: Package) -> Body:
    found = document.bodies(package)
    if not found or found[0].root is None:
        raise MalformedDocument("OFD.xml names no document")
    return found[0]


def _existing(package: Package, body: Body) -> SignatureList | None:
    """The signatures already there; SealRefused when one of them closes the document."""
    if body.signatures is None:
        return None
    if body.signatures not in package:
        raise UnsafeDocument("the signature list is named but missing")
    listed = signatures.read_list(package, body.signatures)
    for entry in listed.entries:
        if entry.file is None:
            raise UnsafeDocument("a listed signature is missing")
        references = signatures.read_signature(package, entry.file).references
        if any(reference.file == listed.file for reference in references):
            raise SealRefused(f"signature {entry.id} closes the document")
    return listed


@dataclass(frozen=True, slots=True)
class _Draft:
    package: Package
    body: Body
    listed: SignatureList | None
    first: int
    """The number of our entry; those of the stamps follow."""
    stamps: tuple[Stamp, ...]
    provider: str

    def build(self, seal: Seal, signer: Certificate, at: datetime) -> Unsigned:
        suite = suites.by_public_key(signer.spki)
        folder = self._free_folder()
        files = {f"{folder}/Seal.esl": seal.der}
        files |= self._list_files(f"/{folder}/Signature.xml")
        kept = [name for name in self.package.names if name not in files]
        digests = [(name, self.package.digest(name, suite.hasher())) for name in kept]
        digests += [(name, suite.digest(content)) for name, content in files.items()]
        description = signatures.write_signature(
            provider=self.provider,
            method=suite.signature_oid,
            check_method=suite.digest_oid,
            stated_time=at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ"),
            digests=digests,
            stamped=self.stamps,
            seal_file=f"{folder}/Seal.esl",
            signed_value=f"{folder}/SignedValue.dat",
        )
        to_sign = esignature.build_tbs(
            seal=seal.der,
            at=at,
            data_hash=suite.digest(description),
            property_info=f"/{folder}/Signature.xml",
            structure=seal.structure,
        )
        files[f"{folder}/Signature.xml"] = description
        entries = _pack(self.package, kept, files)
        value_name = f"{folder}/SignedValue.dat"
        return Unsigned(to_sign, signer.der, value_name, entries, seal.structure)

    def _free_folder(self) -> str:
        """Signs/Sign_N beside the document root, with the first N that is not in use."""
        signs = f"{paths.folder_of(self.body.root or '')}/Signs".lstrip("/")
        number = 0
        taken = {name.casefold() for name in self.package.names}
        while any(name.startswith(f"{signs}/Sign_{number}/".casefold()) for name in taken):
            number += 1
        return f"{signs}/Sign_{number}"

    def _list_files(self, location: str) -> dict[str, bytes]:
        """Signatures.xml with our entry, and OFD.xml with its pointer when that is new."""
        ours = Listed(f"s{self.first:03d}", "Seal", None, location, "")
        before: Sequence[Listed] = self.listed.entries if self.listed else ()
        content = signatures.write_list([*before, ours], highest=self.first + len(self.stamps))
        if self.listed is not None:
            return {self.listed.file: content}
        name = f"{paths.folder_of(self.body.root or '')}/Signs/Signatures.xml".lstrip("/")
        if name in self.package:
            raise UnsafeDocument(f"{name} exists but OFD.xml does not name it")
        return {ROOT: _with_pointer(self.package, name), name: content}


def _with_pointer(package: Package, name: str) -> bytes:
    """OFD.xml with the path of the signature list as the last child of its first DocBody."""
    root = xml.parse(package.read(ROOT))
    body = xml.child(root, "DocBody")
    if body is None:
        raise MalformedDocument("OFD.xml names no document")
    for stale in list(xml.children(body, "Signatures")):
        body.remove(stale)
    namespace = etree.QName(body).namespace
    tag = f"{{{namespace}}}Signatures" if namespace else "Signatures"
    pointer = etree.SubElement(body, tag)
    pointer.text = f"/{name}"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _packed(name: str, content: bytes) -> Packed:
    """A seal is mostly a packed picture: deflating it again costs more than it saves."""
    return Packed.of(name, content) if name.endswith(".xml") else Packed.stored(name, content)


def _pack(package: Package, kept: Sequence[str], files: dict[str, bytes]) -> tuple[Packed, ...]:
    """Unchanged files as they were packed, new ones packed now; OFD.xml in front."""
    packed = [Packed.copy(package, name) for name in kept]
    packed += [_packed(name, content) for name, content in files.items()]
    packed.sort(key=lambda entry: entry.name != ROOT)
    return tuple(packed)
