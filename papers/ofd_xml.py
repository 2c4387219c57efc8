"""The XML files of a one-page OFD licence, in schema order (ofd-spec GB/T 33190-2016). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, groupby
from xml.etree import ElementTree

from papers.face_template import Box
from papers.fonts import Face
from papers.layout import Drawing, TextBlock

OFD = "http://www.ofdspec.org/2016"
LICENCE = "urn:yunjian:licence:1"
PAGE_ID = 1
PICTURE_ID = 5
LAYER_ID = 10
FIRST_OBJECT = 11
FONT_IDS = {Face.SANS: 3, Face.TITLE: 4}
FONT_NAMES = {Face.SANS: "Noto Sans CJK SC", Face.TITLE: "Noto Serif CJK SC"}

ElementTree.register_namespace("ofd", OFD)
ElementTree.register_namespace("lic", LICENCE)


@dataclass(frozen=True, kw_only=True)
class OfdPage:
    """The page and everything that is derived from it."""

    size: tuple[float, float]
    blocks: Sequence[TextBlock | Drawing]
    photo: bytes | None = None
    photo_box: Box | None = None
    _ids: dict[int, int] = field(default_factory=dict, init=False)

    def entry(
        self,
        *,
        document_id: str,
        title: str,
        author: str,
        created: datetime,
        creator: str,
        metadata: Mapping[str, str],
    ) -> bytes:
        """OFD.xml."""
        root = _element("OFD", Version="1.1", DocType="OFD")
        body = _child(root, "DocBody")
        info = _child(body, "DocInfo")
        _child(info, "DocID", document_id)
        _child(info, "Title", title)
        _child(info, "Author", author)
        _child(info, "CreationDate", created.date().isoformat())
        _child(info, "Creator", creator)
        custom = _child(info, "CustomDatas")
        for name, value in metadata.items():
            _child(custom, "CustomData", value, Name=name)
        _child(body, "DocRoot", "Doc_0/Document.xml")
        return _write(root)

    def files(self, *, labels: Mapping[str, str]) -> dict[str, bytes]:
        """Document, resources, page and tags, by path."""
        content = self._content()
        files = {
            "Doc_0/Document.xml": self._document(),
            "Doc_0/PublicRes.xml": _public_resources(),
            "Doc_0/Pages/Page_0/Content.xml": content,
            "Doc_0/Tags/CustomTags.xml": _tag_list(),
            "Doc_0/Tags/Tag_Licence.xml": self._tags(labels),
        }
        if self.photo is not None:
            files["Doc_0/DocumentRes.xml"] = _document_resources(_format(self.photo))
            files["Doc_0/Res/photo"] = self.photo
        return files

    def attachments(self, *, created: datetime) -> bytes:
        """Attachments.xml."""
        root = _element("Attachments")
        attachment = _child(
            root,
            "Attachment",
            ID="a001",
            Name="licence",
            Format="xml",
            CreationDate=created.strftime("%Y-%m-%dT%H:%M:%S"),
            Visible="false",
        )
        _child(attachment, "FileLoc", "licence.xml")
        return _write(root)

    def attachment(
        self, *, metadata: Mapping[str, str], facts: Sequence[tuple[str, str, str]]
    ) -> bytes:
        """The invisible machine-readable original."""
        root = ElementTree.Element(f"{{{LICENCE}}}Licence")
        for name, value in metadata.items():
            if not name.startswith("KZ_"):
                ElementTree.SubElement(root, f"{{{LICENCE}}}Meta", Name=name).text = value
        for key, label, value in facts:
            fact = ElementTree.SubElement(root, f"{{{LICENCE}}}Fact", Key=key, Label=label)
            fact.text = value
        return _write(root)

    def _document(self) -> bytes:
        width, height = self.size
        root = _element("Document")
        common = _child(root, "CommonData")
        _child(common, "MaxUnitID", str(FIRST_OBJECT + len(self.blocks) + 1))
        _child(_child(common, "PageArea"), "PhysicalBox", f"0 0 {width:g} {height:g}")
        _child(common, "PublicRes", "PublicRes.xml")
        if self.photo is not None:
            _child(common, "DocumentRes", "DocumentRes.xml")
        pages = _child(root, "Pages")
        _child(pages, "Page", ID=str(PAGE_ID), BaseLoc="Pages/Page_0/Content.xml")
        _child(root, "CustomTags", "Tags/CustomTags.xml")
        _child(root, "Attachments", "Attachs/Attachments.xml")
        return _write(root)

    def _content(self) -> bytes:
        width, height = self.size
        root = _element("Page")
        _child(_child(root, "Area"), "PhysicalBox", f"0 0 {width:g} {height:g}")
        layer = _child(_child(root, "Content"), "Layer", ID=str(LAYER_ID), Type="Body")
        numbers = count(FIRST_OBJECT)
        for index, block in enumerate(self.blocks):
            number = self._ids[index] = next(numbers)
            if isinstance(block, TextBlock):
                _text_object(layer, number, block)
            else:
                _path_object(layer, number, block)
        if self.photo is not None and self.photo_box is not None:
            _image_object(layer, next(numbers), self.photo_box)
        return _write(root)

    def _tags(self, labels: Mapping[str, str]) -> bytes:
        """Which text object shows which fact."""
        root = ElementTree.Element(f"{{{LICENCE}}}Licence")
        for index, block in enumerate(self.blocks):
            if isinstance(block, TextBlock) and block.key:
                tag = ElementTree.SubElement(
                    root, f"{{{LICENCE}}}{block.key}", Label=labels[block.key]
                )
                _child(tag, "ObjectRef", str(self._ids[index]), PageRef=str(PAGE_ID))
        return _write(root)


def _text_object(layer: ElementTree.Element, number: int, block: TextBlock) -> None:
    element = _child(
        layer,
        "TextObject",
        ID=str(number),
        Boundary=_numbers(block.box),
        Font=str(FONT_IDS[block.face]),
        Size=_number(block.size),
    )
    _child(element, "FillColor", Value=_numbers(block.colour))
    for text, x, y, advances in block.lines:
        code = _child(element, "TextCode", text, X=_number(x), Y=_number(y))
        if advances:
            code.set("DeltaX", _deltas(advances))


def _path_object(layer: ElementTree.Element, number: int, drawing: Drawing) -> None:
    fill = drawing.kind == "fill"
    element = _child(
        layer,
        "PathObject",
        ID=str(number),
        Boundary=_numbers(drawing.box),
        Stroke="false" if fill else "true",
        Fill="true" if fill else "false",
        LineWidth=_number(drawing.width),
    )
    _child(element, "FillColor" if fill else "StrokeColor", Value=_numbers(drawing.colour))
    _child(element, "AbbreviatedData", drawing.path)


def _image_object(layer: ElementTree.Element, number: int, box: Box) -> None:
    _child(
        layer,
        "ImageObject",
        ID=str(number),
        Boundary=_numbers(box),
        CTM=f"{box[2]:g} 0 0 {box[3]:g} 0 0",
        ResourceID=str(PICTURE_ID),
    )


def _public_resources() -> bytes:
    root = _element("Res", BaseLoc="Res")
    fonts = _child(root, "Fonts")
    for face, number in FONT_IDS.items():
        name = FONT_NAMES[face]
        font = _child(fonts, "Font", ID=str(number), FontName=name, FamilyName=name)
        _child(font, "FontFile", f"{face.value}.otf")
    return _write(root)


def _document_resources(format_: str) -> bytes:
    root = _element("Res", BaseLoc="Res")
    media = _child(
        _child(root, "MultiMedias"),
        "MultiMedia",
        ID=str(PICTURE_ID),
        Type="Image",
        Format=format_,
    )
    _child(media, "MediaFile", "photo")
    return _write(root)


def _tag_list() -> bytes:
    root = _element("CustomTags")
    tag = _child(root, "CustomTag", TypeID="licence", NameSpace=LICENCE)
    _child(tag, "FileLoc", "Tag_Licence.xml")
    return _write(root)


def _format(picture: bytes) -> str:
    return "PNG" if picture.startswith(b"\x89PNG") else "JPEG"


def _deltas(advances: Sequence[float]) -> str:
    """Advances in OFD's short form: `g 3 2.5` stands for three times 2.5."""
    written = []
    for value, group in groupby(_number(step) for step in advances):
        times = len(list(group))
        written.append(f"g {times} {value}" if times > 2 else " ".join([value] * times))
    return " ".join(written)


def _number(value: float) -> str:
    return f"{round(value, 3):g}"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(map(_number, values))


def _element(name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(f"{{{OFD}}}{name}", attributes)


def _child(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{OFD}}}{name}", attributes)
    child.text = text
    return child


def _write(root: ElementTree.Element) -> bytes:
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written
