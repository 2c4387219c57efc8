"""Signatures.xml and Signature.xml (GB/T 33190 chapter 18): read them, and write ours.

Reading follows paths and never builds them; elements may stand in any order.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from signing.errors import UnsafeDocument
from signing.ofd import paths, stamps, xml
from signing.ofd.container import Package
from signing.ofd.stamps import Stamp

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of Signatures.xml. `file` is None when its path leads nowhere."""

    id: str
    type: str
    file: str | None
    stated: str
    relative: str


@dataclass(frozen=True, slots=True)
class SignatureList:
    file: str
    highest: int
    """The largest number among all identifiers and MaxSignId."""
    entries: tuple[Listed, ...]


class Reference(NamedTuple):
    file: str | None
    stated: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """What one Signature.xml says. Paths are entry names, None where they lead nowhere."""

    file: str
    content: bytes = field(repr=False)
    check_method: str
    signature_method: str
    references: tuple[Reference, ...]
    signed_value: str | None
    seal_file: str | None
    names_seal_file: bool
    stamps: tuple[Stamp, ...]


def read_list(package: Package, file: str) -> SignatureList:
    """Raises UnsafeDocument when the list cannot be read or is too long."""
    root = xml.read(package, file)
    if xml.local_name(root) != "Signatures":
        raise UnsafeDocument("the signature list is something else")
    folder = paths.folder_of(file)
    found = []
    for element in xml.children(root, "Signature"):
        stated = xml.attribute(element, "BaseLoc")
        found.append(
            Listed(
                id=xml.attribute(element, "ID"),
                type=xml.attribute(element, "Type") or "Seal",
                file=_locate(package, stated, folder),
                stated=stated,
                relative=xml.attribute(element, "Relative"),
            )
        )
    if len(found) > package.limits.signatures:
        raise UnsafeDocument("too many signatures")
    stated_highest = xml.text(xml.child(root, "MaxSignId"))
    numbers = [_number(stated_highest), *(_number(entry.id) for entry in found)]
    return SignatureList(file, max(numbers), tuple(found))


def _locate(package: Package, location: str, folder: str) -> str | None:
    """The entry a path names: from its folder, else from the root, exactly as written."""
    for seen_from in (folder, ""):
        name = paths.resolve(location, seen_from)
        if name is not None and name in package:
            return name
    return None


def _number(identifier: str) -> int:
    """The number in s001, 001 or 1; 0 when there is none."""
    digits = "".join(character for character in identifier if character in "0123456789")
    return int(digits[-9:]) if digits else 0


def read_signature(package: Package, file: str) -> Described:
    """Raises UnsafeDocument when Signature.xml cannot be read."""
    root = xml.read(package, file)
    info = xml.child(root, "SignedInfo")
    if xml.local_name(root) != "Signature" or info is None:
        raise UnsafeDocument("no SignedInfo")
    folder = paths.folder_of(file)
    references = xml.child(info, "References")
    seal = xml.child(xml.child(info, "Seal"), "BaseLoc")
    stamped = stamps.read(info)
    if len(stamped) > package.limits.references:
        raise UnsafeDocument("too many stamps")
    return Described(
        file=file,
        content=package.read(file),
        check_method="" if references is None else xml.attribute(references, "CheckMethod"),
        signature_method=xml.text(xml.child(info, "SignatureMethod")),
        references=_read_references(package, references, folder),
        signed_value=_locate(package, xml.text(xml.child(root, "SignedValue")), folder),
        seal_file=_locate(package, xml.text(seal), folder),
        names_seal_file=seal is not None,
        stamps=stamped,
    )


def is_description(package: Package, file: str) -> bool:
    """Whether a file that no list names describes a signature all the same. A later seal may cover
    it, and then nothing but this tells that an earlier seal was struck from the list."""
    if package.size(file) > package.limits.xml:
        return False
    content = package.read(file)
    if b"SignedInfo" not in content:
        return False
    try:
        root = xml.parse(content)
    except UnsafeDocument:
        return False
    return xml.local_name(root) == "Signature" and xml.child(root, "SignedInfo") is not None


def read_detached(content: bytes) -> Described:
    """A Signature.xml without its package: nothing it refers to can be opened.

    Raises UnsafeDocument.
    """
    root = xml.parse(content)
    info = xml.child(root, "SignedInfo")
    if xml.local_name(root) != "Signature" or info is None:
        raise UnsafeDocument("no SignedInfo")
    return Described(
        file="",
        content=content,
        check_method="",
        signature_method=xml.text(xml.child(info, "SignatureMethod")),
        references=(),
        signed_value=None,
        seal_file=None,
        names_seal_file=False,
        stamps=(),
    )


def _read_references(
    package: Package, element: etree._Element | None, folder: str
) -> tuple[Reference, ...]:
    if element is None:
        return ()
    found = []
    for reference in xml.children(element, "Reference"):
        stated = xml.attribute(reference, "FileRef")
        digest = _decode(xml.text(xml.child(reference, "CheckValue")))
        found.append(Reference(_locate(package, stated, folder), stated, digest))
    if len(found) > package.limits.references:
        raise UnsafeDocument("too many references")
    return tuple(found)


def _decode(value: str) -> bytes:
    """Base64, tolerant of line breaks; anything else gives a digest that matches nothing."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def write_list(entries: Sequence[Listed], *, highest: int) -> bytes:
    """Signatures.xml in schema order."""
    lines = [
        _DECLARATION,
        f'<ofd:Signatures xmlns:ofd="{xml.NAMESPACE}">',
        f"<ofd:MaxSignId>s{highest:03d}</ofd:MaxSignId>",
    ]
    for entry in entries:
        relative = f" Relative={quoteattr(entry.relative)}" if entry.relative else ""
        lines.append(
            f"<ofd:Signature ID={quoteattr(entry.id)} Type={quoteattr(entry.type)}"
            f" BaseLoc={quoteattr(entry.stated)}{relative}/>"
        )
    lines.append("</ofd:Signatures>")
    return "".join(lines).encode()


def write_signature(
    *,
    provider: str,
    method: str,
    check_method: str,
    stated_time: str,
    digests: Sequence[tuple[str, bytes]],
    stamped: Sequence[Stamp],
    seal_file: str,
    signed_value: str,
) -> bytes:
    """Signature.xml in schema order; paths are entry names and are written absolute."""
    references = "".join(
        f"<ofd:Reference FileRef={quoteattr('/' + name)}>"
        f"<ofd:CheckValue>{base64.b64encode(digest).decode()}</ofd:CheckValue></ofd:Reference>"
        for name, digest in digests
    )
    return (
        f'{_DECLARATION}<ofd:Signature xmlns:ofd="{xml.NAMESPACE}"><ofd:SignedInfo>'
        f'<ofd:Provider ProviderName={quoteattr(provider)} Version="1.0"/>'
        f"<ofd:SignatureMethod>{method}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{stated_time}</ofd:SignatureDateTime>"
        f"<ofd:References CheckMethod={quoteattr(check_method)}>{references}</ofd:References>"
        f"{''.join(stamp.to_xml() for stamp in stamped)}"
        f"<ofd:Seal><ofd:BaseLoc>{escape('/' + seal_file)}</ofd:BaseLoc></ofd:Seal>"
        "</ofd:SignedInfo>"
        f"<ofd:SignedValue>{escape('/' + signed_value)}</ofd:SignedValue></ofd:Signature>"
    ).encode()
