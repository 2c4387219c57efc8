"""XML of an OFD, read without DTDs, entities, network or huge trees; names compared locally.

Files in the wild use two namespaces and sometimes none, so elements are found by local name.
"""

from collections.abc import Iterator

from lxml import etree

from signing.errors import BrokenXml, UnsafeDocument
from signing.ofd.container import Package

NAMESPACE = "http://www.ofdspec.org/2016"
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_EARLY, _PIECE = 64 << 10, 2 << 10
# One parser for all: lxml locks it around each use.
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    collect_ids=False,
    remove_comments=True,
    remove_pis=True,
)


def read(package: Package, name: str) -> etree._Element:
    """The root element of an entry, parsed once; raises UnsafeDocument, BrokenXml."""
    found = package.parsed.get(name)
    if isinstance(found, etree._Element):
        return found
    if name in package.broken:
        raise BrokenXml(package.broken[name])
    content = package.read(name)
    package.xml_size += len(content)
    if package.xml_size > package.limits.xml:
        raise UnsafeDocument("too much XML")
    try:
        root = parse(content)
    except BrokenXml as problem:
        package.broken[name] = str(problem)
        raise
    package.parsed[name] = root
    return root


def parse(data: bytes) -> etree._Element:
    """The root element; raises UnsafeDocument for anything but plain, well-formed XML."""
    _refuse_unsafe(data)
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise BrokenXml(f"XML is not well-formed: {problem}") from problem
    if root.getroottree().docinfo.internalDTD is not None:
        # In an encoding that writes the brackets of markup in another way.
        raise UnsafeDocument("a DTD is not allowed")
    return root


def early_child(data: bytes, name: str, *, before: str) -> etree._Element | None:
    """The child of the root with this name, read no further than it or `before`, which by the
    schema comes later. Only the first 64 KiB are looked at. Raises like `parse`."""
    _refuse_unsafe(data)
    names = (f"{{*}}{name}", f"{{*}}{before}")
    puller: etree.XMLPullParser = etree.XMLPullParser(
        ("start", "end"), tag=names, resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for at in range(0, min(len(data), _EARLY), _PIECE):
            puller.feed(data[at : at + _PIECE])
            for event, element in puller.read_events():
                if not isinstance(element, etree._Element) or local_name(element) == before:
                    return None
                parent = element.getparent()
                if event == "end" and parent is not None and parent.getparent() is None:
                    return element
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise BrokenXml(f"XML is not well-formed: {problem}") from problem
    return None


def _refuse_unsafe(data: bytes) -> None:
    if b"\x00" in data[:64]:
        raise UnsafeDocument("XML that is not in UTF-8")
    if any(mark in data for mark in _FORBIDDEN):
        raise UnsafeDocument("a DTD is not allowed")


def local_name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """Direct children with this local name; none of no element."""
    return iter(()) if element is None else element.iterchildren(f"{{*}}{name}")


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    return next(children(element, name), None)


def text(element: etree._Element | None) -> str:
    """Stripped text, the empty string for no element."""
    return "" if element is None else (element.text or "").strip()


def attribute(element: etree._Element, name: str) -> str:
    """An attribute by local name; files exist that put a prefix on attributes."""
    value = element.get(name)
    if value is None:
        for key, found in element.items():
            if str(key).rpartition("}")[2] == name:
                value = str(found)
                break
    return (value or "").strip()
