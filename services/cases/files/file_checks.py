"""What a file really is. Pure CPU work on local files and bytes; call it through `core.offload`.

The type is decided by the content, never by the name. A picture is decoded and written anew:
upright, without metadata (place, device, time), so that nothing hidden travels with it. The answer
is data: functions here return a `Refusal` instead of raising, because they run in another process.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageStat

from services.cases.files import ofd_checks, pdf_checks, picture_quality, pictures

_HEAD = 1024
_SHORTEST_SIDE = 200
_SAMPLE_SIDE = 128
_BLANK_DEVIATION = 3.0
"""Standard deviation of grey values under which a page shows nothing (measured: white paper under
a lamp stays below 2, a page with one line of text is above 6)."""

MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
}
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_ARCHIVES = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_SCRIPTED = (b"<svg", b"<html", b"<!doctype", b"<?xml", b"<script")


@dataclass(frozen=True)
class Inspected:
    """An accepted file: its type, and whether a cleaned copy was written to `clean`."""

    kind: str
    rewritten: bool

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.kind]


@dataclass(frozen=True)
class Refusal:
    """Why a file is not taken: the slug of the problem and a sentence for the citizen."""

    slug: str
    detail: str


def inspect(source: str, *, accept: tuple[str, ...], clean: str) -> Inspected | Refusal:
    """Decide what `source` is; a picture is written anew to the path `clean`, HEIC as JPEG."""
    path = Path(source)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    kind = sniff(head)
    becomes = "jpg" if kind == "heic" else kind
    if kind is None or becomes is None or becomes not in accept:
        return Refusal("not-an-accepted-type", _wanted(head, accept))
    match kind:
        case "pdf":
            wrong = pdf_checks.examine(path)
        case "ofd":
            wrong = ofd_checks.examine(path)
        case _:
            wrong = pictures.rewrite(path, kind=kind, clean=Path(clean))
    if wrong is not None:
        return Refusal("unreadable-file", wrong)
    return Inspected(becomes, rewritten=kind not in ("pdf", "ofd"))


def _wanted(head: bytes, accept: tuple[str, ...]) -> str:
    sentence = f"这份材料只接受 {'、'.join(accept).upper()} 格式的文件"
    if head.startswith(_ARCHIVES):
        return f"{sentence}，不能上传压缩包"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_SCRIPTED):
        return f"{sentence}，不能上传网页或矢量图"
    return sentence


def examine(data: bytes, *, media_type: str) -> str | None:
    """What is wrong with a stored file for a reader, or None: too small, blank, no pages."""
    if not media_type.startswith("image/"):
        return (
            None
            if media_type != "application/pdf" or pdf_checks.has_pages(data)
            else "文件没有页面"
        )
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if min(picture.size) < _SHORTEST_SIDE:
                return "图片太小，看不清内容，请重新拍摄"
            picture.draft("L", (_SAMPLE_SIDE, _SAMPLE_SIDE))
            sample = picture.convert("L")
            sample.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE))
            deviation = ImageStat.Stat(sample).stddev[0]
    except pictures.PICTURE_ERRORS:
        return "图片打不开，请重新拍摄"
    return "画面几乎是空白的，请重新拍摄" if deviation < _BLANK_DEVIATION else None


def look(data: bytes, *, media_type: str) -> tuple[str | None, str | None]:
    """What is wrong with a stored file for a reader, and else what could be better."""
    finding = examine(data, media_type=media_type)
    if finding is not None or not media_type.startswith("image/"):
        return finding, None
    with Image.open(io.BytesIO(data)) as picture:
        return None, picture_quality.hint(picture)


def sniff(head: bytes) -> str | None:
    """The type by magic bytes: jpg, png, heic, pdf, ofd, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heic"
    if head.startswith(b"PK\x03\x04"):
        return "ofd"
    return "pdf" if b"%PDF-" in head else None
