"""What a reader shows: from OFD.xml over every document to pages, resources and attachments.

The walk errs on the large side. Where two readers may understand a path differently (from the
folder or from the root, by letter case), every file that one of them could open counts as reached.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from signing.errors import BrokenXml, UnsafeDocument
from signing.ofd import paths, xml
from signing.ofd.container import ROOT, Package
from signing.ofd.stamps import Box

# Elements whose text is a path, with what they lead to: more XML of the document, or a leaf.
_XML_TEXT = frozenset(
    {"DocRoot", "PublicRes", "DocumentRes", "PageRes", "Annotations", "Attachments"}
    | {"CustomTags", "Extensions"}
)
_LEAF_TEXT = frozenset({"MediaFile", "FontFile", "SchemaLoc", "ExtendData", "Thumbnail", "Cover"})
_XML_BASE = frozenset({"Page", "TemplatePage", "Version"})
# Only these elements are looked at, so that a page of a million strokes costs nothing here.
_LOOKED_AT = tuple(
    f"{{*}}{tag}" for tag in _XML_TEXT | _LEAF_TEXT | _XML_BASE | {"FileLoc", "ColorSpace"}
)


@dataclass(frozen=True, slots=True)
class Body:
    """One DocBody: its document and its signature list, as entry names."""

    root: str | None
    signatures: str | None
    namespace: str


@dataclass
class Reach:
    """Files a reader would open, and XML among them that is broken or must not be read."""

    files: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    unsafe: dict[str, str] = field(default_factory=dict)


def bodies(package: Package) -> tuple[Body, ...]:
    """The documents OFD.xml lists; raises UnsafeDocument when it cannot be read."""
    root = xml.read(package, ROOT)
    found = []
    for body in xml.children(root, "DocBody"):
        if len(list(xml.children(body, "Signatures"))) > 1:
            raise UnsafeDocument("two signature lists for one document")
        signatures = xml.text(xml.child(body, "Signatures"))
        namespace = etree.QName(body).namespace or ""
        document = paths.resolve(xml.text(xml.child(body, "DocRoot")))
        listed = paths.resolve(signatures) or signatures
        found.append(Body(document, listed or None, namespace))
    return tuple(found)


def reach(package: Package) -> Reach:
    """Everything reached from OFD.xml, without signature files."""
    reached = Reach(files={ROOT})
    kept = {ROOT, *package.parsed}
    waiting = [ROOT]
    while waiting:
        name = waiting.pop()
        try:
            root = xml.read(package, name)
        except BrokenXml as problem:
            reached.broken[name] = str(problem)
            continue
        except UnsafeDocument as problem:
            reached.unsafe[name] = str(problem)
            continue
        names = list(_locations(root, name))
        if name not in kept:
            package.forget(name)
        for location, folder, is_xml in names:
            for target in targets(package, location, folder):
                if target in reached.files:
                    continue
                reached.files.add(target)
                if is_xml:
                    waiting.append(target)
    return reached


def _locations(root: etree._Element, name: str) -> Iterator[tuple[str, str, bool]]:
    """Paths in one file: the location, the folder it is seen from, whether it leads to XML."""
    folder = paths.folder_of(name)
    kind = xml.local_name(root)
    resources = folder
    if kind == "Res":
        resources = paths.resolve(xml.attribute(root, "BaseLoc"), folder) or folder
    for element in root.iter(*_LOOKED_AT):
        tag = xml.local_name(element)
        if tag in _XML_TEXT:
            yield xml.text(element), folder, True
        elif tag in _LEAF_TEXT:
            yield xml.text(element), resources, False
        elif tag == "FileLoc":
            yield xml.text(element), folder, kind == "Annotations"
        elif tag == "ColorSpace":
            yield xml.attribute(element, "Profile"), resources, False
        if tag in _XML_BASE:
            yield xml.attribute(element, "BaseLoc"), folder, True


def targets(package: Package, location: str, folder: str) -> set[str]:
    """The entries some reader could open for this path. See `locate` for the usual one."""
    found = set()
    for seen_from in {folder, ""}:
        name = paths.resolve(location, seen_from)
        if name is None:
            continue
        entry = name if name in package else package.alike(name)
        if entry is not None:
            found.add(entry)
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document: its ID attribute, its file, width and height in mm when asked for."""

    id: str
    file: str | None
    size: tuple[float, float] | None = None


def pages(package: Package, body: Body) -> tuple[Page, ...]:
    """The pages in their order, without sizes; empty when the document does not list any."""
    root = _document(package, body)
    if root is None:
        return ()
    folder = paths.folder_of(body.root or "")
    return tuple(
        Page(xml.attribute(page, "ID"), locate(package, xml.attribute(page, "BaseLoc"), folder))
        for page in xml.children(xml.child(root, "Pages"), "Page")
    )


def measured_pages(package: Package, body: Body, wanted: Container[int]) -> tuple[Page, ...]:
    """The pages, those with a wanted number (from 1) with their size: that of their own
    PhysicalBox, otherwise of the document's. Raises UnsafeDocument for one that begins as no XML.
    """
    common = xml.child(_document(package, body), "CommonData")
    usual = _box_size(xml.child(common, "PageArea"))
    found = list(pages(package, body))
    for index, page in enumerate(found):
        if index + 1 not in wanted:
            continue
        own = None
        if page.file is not None:
            content = package.read(page.file)
            own = _box_size(xml.early_child(content, "Area", before="Content"))
        found[index] = replace(page, size=own or usual)
    return tuple(found)


def _document(package: Package, body: Body) -> etree._Element | None:
    if body.root is None or body.root not in package:
        return None
    return xml.read(package, body.root)


def locate(package: Package, location: str, folder: str) -> str | None:
    """The file a path names: from the folder, else from the root."""
    for seen_from in (folder, ""):
        name = paths.resolve(location, seen_from)
        if name is not None and name in package:
            return name
    return None


def _box_size(area: etree._Element | None) -> tuple[float, float] | None:
    """Width and height of a PhysicalBox, whose corner is the origin of the page."""
    box = Box.read(xml.text(xml.child(area, "PhysicalBox")))
    return None if box is None else (box.width, box.height)
