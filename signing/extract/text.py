"""The text of objects on pages, by page and object identifier: page objects and TextCode of
GB/T 33190-2016 (7.7, 页对象; 11.3, 文字定位)."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from signing.errors import UnsafeDocument
from signing.ofd import document, paths, xml
from signing.ofd.container import Package
from signing.ofd.document import Body


@dataclass(frozen=True, slots=True)
class FoundText:
    """The text, and the files that it was looked for in: all of them have a say in it."""

    value: str
    sources: tuple[str, ...]


class PageTexts:
    """Reads each page once, and keeps of it the text of its objects."""

    def __init__(self, package: Package, body: Body) -> None:
        self._package = package
        self._folder = paths.folder_of(body.root or "")
        self._pages = {page.id: page.file for page in document.pages(package, body)}
        self._templates = dict(self._listed(body))
        self._texts: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {}

    def find(self, page_id: str, object_id: str) -> FoundText:
        """The empty text for an object that is nowhere; on the page itself before its templates."""
        file = self._pages.get(page_id)
        if file is None:
            return FoundText("", ())
        texts, used = self._read(file)
        if object_id in texts:
            return FoundText(texts[object_id], (file,))
        templates = [name for name in map(self._templates.get, used) if name is not None]
        for name in templates:
            inside, _ = self._read(name)
            if object_id in inside:
                return FoundText(inside[object_id], (file, name))
        return FoundText("", (file, *templates))

    def _listed(self, body: Body) -> Iterator[tuple[str, str]]:
        """Identifier and file of the templates of the document."""
        if body.root is None or body.root not in self._package:
            return
        common = xml.child(xml.read(self._package, body.root), "CommonData")
        for element in xml.children(common, "TemplatePage"):
            location = xml.attribute(element, "BaseLoc")
            file = document.locate(self._package, location, self._folder)
            if file is not None:
                yield xml.attribute(element, "ID"), file

    def _read(self, file: str) -> tuple[dict[str, str], tuple[str, ...]]:
        """Texts by object, and the identifiers of the templates the page is laid on."""
        if file not in self._texts:
            try:
                root = xml.read(self._package, file)
            except UnsafeDocument:
                return self._texts.setdefault(file, ({}, ()))
            texts: dict[str, str] = {}
            for element in root.iter("{*}TextObject"):
                texts.setdefault(xml.attribute(element, "ID"), _text_of(element))
            used = [xml.attribute(each, "TemplateID") for each in xml.children(root, "Template")]
            self._texts[file] = texts, tuple(used)
            self._package.forget(file)
        return self._texts[file]


def _text_of(element: etree._Element) -> str:
    return "".join(xml.text(code) for code in xml.children(element, "TextCode"))
