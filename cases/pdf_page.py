"""The first page of a PDF as a small JPEG: `python -m cases.pdf_page SIDE < file > picture`.

A program of its own, since PDFium is much C++ for a stranger's file (docs/adr/0017): it is started
for one page with limits, and what goes wrong ends with it. Exit code 1: nothing could be drawn.
"""

import asyncio
import io
import resource
import sys
from pathlib import Path

from PIL import Image

_ROOT = Path(__file__).resolve().parents[1]
_CPU_SECONDS = 5
_MEMORY = 1024**3
_PATIENCE_SECONDS = 15.0
_LONGEST_POINTS = 14_400
"""What PDF allows a page to be; more is a trap."""


async def draw(data: bytes, *, side: int) -> bytes | None:
    """The picture, or None when the page cannot be drawn in time."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        "import sys; sys.path[:0] = [sys.argv.pop(1)]; from cases.pdf_page import main; main()",
        str(_ROOT),
        str(side),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            picture, _ = await child.communicate(data)
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return picture if child.returncode == 0 and picture else None


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
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
