"""Every type draws, seals and verifies; what the page says is what the facts say."""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from lxml import etree
from PIL import Image

from papers import face_template, fonts, layout
from papers.fonts import Face
from tests.wallet import ofd_picture
from tests.wallet.test_drafting import officer_fills
from wallet.demo import DemoLicence, read
from wallet.document import face
from wallet.document.face import FaceData
from wallet.types import catalogue
from wallet.types.licence_types import FieldType, LicenceType

OFD = {"ofd": "http://www.ofdspec.org/2016"}
NUMBERS = {
    "BL": "91310117FAKE100193",
    "FOOD": "JY23101170000012",
    "DOC": "110310117000123",
    "BIRTH": "Z260000001",
    "HHR": "310117001",
}


def facts_of(type_: LicenceType) -> dict[str, Any]:
    number_field = catalogue.rule_for(type_.code).number_field
    fields = [field for field in type_.fields if field.type is not FieldType.IMAGE]
    filled = {field.key: officer_fills(field) for field in fields}
    if type_.code == "HHR":
        filled["household_no"] = NUMBERS["HHR"]
    if number_field is not None:
        filled[number_field] = NUMBERS.get(type_.code, filled[number_field])
    return filled


def data_for(code: str, **changes: Any) -> FaceData:
    type_ = catalogue.get_type(code)
    values: dict[str, Any] = {
        "licence_type": code,
        "facts": facts_of(type_),
        "number": NUMBERS.get(code, "示例编号0001"),
        "identifier": f"1.2.156.3005.2.{type_.type_code}.{type_.issuer_code}.2026001001.001.X",
        "holder_name": "张演示",
        "holder_id_type": "111",
        "holder_id_no": "310199199003071017",
        "issued_on": date(2026, 11, 25),
        "valid_to": date(2031, 11, 24),
        "document_id": "0f7f3c1e5b5a4c2f9a6d1b2c3d4e5f60",
        "drawn_at": datetime(2026, 11, 25, 2, 0, tzinfo=UTC),
    }
    return FaceData(**{**values, **changes})


def files_of(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)
def test_every_type_draws_all_its_facts(type_: LicenceType) -> None:
    data = data_for(type_.code)

    document = face.draw(data)

    files = files_of(document)
    page = etree.fromstring(files["Doc_0/Pages/Page_0/Content.xml"])
    objects = {
        element.get("ID"): "".join(element.itertext("{*}TextCode"))
        for element in page.iterfind(".//ofd:TextObject", OFD)
    }
    tags = etree.fromstring(files["Doc_0/Tags/Tag_Licence.xml"])
    tagged = {
        etree.QName(tag).localname: objects[tag.findtext("ofd:ObjectRef", namespaces=OFD)]
        for tag in tags
    }
    assert tagged.keys() == data.facts.keys()
    assert all(tagged.values())
    assert len(document) < 60_000


def test_machine_readable_copy_holds_every_fact() -> None:
    data = data_for("FOOD")

    attached = etree.fromstring(files_of(face.draw(data))["Doc_0/Attachs/licence.xml"])

    found = {fact.get("Key"): fact.text for fact in attached.iterfind("{*}Fact")}
    assert found.keys() == data.facts.keys()
    assert found["permit_no"] == "JY23101170000012"


def test_metadata_are_custom_datas_of_the_standard() -> None:
    root = etree.fromstring(files_of(face.draw(data_for("FOOD")))["OFD.xml"])

    found = {item.get("Name"): item.text for item in root.iterfind(".//ofd:CustomData", OFD)}

    assert found["ZZMC"] == "食品经营许可证"
    assert found["ZZBFJGDM"] == "11310117FAKE000131"
    assert found["CZZTDMLX"] == "居民身份证"
    assert found["ZZYXQJZRQ"] == "2031-11-24"
    assert "KZ_premises" in found


def test_same_facts_give_the_same_bytes() -> None:
    assert face.draw(data_for("RES")) == face.draw(data_for("RES"))


def test_document_embeds_only_the_characters_it_shows() -> None:
    files = files_of(face.draw(data_for("RES")))

    font = TTFont(io.BytesIO(files[f"Doc_0/Res/{Face.SANS.value}.otf"]))
    page = files["Doc_0/Pages/Page_0/Content.xml"].decode()
    shown = set("".join(re.findall(r"<ofd:TextCode[^>]*>([^<]*)<", page)))

    assert set(map(chr, font.getBestCmap())) <= shown
    assert len(files[f"Doc_0/Res/{Face.SANS.value}.otf"]) < 40_000


def test_character_outside_the_font_keeps_its_place() -> None:
    document = face.draw(data_for("RES", facts={**data_for("RES").facts, "name": "张𠮷"}))

    assert "张𠮷" in files_of(document)["Doc_0/Pages/Page_0/Content.xml"].decode()
    ofd_picture.draw(document)


def test_long_scope_is_made_smaller_and_stays_above_the_seal() -> None:
    facts = {**data_for("BL").facts, "scope": "技术服务、技术开发、技术咨询；" * 60}

    page = ofd_picture.texts(face.draw(data_for("BL", facts=facts)))

    left, top, width, height = face_template.template("landscape").fields.box
    scope = next(text for text in page if "技术服务" in text.text)
    assert scope.size < 5
    assert scope.bottom <= top + height + 0.1
    assert scope.right <= left + width + 5


def test_far_too_long_text_is_cut_visibly() -> None:
    facts = {**data_for("BL").facts, "scope": "技术服务。" * 400}

    page = ofd_picture.texts(face.draw(data_for("BL", facts=facts)))

    assert any(layout.CUT in text.text for text in page)


def test_photo_is_drawn_when_there_is_one() -> None:
    target = io.BytesIO()
    Image.new("RGB", (60, 80), (10, 200, 10)).save(target, "PNG")

    document = face.draw(data_for("RES", pictures={"photo": target.getvalue()}))

    picture = ofd_picture.draw(document)
    x, y, width, height = face_template.template("portrait").photo or (0, 0, 0, 0)
    dots = ofd_picture.DOTS
    middle = (round((x + width / 2) * dots), round((y + height / 2) * dots))
    assert picture.getpixel(middle) == (10, 200, 10)


@pytest.mark.parametrize("licence", read()[1], ids=lambda licence: licence.number)
def test_demo_licences_have_ink_where_they_should(licence: DemoLicence) -> None:
    facts = catalogue.check_facts(licence.type, licence.fields, numbered=True)
    document = face.draw(data_for(licence.type, facts=facts, number=licence.number))

    picture = ofd_picture.draw(document).convert("L")

    dark = sum(picture.histogram()[:120])
    assert 5_000 < dark < picture.width * picture.height / 8


def test_every_character_of_gb2312_is_in_the_font() -> None:
    texts = (
        bytes((row, cell)).decode("gb2312", errors="ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    )
    characters = "".join(texts)

    assert len(characters) == 6763
    assert all(fonts.covers(Face.SANS, character) for character in characters)
    assert all(fonts.covers(Face.TITLE, character) for character in characters)


def test_lines_never_begin_with_closing_punctuation() -> None:
    lines = layout.wrap("甲乙丙，丁戊己。", 3, 1, fonts.metrics(Face.SANS))

    assert lines == ["甲乙丙，", "丁戊己。"]
