"""Draw a licence: a one-page OFD document (GB/T 33190-2016) from the facts of its type. Pure.

The facts stand in it three times, as real licence files do: as text on the page, as text objects
named by CustomTags (data index, GB/T 36905), and in an invisible attachment `licence.xml`. The
metadata of GB/T 36903 are CustomDatas. The document comes out unsigned; `signing.begin_seal` seals
it, covering every file.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from papers import face_template, layout, qr
from papers.fonts import Face, subset_for
from papers.layout import Content, Drawing, Entry, TextBlock
from papers.ofd_xml import OfdPage
from wallet.types import catalogue
from wallet.types import facts as facts_of
from wallet.types.facts import Facts
from wallet.types.licence_types import Field, FieldType, LicenceType

WIDE_TYPES = (FieldType.ADDRESS, FieldType.TEXT, FieldType.LIST)
HOLDER_ID_TYPES = {"001": "统一社会信用代码", "111": "居民身份证", "117": "出生医学证明"}
NO_END = "长期"
CREATOR = "yunjian"


@dataclass(frozen=True, kw_only=True)
class FaceData:
    """Everything a licence document says."""

    licence_type: str
    facts: Facts
    number: str
    identifier: str
    holder_name: str
    holder_id_type: str
    holder_id_no: str
    issued_on: date
    valid_to: date | None
    document_id: str
    """32 hexadecimal characters."""
    drawn_at: datetime
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Photos by field key, PNG or JPEG."""
    printed_code: str = ""
    """Text of the QR that a printed copy is checked by; "" leaves it out."""


def draw(data: FaceData) -> bytes:
    """The document, ready to be sealed. Some 100 ms of CPU work: call it through `offload`."""
    type_ = catalogue.get_type(data.licence_type)
    face = face_template.template(catalogue.rule_for(data.licence_type).face)
    photo = next(iter(data.pictures.values()), None) if face.photo else None
    blocks = [
        *layout.lay_out(face, _content(type_, data), with_photo=photo is not None),
        *_printed_code(face, data.printed_code),
    ]
    page = OfdPage(size=face.page, blocks=blocks, photo=photo, photo_box=face.photo)
    return _pack(
        {
            "OFD.xml": page.entry(
                document_id=data.document_id,
                title=type_.name,
                author=type_.issuer_name,
                created=data.drawn_at,
                creator=CREATOR,
                metadata=metadata(type_, data),
            ),
            **page.files(labels={item.key: item.label for item in type_.fields}),
            "Doc_0/Attachs/Attachments.xml": page.attachments(created=data.drawn_at),
            "Doc_0/Attachs/licence.xml": page.attachment(
                metadata=metadata(type_, data), facts=_attached(type_, data.facts)
            ),
            **_fonts(blocks),
        },
        at=data.drawn_at,
    )


def seal_box(licence_type: str) -> tuple[float, float, float, float]:
    """Where the seal goes on the page, in millimetres: x, y, width, height."""
    return face_template.template(catalogue.rule_for(licence_type).face).seal


def metadata(type_: LicenceType, data: FaceData) -> dict[str, str]:
    """The elements of GB/T 36903 under the names that OFD licences carry."""
    face_facts = {
        f"KZ_{key}": facts_of.show(_field(type_, key), data.facts[key])
        for key in type_.face
        if key in data.facts
    }
    return {
        "ZZMC": type_.name,
        "ZZLXDM": type_.type_code,
        "ZZBH": data.number,
        "ZZBS": data.identifier,
        "ZZBFJG": type_.issuer_name,
        "ZZBFJGDM": type_.issuer_code,
        "ZZBFRQ": data.issued_on.isoformat(),
        "CZZT": data.holder_name,
        "CZZTDM": data.holder_id_no,
        "CZZTDMLX": HOLDER_ID_TYPES.get(data.holder_id_type, "其他"),
        "CZZTDMLXDM": data.holder_id_type,
        "ZZYXQQSRQ": data.issued_on.isoformat(),
        "ZZYXQJZRQ": data.valid_to.isoformat() if data.valid_to else NO_END,
        "CJSJ": data.drawn_at.strftime("%Y-%m-%d %H:%M:%S"),
        **face_facts,
    }


def _printed_code(face: face_template.Template, text: str) -> Sequence[Drawing]:
    return layout.draw_code(face.code, qr.runs(text)) if text else ()


def _content(type_: LicenceType, data: FaceData) -> Content:
    number_field = catalogue.rule_for(type_.code).number_field
    entries = [
        Entry(
            key=item.key,
            label=item.label,
            value=facts_of.show(item, data.facts[item.key]),
            wide=item.type in WIDE_TYPES,
        )
        for item in type_.fields
        if item.key in data.facts and item.type is not FieldType.IMAGE and item.key != number_field
    ]
    end = facts_of.show_date(data.valid_to) if data.valid_to else NO_END
    return Content(
        title=type_.name,
        subtitle=type_.name_en.upper(),
        number=f"{type_.number.label}：{data.number}",
        number_key=number_field or "",
        entries=entries,
        issuer=type_.issuer_name,
        date=facts_of.show_date(data.issued_on),
        validity=f"有效期至：{end}",
        footer=f"电子证照标识 {data.identifier}    本证照与纸质证照具有同等法律效力",
    )


def _field(type_: LicenceType, key: str) -> Field:
    found = type_.field(key)
    if found is None:
        raise LookupError(f"{type_.code} has no field {key}")
    return found


def _attached(type_: LicenceType, facts: Facts) -> list[tuple[str, str, str]]:
    """Key, label and stored value of every fact, lists one item a line."""
    return [
        (item.key, item.label, stored_text(facts[item.key]))
        for item in type_.fields
        if item.key in facts
    ]


def stored_text(value: object) -> str:
    """A fact as the invisible original says it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)


def _fonts(blocks: Sequence[TextBlock | Drawing]) -> dict[str, bytes]:
    texts: dict[Face, set[str]] = {face: set() for face in Face}
    for block in blocks:
        if isinstance(block, TextBlock):
            texts[block.face].update(*(line[0] for line in block.lines))
    return {
        f"Doc_0/Res/{face.value}.otf": subset_for(face, "".join(sorted(characters)))
        for face, characters in texts.items()
    }


def _pack(files: Mapping[str, bytes], *, at: datetime) -> bytes:
    """A ZIP whose bytes depend on its content and `at` only."""
    target = io.BytesIO()
    stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # A font is nearly as large after deflating, and every verifier would unpack it again.
            method = zipfile.ZIP_STORED if name.endswith(".otf") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, stamp), content, method)
    return target.getvalue()
