"""OFD documents as a material: a well-behaved package. Pure; call it through `core.offload`.

The package is a zip (GB/T 33190-2016, clause 7). Refused are packages that unpack without bound,
whose names lead out of a folder, which carry programs or further archives, or in which something
lies before or behind the zip.
"""

import re
import zipfile
import zlib
from pathlib import Path

MAX_ENTRIES = 5000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PAGES = 200
_MAX_XML = 8 * 1024 * 1024
_PIECE = 256 * 1024

DAMAGED = "OFD 文件不完整或已损坏，请重新导出后上传"
UNSAFE = "OFD 文件里混有其他内容，请重新导出后上传"
TOO_LARGE = "OFD 文件展开后过大，请重新导出后上传"
TOO_LONG = f"OFD 文件超过 {MAX_PAGES} 页，请拆分后上传"

_FOREIGN_HEADS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"PK\x03\x04",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"%PDF-",
    b"\xca\xfe\xba\xbe",
)
_END_RECORD = b"PK\x05\x06"
_END_SIZE = 22
_SYMBOLIC_LINK = 0o120000
_ROOT = re.compile(rb"<(?:\w+:)?OFD[\s>]")
_DOCUMENT = re.compile(rb"<(?:\w+:)?DocRoot>\s*([^<]+?)\s*</")
_PAGE = re.compile(rb"<(?:\w+:)?Page\s")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class _Refused(Exception):
    """Carries the sentence for the citizen."""


def examine(path: Path) -> str | None:
    """What is wrong with the package, or None."""
    try:
        _check_end(path)
        with zipfile.ZipFile(path) as archive:
            _check_names(archive)
            _check_contents(archive)
            _check_document(archive)
    except _Refused as refused:
        return str(refused)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ):
        return DAMAGED
    return None


def _check_end(path: Path) -> None:
    """The zip ends where the file ends, without a comment in which something could hide."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE))
        record = file.read()
    if not record.startswith(_END_RECORD) or record[-2:] != b"\0\0":
        raise _Refused(UNSAFE if _END_RECORD in path.read_bytes() else DAMAGED)


def _check_names(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES or "OFD.xml" not in names:
        raise _Refused(DAMAGED)
    if len({name.casefold() for name in names}) != len(names):
        raise _Refused(UNSAFE)
    if not any(entry.header_offset == 0 for entry in entries):
        raise _Refused(UNSAFE)
    for entry in entries:
        parts = entry.orig_filename.split("/")
        leads_out = entry.orig_filename.startswith("/") or ".." in parts
        odd = any(mark in entry.orig_filename for mark in ("\\", "\0", ":"))
        linked = (entry.external_attr >> 16) & 0o170000 == _SYMBOLIC_LINK
        if leads_out or odd or linked or entry.flag_bits & 1:
            raise _Refused(UNSAFE)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _Refused(TOO_LARGE)


def _check_contents(archive: zipfile.ZipFile) -> None:
    """Unpacks everything once: what is declared may be a lie, what comes out counts."""
    room = MAX_UNPACKED
    for entry in archive.infolist():
        with archive.open(entry) as file:
            head = piece = file.read(_PIECE)
            while piece:
                room -= len(piece)
                if room < 0:
                    raise _Refused(TOO_LARGE)
                piece = file.read(_PIECE)
        if head.startswith(_FOREIGN_HEADS):
            raise _Refused(UNSAFE)
        if entry.filename.lower().endswith(".xml") and (b"\0" in head or _DECLARES.search(head)):
            raise _Refused(UNSAFE)


def _check_document(archive: zipfile.ZipFile) -> None:
    root = _xml(archive, "OFD.xml")
    document = _DOCUMENT.search(root)
    if not _ROOT.search(root):
        raise _Refused(DAMAGED)
    if document is not None:
        name = document[1].decode("utf-8", "replace").lstrip("/")
        if name not in archive.namelist():
            raise _Refused(DAMAGED)
        if len(_PAGE.findall(_xml(archive, name))) > MAX_PAGES:
            raise _Refused(TOO_LONG)


def _xml(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        data = file.read(_MAX_XML + 1)
    if len(data) > _MAX_XML:
        raise _Refused(TOO_LARGE)
    return data
