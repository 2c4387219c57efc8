"""A genuine document in a hostile archive: no reader sees another page while we say valid."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from signing import Limits, MalformedDocument, UnsafeDocument, verify_document
from signing.ofd.container import open_package
from tests.signing import mutations
from tests.signing.archives import (
    Made,
    archive,
    block,
    deflated,
    entries_of,
    folded,
    front_views,
    unicode_path,
)
from tests.signing.makers import AT, ByHand, authority, licence_files

PAGE = "Doc_0/Pages/Page_0/Content.xml"
FORGED = licence_files("有效期至二〇九九年")[PAGE]
FILES = ByHand().sign(licence_files())
PLAIN = entries_of(FILES)
LINK = 0o120777 << 16
SHORT = struct.pack("<4s3I", b"PK\x07\x08", zlib.crc32(b"x"), 1, 1)
"""A descriptor that ends a stored entry after its first byte."""


def verdict(data: bytes) -> str:
    try:
        return verify_document(data, trust=authority().trust, at=AT).verdict
    except MalformedDocument:
        return "refused"


def changed(**fields: object) -> list[Made]:
    """The plain archive with the page's entry made otherwise."""
    return [
        replace(entry, **fields) if entry.name == PAGE.encode() else entry  # type: ignore[arg-type]
        for entry in PLAIN
    ]


LAWFUL: dict[str, bytes] = {
    "plain": archive(PLAIN),
    "stored": archive(entries_of(FILES, Made(b"", b"", stored=True))),
    "descriptors": archive(entries_of(FILES, Made(b"", b"", descriptor="<4s3I"))),
    "descriptors without a mark": archive(entries_of(FILES, Made(b"", b"", descriptor="<3I"))),
    "wide descriptors": archive(entries_of(FILES, Made(b"", b"", descriptor="<4sI2Q"))),
    "stored with descriptors": archive(
        entries_of(FILES, Made(b"", b"", stored=True, descriptor="<4s3I"))
    ),
    "descriptors and known sizes": archive(
        entries_of(FILES, Made(b"", b"", descriptor="<4s3I", known=True))
    ),
    "folders": archive([Made(b"Doc_0/", b"", stored=True, attributes=0x10), *PLAIN]),
    "folders twice": archive([Made(b"Doc_0/", b"", stored=True)] * 2 + PLAIN),
    "times": archive(entries_of(FILES, Made(b"", b"", local_extra=block(0x5455, b"\x01abcd")))),
    "unix attributes": archive(
        entries_of(FILES, Made(b"", b"", made=0x0314, attributes=0o100644 << 16))
    ),
    "nine bytes in front": archive(PLAIN, front=b"\x01KGPREFIX"),
    "comment": archive(PLAIN, comment=b"made by hand"),
    "zeros behind": archive(PLAIN, behind=bytes(4000)),
    "same name twice told": archive(changed(local_extra=unicode_path(PAGE.encode(), PAGE))),
}


@pytest.mark.parametrize("kind", LAWFUL)
def test_document_is_valid_in_every_lawful_archive(kind: str) -> None:
    assert verdict(LAWFUL[kind]) == "valid"


def hidden_entry(**fields: object) -> bytes:
    """Another page, written as an entry of its own that nobody lists."""
    return replace(Made(PAGE.encode(), FORGED), **fields).local()  # type: ignore[arg-type]


def ends_early(name: bytes, content: bytes = b"") -> Made:
    """Deflated bytes that end before their packed size does: the rest is the other page."""
    packed = deflated(content) + struct.pack(
        "<4s3I", b"PK\x07\x08", zlib.crc32(content), len(deflated(content)), len(content)
    )
    return Made(name, content, descriptor="<4s3I", packed=packed + hidden_entry())


def two_ends() -> bytes:
    """Beside the end with zeros behind it stands one whose comment reaches to the last byte."""
    inner = archive(entries_of(FILES | {PAGE: FORGED}))
    clothed = [*PLAIN, Made(b"x.bin", inner, stored=True)]
    whole = archive(clothed, behind=bytes(100))
    comment = len(whole) - whole.index(inner) - len(inner)
    inner = inner[:-2] + struct.pack("<H", comment)
    return archive([*PLAIN, Made(b"x.bin", inner, stored=True)], behind=bytes(100))


