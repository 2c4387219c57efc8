"""The zip reader takes what other writers make, and nothing two readers could see differently."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import assume, given
from hypothesis import strategies as st

from signing import Limits, MalformedDocument, UnsafeDocument, sm3, write_package
from signing.ofd import paths
from signing.ofd.container import Package, open_package

ROOT = b"<OFD/>"


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in (("OFD.xml", ROOT), *entries):
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_of_another_writer_is_read(method: int) -> None:
    package = open_package(zipped(("印章/章.txt", b"x" * 5000), method=method), Limits())

    assert package.names == ("OFD.xml", "印章/章.txt")
    assert package.read("印章/章.txt") == b"x" * 5000


def test_streamed_archive_with_descriptors_is_read() -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    out = Stream()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("OFD.xml", ROOT)

    assert open_package(out.getvalue(), Limits()).read("OFD.xml") == ROOT


def test_name_in_gbk_is_read() -> None:
    name = "章.xml".encode("gbk")
    data = zipped(("Z" * len(name), b"x")).replace(b"Z" * len(name), name)

    assert open_package(data, Limits()).names == ("OFD.xml", "章.xml")


def test_folders_are_no_files() -> None:
    assert open_package(zipped(("Doc_0/", b"")), Limits()).names == ("OFD.xml",)


@given(
    st.dictionaries(st.sampled_from(["a", "B/c", "印/章.bin", "d.xml"]), st.binary(max_size=3000))
)
def test_what_is_written_is_read(files: dict[str, bytes]) -> None:
    assume(not any(b"%PDF-" in data for data in files.values()))  # refused: it may be a PDF as well
    files["OFD.xml"] = ROOT
    written = write_package(files)

    package = open_package(written, Limits())

    assert {name: package.read(name) for name in package} == files
    assert write_package(files) == written


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"%PDF-1.7" * 100])
def test_what_is_no_zip_is_no_document(data: bytes) -> None:
    with pytest.raises(MalformedDocument) as caught:
        open_package(data, Limits())
    assert not isinstance(caught.value, UnsafeDocument)


def test_zip_without_root_file_is_no_document() -> None:
    with pytest.raises(MalformedDocument, match=r"OFD\.xml"):
        open_package(write_package({"ofd.xml": ROOT}), Limits())


def patched(data: bytes, mark: bytes, offset: int, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<H", changed, data.index(mark) + offset, value)
    return bytes(changed)


FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "tail": lambda data: data + b"tail",
    "two ends": lambda data: data + data[-22:],
    "encrypted": lambda data: patched(patched(data, b"PK\x01\x02", 8, 1), b"PK\x03\x04", 6, 1),
    "unusual method": lambda data: patched(data, b"PK\x01\x02", 10, 12),
    "split archive": lambda data: patched(data, b"PK\x05\x06", 4, 1),
    "more entries than told": lambda data: patched(
        patched(data, b"PK\x05\x06", 8, 1), b"PK\x05\x06", 10, 1
    ),
    "name of two kinds": lambda data: data.replace(b"a.bin", b"b.bin", 1),
    "wrong checksum": lambda data: data.replace(struct.pack("<I", zlib.crc32(b"aaaa")), bytes(4)),
    "local header cut loose": lambda data: patched(data, b"PK\x01\x02", 42, 0x0FFF),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_faulty_archive_is_refused(fault: str) -> None:
    sound = zipped(("a.bin", b"aaaa"), method=zipfile.ZIP_STORED)
    faulty = FAULTS[fault](sound)
    assert faulty != sound

    with pytest.raises(MalformedDocument):
        package = open_package(faulty, Limits())
        for name in package:
            package.read(name)


@pytest.mark.parametrize(
    ("limits", "entries"),
    [
        (Limits(entries=2), [("a", b""), ("b", b"")]),
        (Limits(package=50), []),
        (Limits(entry=10), [("a", bytes(11))]),
        (Limits(total=20), [("a", bytes(10)), ("b", bytes(10))]),
        (Limits(ratio=10, ratio_floor=100), [("a", bytes(5000))]),
    ],
)
def test_limit_is_kept(limits: Limits, entries: list[tuple[str, bytes]]) -> None:
    with pytest.raises(UnsafeDocument):
        open_package(zipped(*entries), limits)


def test_size_that_lies_is_found_while_unpacking() -> None:
    """The directory says 10 bytes, the packed data holds a million."""
    honest = zipped(("a.bin", bytes(1_000_000)))
    lying = honest.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10))

    with pytest.raises(UnsafeDocument):
        open_package(lying, Limits()).read("a.bin")


@pytest.mark.parametrize(
    ("location", "folder", "expected"),
    [
        ("/Doc_0/a.xml", "x/y", "Doc_0/a.xml"),
        ("//Doc_0//a.xml", "", "Doc_0/a.xml"),
        ("a.xml", "Doc_0", "Doc_0/a.xml"),
        ("./a.xml", "Doc_0", "Doc_0/a.xml"),
        ("../a.xml", "Doc_0/Pages", "Doc_0/a.xml"),
        ("../../a.xml", "Doc_0", None),
        ("..", "", None),
        ("", "Doc_0", None),
        ("/", "", None),
        ("a\\b", "", None),
    ],
)
def test_location_resolves_inside_the_package(
    location: str, folder: str, expected: str | None
) -> None:
    assert paths.resolve(location, folder) == expected


def fed(package: Package, name: str) -> bytes:
    """What `feed` gives, piece by piece."""
    pieces: list[bytes] = []
    package.feed(name, lambda piece: pieces.append(bytes(piece)))
    return b"".join(pieces)


def half_random(size: int) -> bytes:
    """Bytes that deflate a little, so that every way of packing is met."""
    random = Random(3)
    return b"".join(random.randbytes(40) + bytes(24) for _ in range(size // 64))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [64, 64 << 10, (64 << 10) + 64, 128 << 10, 1_000_000 // 64 * 64])
def test_pieces_of_a_file_are_the_file(method: int, size: int) -> None:
    content = half_random(size)
    package = open_package(zipped(("big.bin", content), method=method), Limits())

    assert fed(package, "big.bin") == content
    assert package.digest("big.bin", hashes.Hash(hashes.SM3())) == sm3(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("lie", ["crc", "shorter", "longer", "cut", "tail"])
def test_large_file_that_lies_is_refused_in_pieces_too(method: int, lie: str) -> None:
    data = with_lie(zipped(("big.bin", half_random(400_000)), method=method), lie)

    with pytest.raises(UnsafeDocument):
        fed(open_package(data, Limits()), "big.bin")


def with_lie(data: bytes, lie: str) -> bytes:
    """The last entry of an archive with a false checksum or size in both its headers."""
    central = data.rindex(b"PK\x01\x02")
    local = struct.unpack_from("<I", data, central + 42)[0]
    crc, packed, size = struct.unpack_from("<3I", data, central + 16)
    crc, packed, size = {
        "crc": (crc ^ 1, packed, size),
        "shorter": (crc, packed, size - 1),
        "longer": (crc, packed, size + 1),
        "cut": (crc, packed - 1, size),
        "tail": (crc, packed + 1, size),
    }[lie]
    changed = bytearray(data)
    if lie == "tail":
        directory = data.index(b"PK\x01\x02", local + packed)
        changed[directory:directory] = b"\x00"
        central += 1
        struct.pack_into("<I", changed, changed.rindex(b"PK\x05\x06") + 16, directory + 1)
    struct.pack_into("<3I", changed, central + 16, crc, packed, size)
    struct.pack_into("<3I", changed, local + 14, crc, packed, size)
    return bytes(changed)


def test_only_so_much_is_kept_unpacked() -> None:
    entries = [(f"Doc_0/{number}.xml", half_random(1 << 20)) for number in range(40)]
    package = open_package(zipped(*entries, method=zipfile.ZIP_STORED), Limits())

    for name, content in entries:
        assert fed(package, name) == content

    assert package.kept <= 32 << 20
    package.forget(entries[0][0])
    assert package.read(entries[0][0]) == entries[0][1]
