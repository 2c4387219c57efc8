"""PDF documents as a material: whole, bounded and harmless. Call it through `core.offload`.

A real parser judges in a process with limits (`services.cases.files.pdf_judge`); what it cannot
read is refused with a sentence, and so is what it could not read in time.
"""

from pathlib import Path

from services.cases.files import limited
from services.cases.files.pdf_judge import MAX_PAGES

DAMAGED = "PDF 文件不完整或已损坏，请重新导出后上传"
LOCKED = "PDF 文件有密码保护，请去掉密码后上传"
ACTIVE = "PDF 文件里有脚本、附件或自动动作，请打印成新的 PDF 后上传"
TOO_LONG = f"PDF 文件超过 {MAX_PAGES} 页，请拆分后上传"
TOO_LARGE = "PDF 文件展开后过大，请重新导出后上传"
MIXED = "PDF 文件里混有其他内容，请重新导出后上传"
NO_PAGES = "PDF 文件里没有页面，请重新导出后上传"
TOO_COMPLEX = "PDF 文件过于复杂，无法检查，请打印成新的 PDF 后上传"

SENTENCES = {
    "damaged": DAMAGED,
    "locked": LOCKED,
    "active": ACTIVE,
    "too-long": TOO_LONG,
    "too-large": TOO_LARGE,
    "no-pages": NO_PAGES,
}

_END_OF_FILE = b"%%EOF"
_LONGEST_TAIL = 64


def examine(path: Path) -> str | None:
    """What is wrong with the document, or None."""
    wrong = _ends(path.read_bytes())
    if wrong is not None:
        return wrong
    found = limited.call("pdf_judge", source=path)
    if found == b"harmless":
        return None
    return SENTENCES.get((found or b"").decode("ascii", "replace"), TOO_COMPLEX)


def has_pages(data: bytes) -> bool:
    """Whether anything is there to look at; of a file that was taken, there is."""
    return b"/Page" in data or b"/ObjStm" in data


def _ends(data: bytes) -> str | None:
    """Nothing before the header and nothing behind the end: a second format hides there."""
    end = data.rfind(_END_OF_FILE)
    if end < 0:
        return DAMAGED
    tail = data[end + len(_END_OF_FILE) :].strip(b"\r\n\t \x00")
    return None if data.startswith(b"%PDF-") and len(tail) <= _LONGEST_TAIL else MIXED
