"""What a file really is. Pure CPU work on local files and bytes; call it through `core.offload`.

The type is decided by the content, never by the name. A picture is decoded and written anew:
upright, without metadata (place, device, time), so that nothing hidden travels with it. The answer
is data: functions here return a `Refusal` instead of raising, because they run in another process.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, ImageStat

MAX_PIXELS = 50_000_000
"""A 50-megapixel picture is the largest a telephone makes; more is a decompression bomb."""

_HEAD = 1024
_TAIL = 2048
_JPEG_QUALITY = 90
_SHORTEST_SIDE = 200
_SAMPLE_SIDE = 128
_BLANK_DEVIATION = 3.0
"""Standard deviation of grey values under which a page shows nothing (measured: white paper under
a lamp stays below 2, a page with one line of text is above 6)."""

_MAX_ZIP_ENTRIES = 5000
_PDF_PAGE = re.compile(rb"/Type\s*/Page[^s]|/ObjStm")

MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
}
_PICTURES = {"jpg": "JPEG", "png": "PNG"}


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
    """Decide what `source` is; a picture is written anew to the path `clean`."""
    path = Path(source)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    kind = sniff(head)
    if kind is None or kind not in accept:
        wanted = "、".join(accept).upper()
        return Refusal("not-an-accepted-type", f"这份材料只接受 {wanted} 格式的文件")
    if kind in _PICTURES:
        return _rewrite_picture(path, kind=kind, clean=Path(clean))
    readable = _is_whole_pdf(path) if kind == "pdf" else _is_ofd(path)
    if not readable:
        return Refusal("unreadable-file", f"{kind.upper()} 文件不完整或已损坏，请重新导出后上传")
    return Inspected(kind, rewritten=False)


def examine(data: bytes, *, media_type: str) -> str | None:
    """What is wrong with a stored file for a reader, or None: too small, blank, no pages."""
    if not media_type.startswith("image/"):
        return None if media_type != "application/pdf" or _PDF_PAGE.search(data) else "文件没有页面"
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if min(picture.size) < _SHORTEST_SIDE:
                return "图片太小，看不清内容，请重新拍摄"
            picture.draft("L", (_SAMPLE_SIDE, _SAMPLE_SIDE))
            sample = picture.convert("L")
            sample.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE))
            deviation = ImageStat.Stat(sample).stddev[0]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "图片打不开，请重新拍摄"
    return "画面几乎是空白的，请重新拍摄" if deviation < _BLANK_DEVIATION else None


def sniff(head: bytes) -> str | None:
    """The type by magic bytes: jpg, png, pdf, ofd, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"PK\x03\x04"):
        return "ofd"
    return "pdf" if b"%PDF-" in head else None


def _rewrite_picture(path: Path, *, kind: str, clean: Path) -> Inspected | Refusal:
    try:
        with Image.open(path, formats=[_PICTURES[kind]]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return Refusal("unreadable-file", "图片像素过大，请降低拍摄分辨率后重试")
            upright = ImageOps.exif_transpose(picture)
            upright.load()
            _save(upright, kind=kind, clean=clean)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # Pillow reports damaged files with these four, depending on where it stumbles.
        return Refusal("unreadable-file", "图片打不开，可能已经损坏，请重新拍摄")
    return Inspected(kind, rewritten=True)


def _save(picture: Image.Image, *, kind: str, clean: Path) -> None:
    """Pixels only: no EXIF, no XMP, no comments, no colour profile."""
    plain = Image.new(_plain_mode(picture, kind), picture.size)
    plain.paste(picture.convert(plain.mode))
    if kind == "jpg":
        plain.save(clean, format="JPEG", quality=_JPEG_QUALITY)
    else:
        plain.save(clean, format="PNG")


def _plain_mode(picture: Image.Image, kind: str) -> str:
    if picture.mode in ("L", "1"):
        return "L"
    return "RGBA" if kind == "png" and picture.has_transparency_data else "RGB"


def _is_whole_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _TAIL))
        return b"%%EOF" in file.read()


def _is_ofd(path: Path) -> bool:
    """A zip with OFD.xml at its root (GB/T 33190-2016)."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return len(names) <= _MAX_ZIP_ENTRIES and "OFD.xml" in names
