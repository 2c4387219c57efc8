"""Pictures written anew: upright, pixels only. Pure CPU work; call it through `core.offload`.

Nothing of the sent file survives but its pixels: no place, device, time, comment, colour profile or
bytes behind the picture.
"""

from pathlib import Path

import pi_heif
from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000
"""A 50-megapixel picture is the largest a telephone makes; more is a decompression bomb."""

MAX_PNG_PIXELS = 36_000_000
"""An A4 page scanned at 600 dpi; larger ones take longer to write than a request may."""

MAX_SIDE = 20_000
MAX_SCANS = 100
"""A progressive JPEG has about ten; each costs a pass over all pixels."""

_JPEG_QUALITY = 90
_PNG_LEVEL = 2
_FORMATS = {"jpg": "JPEG", "png": "PNG", "heic": "HEIF"}

DAMAGED = "图片打不开，可能已经损坏，请重新拍摄"
TOO_MANY_PIXELS = "图片像素过大，请降低拍摄分辨率后重试"

PICTURE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    RuntimeError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
)
"""With what Pillow and libheif report damaged files, depending on where they stumble."""

pi_heif.register_heif_opener(thumbnails=False)


def rewrite(source: Path, *, kind: str, clean: Path) -> str | None:
    """Write the picture anew, HEIC as JPEG; returns what is wrong with it, or None."""
    if kind == "jpg" and source.read_bytes().count(b"\xff\xda") > MAX_SCANS:
        return DAMAGED
    try:
        with Image.open(source, formats=[_FORMATS[kind]]) as picture:
            if too_large(picture.size, kind=kind):
                return TOO_MANY_PIXELS
            upright = ImageOps.exif_transpose(picture)
            upright.load()
        save(upright, kind="png" if kind == "png" else "jpg", clean=clean)
    except PICTURE_ERRORS:
        clean.unlink(missing_ok=True)
        return DAMAGED
    return None


def too_large(size: tuple[int, int], *, kind: str) -> bool:
    width, height = size
    pixels = MAX_PNG_PIXELS if kind == "png" else MAX_PIXELS
    return max(width, height) > MAX_SIDE or width * height > min(pixels, MAX_PIXELS)


def save(picture: Image.Image, *, kind: str, clean: Path) -> None:
    plain = flatten(picture, keep_transparency=kind == "png")
    if kind == "jpg":
        plain.save(clean, format="JPEG", quality=_JPEG_QUALITY)
    else:
        plain.save(clean, format="PNG", compress_level=_PNG_LEVEL)


def flatten(picture: Image.Image, *, keep_transparency: bool = False) -> Image.Image:
    """Grey or coloured pixels and nothing else; what shows through becomes white."""
    if picture.mode in ("L", "1"):
        plain = picture.convert("L")
    elif not picture.has_transparency_data:
        plain = picture.convert("RGB")
    elif keep_transparency:
        plain = picture.convert("RGBA")
    else:
        layer = picture.convert("RGBA")
        plain = Image.new("RGB", layer.size, "white")
        plain.paste(layer, mask=layer.getchannel("A"))
    plain.info.clear()
    return plain
