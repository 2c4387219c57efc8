import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from services.cases.files import file_checks, pictures
from services.cases.files.file_checks import Inspected, Refusal
from tests.cases.factories import blank_photo, encoded, pdf, photo

ALL = ("jpg", "png", "pdf", "ofd")


def inspected(folder: Path, data: bytes, accept: tuple[str, ...] = ALL) -> Inspected | Refusal:
    source = folder / "source"
    source.write_bytes(data)
    return file_checks.inspect(str(source), accept=accept, clean=str(folder / "clean"))


def ofd(name: str = "OFD.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"></ofd:OFD>')
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [(photo(), "jpg"), (photo(kind="PNG"), "png"), (pdf(), "pdf"), (ofd(), "ofd")],
    ids=["jpg", "png", "pdf", "ofd"],
)
def test_the_content_decides_the_type(tmp_path: Path, data: bytes, kind: str) -> None:
    found = inspected(tmp_path, data)

    assert isinstance(found, Inspected)
    assert found.kind == kind


@pytest.mark.parametrize(
    "data",
    [b"#!/bin/sh\nrm -rf /\n", b"MZ\x90\x00", b"<html><script>", b"GIF89a", b"\x00"],
)
def test_a_foreign_type_is_not_accepted(tmp_path: Path, data: bytes) -> None:
    found = inspected(tmp_path, data)

    assert isinstance(found, Refusal)
    assert found.slug == "not-an-accepted-type"


def test_a_type_the_requirement_does_not_want_is_not_accepted(tmp_path: Path) -> None:
    found = inspected(tmp_path, photo(), ("pdf",))

    assert found == Refusal("not-an-accepted-type", "这份材料只接受 PDF 格式的文件")


@pytest.mark.parametrize(
    "data",
    [
        photo()[:3000],
        photo(kind="PNG")[:300],
        b"\xff\xd8\xff" + b"x" * 99,
        pdf()[:60],
        b"PK\x03\x04xx",
    ],
    ids=["jpg", "png", "not-a-jpg", "pdf", "zip"],
)
def test_a_damaged_file_is_unreadable(tmp_path: Path, data: bytes) -> None:
    found = inspected(tmp_path, data)

    assert isinstance(found, Refusal)
    assert found.slug == "unreadable-file"


def test_a_zip_without_ofd_xml_is_unreadable(tmp_path: Path) -> None:
    assert isinstance(inspected(tmp_path, ofd("word/document.xml")), Refusal)


def test_a_picture_loses_its_metadata_and_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Maker of the telephone"
    data = encoded(Image.new("RGB", (300, 200), "red"), kind="JPEG", exif=exif)

    inspected(tmp_path, data)

    with Image.open(tmp_path / "clean") as clean:
        assert clean.size == (200, 300)
        assert not clean.getexif()
        assert "exif" not in clean.info
    assert b"Maker" not in (tmp_path / "clean").read_bytes()


def test_text_chunks_of_a_png_are_dropped(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Comment", "hidden words")
    inspected(tmp_path, encoded(Image.new("RGBA", (300, 300)), kind="PNG", pnginfo=info))

    assert b"hidden words" not in (tmp_path / "clean").read_bytes()


def test_a_script_behind_the_picture_is_dropped(tmp_path: Path) -> None:
    inspected(tmp_path, photo() + b"<?php system('id'); ?>")

    assert b"php" not in (tmp_path / "clean").read_bytes()


def test_a_decompression_bomb_is_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100_000)

    found = inspected(tmp_path, photo())

    assert isinstance(found, Refusal)
    assert "像素" in found.detail


def test_a_picture_that_shows_something_passes() -> None:
    assert file_checks.examine(photo(), media_type="image/jpeg") is None


def test_a_blank_picture_is_noticed() -> None:
    assert "空白" in str(file_checks.examine(blank_photo(), media_type="image/jpeg"))


def test_a_tiny_picture_is_noticed() -> None:
    assert "太小" in str(file_checks.examine(photo(width=90), media_type="image/jpeg"))


def test_a_damaged_stored_picture_is_noticed() -> None:
    assert "打不开" in str(file_checks.examine(b"\xff\xd8\xff", media_type="image/jpeg"))


def test_a_pdf_without_pages_is_noticed() -> None:
    assert file_checks.examine(pdf(), media_type="application/pdf") is None
    assert file_checks.examine(b"%PDF-1.4\n%%EOF", media_type="application/pdf") == "文件没有页面"


def test_a_heic_picture_becomes_a_jpeg(tmp_path: Path) -> None:
    data = Path(__file__).with_name("photo.heic").read_bytes()

    found = inspected(tmp_path, data, ("jpg",))

    assert found == Inspected("jpg", rewritten=True)
    with Image.open(tmp_path / "clean") as clean:
        # In HEIF the picture's own `irot` turns it; what EXIF says does not count (ISO 23008-12).
        assert (clean.format, clean.size) == ("JPEG", (320, 240))
        assert not clean.getexif()
    assert b"Maker" not in (tmp_path / "clean").read_bytes()


def test_a_heic_picture_is_no_png(tmp_path: Path) -> None:
    data = Path(__file__).with_name("photo.heic").read_bytes()

    assert isinstance(inspected(tmp_path, data, ("png", "pdf")), Refusal)


def test_what_shows_through_becomes_white(tmp_path: Path) -> None:
    clean = tmp_path / "clean.jpg"

    pictures.save(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), kind="jpg", clean=clean)

    with Image.open(clean) as picture:
        assert min(picture.getpixel((5, 5))) > 250
