"""The first page of a PDF as a small JPEG, drawn in a process with limits
(`services.cases.files.limited`).

PDFium is much C++ for a stranger's file (docs/adr/0017): what goes wrong ends with the process.
Exit code 1: nothing could be drawn.
"""

import io
import sys

from PIL import Image

from core import offload
from services.cases.files import limited

_PATIENCE_SECONDS = 15.0
_LONGEST_POINTS = 14_400
"""What PDF allows a page to be; more is a trap."""


async def draw(data: bytes, *, side: int) -> bytes | None:
    """The picture, or None when the page cannot be drawn in time. Raises Busy.

    It takes a place among the children of uploads, so that there are never more than these.
    """
    async with offload.uploads.slot():
        return await limited.call_with("pdf_page", str(side), data=data, patience=_PATIENCE_SECONDS)


def main() -> None:
    limited.confine()
    picture = _first_page(sys.stdin.buffer.read(), side=int(sys.argv[1]))
    if picture is None:
        sys.exit(1)
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, format="JPEG", quality=75, optimize=True)
    sys.stdout.buffer.write(buffer.getvalue())


def _first_page(data: bytes, *, side: int) -> Image.Image | None:
    import pypdfium2

    try:
        page = pypdfium2.PdfDocument(data)[0]
        longest = max(page.get_size())
        if not 0 < longest <= _LONGEST_POINTS:
            return None
        picture: Image.Image = page.render(scale=side / longest).to_pil()
    except (pypdfium2.PdfiumError, ValueError, IndexError):
        return None
    return picture