def ends_in_mark() -> bytes:
    """Stored bytes whose last ones make, with the checksum behind them, the mark of an entry."""
    content = next(
        text
        for text in (b"%d PK" % number for number in range(1 << 20))
        if struct.pack("<I", zlib.crc32(text)).startswith(b"\x03\x04")
    )
    return archive([*PLAIN, Made(b"x.bin", content, stored=True, descriptor="<3I")])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "page inside a folder's deflated bytes": lambda: archive([*PLAIN, ends_early(b"Doc_0/z/")]),
    "page inside a file's deflated bytes": lambda: archive([*PLAIN, ends_early(b"x.bin", b"x")]),
    "page inside deflated bytes without descriptor": lambda: archive(
        [*PLAIN, Made(b"x.bin", b"x", packed=deflated(b"x") + hidden_entry())]
    ),
    "page inside stored bytes of unknown length": lambda: archive(
        [*PLAIN, Made(b"x.bin", b"x" + SHORT + hidden_entry(), stored=True, descriptor="<4s3I")]
    ),
    "page inside stored bytes behind a bare descriptor": lambda: archive(
        [*PLAIN, Made(b"x.bin", b"x" + SHORT[4:] + hidden_entry(), stored=True, descriptor="<3I")]
    ),
    "mark that ends in the descriptor": ends_in_mark,
    "page between entries": lambda: archive(
        [*PLAIN[:-1], replace(PLAIN[-1], behind=hidden_entry())]
    ),
    "page in front": lambda: archive(PLAIN, front=hidden_entry()),
    "page that nobody lists": lambda: archive([*PLAIN, Made(PAGE.encode(), FORGED, listed=False)]),
    "end in a gap": lambda: archive([*PLAIN[:-1], replace(PLAIN[-1], behind=archive([])[-22:])]),
    "second name in the local header": lambda: archive(
        [*PLAIN, Made(b"x.xml", FORGED, local_extra=unicode_path(b"x.xml", PAGE))]
    ),
    "second name in the directory": lambda: archive(
        [*PLAIN, Made(b"x.xml", FORGED, central_extra=unicode_path(b"x.xml", PAGE))]
    ),
    "other name in the local header": lambda: archive(
        [*PLAIN, Made(b"x" * len(PAGE), FORGED, local_name=PAGE.encode())]
    ),
    "same name": lambda: archive([*PLAIN, Made(PAGE.encode(), FORGED)]),
    "same name in capitals": lambda: archive([*PLAIN, Made(PAGE.upper().encode(), FORGED)]),
    "same name with a dot behind": lambda: archive([*PLAIN, Made(f"{PAGE}.".encode(), FORGED)]),
    "same name with a blank in a folder": lambda: archive(
        [*PLAIN, Made(PAGE.replace("/P", " /P", 1).encode(), FORGED)]
    ),
    "same name in wide letters": lambda: archive(
        [*PLAIN, Made(PAGE.replace("Doc", "Ｄoc").encode(), FORGED, flags=0x0800)]
    ),
    "same name with an invisible letter": lambda: archive(
        [*PLAIN, Made(PAGE.replace("Doc", "Do\u200cc").encode(), FORGED, flags=0x0800)]
    ),
    "same name with backslashes": lambda: archive(
        [*PLAIN, Made(PAGE.replace("/", "\\").encode(), FORGED)]
    ),
    "link": lambda: archive(changed(made=0x0314, attributes=LINK)),
    "link by another system": lambda: archive(changed(made=0x1314, attributes=LINK)),
    "link for readers of streams": lambda: archive(
        changed(local_extra=block(0x6C78, b"\x07\x14\x03\x00\x00" + struct.pack("<I", LINK)))
    ),
    "link for readers of streams, in the directory": lambda: archive(
        changed(central_extra=block(0x6C78, b"\x04" + struct.pack("<I", LINK)))
    ),
    "attributes of an unknown form": lambda: archive(
        changed(local_extra=block(0x6C78, b"\x84\x01" + struct.pack("<I", LINK)))
    ),
    "link by an old field": lambda: archive(
        changed(local_extra=block(0x756E, bytes(4) + struct.pack("<H", 0o120777) + bytes(8)))
    ),
    "file marked as a folder": lambda: archive(changed(attributes=0x10)),
    "patched in the local header": lambda: archive(changed(local_flags=0x20)),
    "masked in the local header": lambda: archive(changed(local_flags=0x2000)),
    "encrypted in the local header": lambda: archive(changed(local_flags=1)),
    "no descriptor where one is promised": lambda: archive(changed(local_flags=8)),
    "two sizes in the local header": lambda: archive(
        changed(local_extra=block(1, struct.pack("<2Q", 5, 5)))
    ),
    "two sizes in the directory": lambda: archive(
        changed(central_extra=block(1, struct.pack("<2Q", 5, 5)))
    ),
    "two sizes twice": lambda: archive(
        changed(local_extra=block(1, bytes(16)) + block(1, bytes(16)), descriptor="<4sI2Q")
    ),
    "PDF in front": lambda: archive(PLAIN, front=b"\n%PDF-1.7\n"),
    "PDF behind": lambda: archive(PLAIN, comment=b"%PDF-1.7"),
    "archive of another kind in front": lambda: archive(
        PLAIN, front=bytes(257) + b"ustar" + bytes(1274)
    ),
    "two ends for readers of comments": two_ends,
    "bytes after the archive": lambda: archive(PLAIN, behind=b"\n"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_document_is_not_valid_in_a_hostile_archive(kind: str) -> None:
    assert verdict(HOSTILE[kind]()) in ("refused", "invalid")


SHOWN_FROM_THE_FRONT = [
    *(kind for kind in HOSTILE if kind.startswith("page ")),
    "second name in the local header",
    "other name in the local header",
    "same name",
]


@pytest.mark.parametrize("kind", SHOWN_FROM_THE_FRONT)
def test_forged_page_is_there_for_some_reader(kind: str) -> None:
    """The hostile archives do what they are said to do: otherwise refusing them proves nothing."""
    views = list(front_views(HOSTILE[kind]()))

    assert any(FORGED in view.get(folded(PAGE), []) for view in views)


def test_reader_from_the_front_sees_the_lawful_archives() -> None:
    for data in (LAWFUL["plain"], LAWFUL["descriptors"], LAWFUL["stored with descriptors"]):
        for view in front_views(data):
            assert {folded(name): [content] for name, content in FILES.items()} == view


def test_file_that_nobody_asks_for_is_unpacked_before_anything_is_valid() -> None:
    broken = Made(b"x.bin", b"x", packed=b"\xff\xff")

    assert verdict(archive([*PLAIN, broken])) == "invalid"
    assert verdict(archive([*PLAIN, Made(b"x.bin", b"x")])) == "valid"


def test_offsets_lead_to_one_directory_only() -> None:
    """Readers that do not count foreign bytes in front find another directory, and by it another
    file, inside a stored entry."""
    pattern = entries_of({"OFD.xml": b"<Forged/>", "y.bin": b""}, Made(b"", b"", stored=True))
    front = bytes(sum(len(entry.central(0)) for entry in pattern))
    root = Made(b"OFD.xml", b"<OFD/>")
    begins = len(front) + len(root.local()) + len(Made(b"x.bin", b"", stored=True).local())
    other = archive(pattern, front=bytes(begins))[begins : -len(archive([]))]
    body = front + archive([root, Made(b"x.bin", other, stored=True)])
    assert body[struct.unpack_from("<I", body, len(body) - 6)[0] :].startswith(b"PK\x01\x02")

    with pytest.raises(UnsafeDocument, match="two directories"):
        open_package(body, Limits())


@pytest.mark.parametrize("seed", range(4))
def test_no_mutated_document_is_valid_and_shows_something_else(seed: int) -> None:
    """Four times fifty of those that `python -m tests.signing.mutations` makes by the thousand."""
    counted, faults = mutations.run(50, seed)

    assert not faults
    assert any(name.endswith(" valid") for name in counted), "nothing was valid: nothing was shown"
