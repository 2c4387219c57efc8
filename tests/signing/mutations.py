"""Sealed documents with something changed in the archive: headers, directory, entries, names.

`python -m tests.signing.mutations --count 2000 --seed 1` judges so many and shows what readers see
of those that are called valid; a smaller share is part of the suite.
"""

import argparse
import io
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from signing import SigningError, verify_document
from tests.signing.archives import (
    CENTRAL,
    DESCRIPTOR,
    END,
    LOCAL,
    Made,
    archive,
    block,
    deflated,
    entries_of,
    folded,
    front_views,
    unicode_path,
)
from tests.signing.makers import AT, FOLDER, ByHand, authority, licence_files

PAGE = "Doc_0/Pages/Page_0/Content.xml"
FORGED = licence_files("有效期至二〇九九年")[PAGE]
# What a reader never shows: the signature value is judged by itself.
NOT_SHOWN = frozenset({f"{FOLDER}/SignedValue.dat"})
_SIZES = (0, 1, 2, 4, 8, 9, 12, 16, 20, 0x7FFF, 0xFFFF, 0x504B, 0xFFFFFFFF, 0x04034B50)
_TIMES = block(0x5455, b"\x01abcd")
_CLOTHES = (
    Made(b"", b""),
    Made(b"", b"", stored=True),
    Made(b"", b"", descriptor="<4s3I"),
    Made(b"", b"", descriptor="<3I"),
    Made(b"", b"", descriptor="<4sI2Q"),
    Made(b"", b"", stored=True, descriptor="<4s3I"),
    Made(b"", b"", descriptor="<4s3I", known=True),
    Made(
        b"", b"", local_extra=block(0x5455, b"\x01abcd"), central_extra=block(0x5455, b"\x01abcd")
    ),
    Made(b"", b"", made=0x0314, attributes=0o100644 << 16),
)


class Mutator:
    """Everything is drawn from one seed, so that a case can be seen again."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.files = ByHand().sign(licence_files())
        self.ways: tuple[Callable[[], bytes], ...] = (
            self.bytes_anywhere,
            self.bytes_in_a_file,
            self.field_of_a_header,
            self.entry_made_otherwise,
            self.entry_added,
            self.entry_inside,
            self.pieces_moved,
        )

    def clothed(self) -> list[Made]:
        entries = entries_of(self.files, self.random.choice(_CLOTHES))
        if self.random.random() < 0.3:
            entries = [
                self.random.choice(entries_of({one.name.decode(): one.content}, clothes))
                for one in entries
                for clothes in (self.random.choice(_CLOTHES),)
            ]
        return entries

    def sealed(self) -> bytes:
        front = self.random.choice((b"", b"", b"", b"\x01KGPREFIX", b"PK00"))
        behind = self.random.choice((b"", b"", b"", bytes(100)))
        return archive(self.clothed(), front=front, behind=behind)

    def mutate(self) -> tuple[str, bytes]:
        way = self.random.choice(self.ways)
        return way.__name__, way()

    def bytes_anywhere(self) -> bytes:
        return self._hurt(self.sealed())

    def bytes_in_a_file(self) -> bytes:
        """Changed content in an archive that is right about it."""
        name = self.random.choice(list(self.files))
        hurt = self.files | {name: self._hurt(self.files[name])}
        return archive(entries_of(hurt, self.random.choice(_CLOTHES)))

    def field_of_a_header(self) -> bytes:
        data = bytearray(self.sealed())
        mark = self.random.choice((LOCAL, CENTRAL, CENTRAL, END, DESCRIPTOR))
        places = [at for at in range(len(data)) if data.startswith(mark, at)]
        for _ in range(self.random.randint(1, 3)):
            if not places:
                break
            at = self.random.choice(places) + self.random.randint(4, 45)
            width = self.random.choice((1, 2, 4))
            value = self.random.choice((*_SIZES, len(data), self.random.getrandbits(32)))
            changed = (value % (1 << 8 * width)).to_bytes(width, "little")
            data[at : at + width] = changed[: max(0, len(data) - at)]
        return bytes(data)

    def entry_made_otherwise(self) -> bytes:
        entries = self.clothed()
        place = self.random.randrange(len(entries))
        entry = entries[place]
        other = self.random.choice((*self.files, "x.bin", "Doc_0/x/", PAGE.upper(), PAGE + "."))
        extra = self.random.choice(
            (
                unicode_path(entry.name, other),
                block(1, struct.pack("<2Q", len(entry.content), len(entry.body))),
                block(1, struct.pack("<3Q", 1, 2, self.random.randrange(4000))),
                block(0x6C78, b"\x04" + struct.pack("<I", 0o120777 << 16)),
                self.random.randbytes(self.random.randint(1, 12)),
            )
        )
        changes: dict[str, object] = self.random.choice(
            (
                {"local_extra": extra},
                {"central_extra": extra},
                {"local_extra": extra, "central_extra": extra},
                {"local_name": other.encode()},
                {"name": other.encode()},
                {"local_flags": 1 << self.random.randrange(16)},
                {"flags": 1 << self.random.randrange(16)},
                {"attributes": self.random.choice((0o120777 << 16, 0x10, 0o040755 << 16))},
                {"made": self.random.randrange(1 << 16)},
                {"size": self.random.choice(_SIZES)},
                {"crc": self.random.getrandbits(32)},
                {"local_numbers": (0, self.random.choice(_SIZES), 0)},
                {"behind": self.random.choice((bytes(7), b"PK", DESCRIPTOR, self._hidden()))},
                {"listed": False},
                {"packed": entry.body + self.random.randbytes(3)},
                {"packed": entry.body[:-1]},
            )
        )
        entries[place] = replace(entry, **changes)  # type: ignore[arg-type]
        return archive(entries)

    def entry_added(self) -> bytes:
        entries = self.clothed()
        names = (
            PAGE,
            PAGE.upper(),
            PAGE + ".",
            PAGE.replace("/", "\\"),
            "./" + PAGE,
            "x.bin",
            "z/",
        )
        name = self.random.choice(names).encode()
        made = replace(
            self.random.choice(_CLOTHES),
            name=name,
            content=FORGED,
            local_extra=self.random.choice((b"", unicode_path(name, PAGE))),
            listed=self.random.random() < 0.7,
        )
        entries.insert(self.random.randint(0, len(entries)), made)
        return archive(entries)

    def entry_inside(self) -> bytes:
        """A file of our own whose packed bytes hold the other page, in this way or that."""
        entries, content = self.clothed(), self.random.choice((b"", b"x"))
        ended = struct.pack("<I2I", zlib.crc32(content), len(content), len(content))
        hidden = self.random.choice((b"", DESCRIPTOR)) + ended + self._hidden()
        name = self.random.choice((b"x.bin", b"Doc_0/z/", b"Doc_0/z.xml"))
        made = self.random.choice(
            (
                Made(name, content, packed=deflated(content) + hidden),
                Made(name, content, packed=deflated(content) + hidden, descriptor="<4s3I"),
                Made(name, content + hidden, stored=True, descriptor="<4s3I"),
                Made(name, content + hidden, stored=True, descriptor="<3I"),
                Made(name, content + hidden, stored=True),
                Made(name, content + hidden, stored=True, local_numbers=(0, 0, 0)),
                Made(name, content, packed=deflated(content), behind=hidden),
            )
        )
        entries.insert(self.random.randint(0, len(entries)), made)
        return archive(entries)

    def pieces_moved(self) -> bytes:
        """A piece of the archive once more somewhere else, or gone, or another archive around."""
        data, other = self.sealed(), archive(entries_of(self.files | {PAGE: FORGED}))
        start, end = sorted(self.random.randrange(len(data)) for _ in range(2))
        at = self.random.randrange(len(data))
        return self.random.choice(
            (
                lambda: data[:at] + data[start:end] + data[at:],
                lambda: data[:start] + data[end:],
                lambda: other + data,
                lambda: data + other,
                lambda: other[: self.random.randrange(len(other))] + data,
                lambda: data[:at] + other + data[at:],
            )
        )()

    def _hidden(self) -> bytes:
        return replace(self.random.choice(_CLOTHES), name=PAGE.encode(), content=FORGED).local()

    def _hurt(self, data: bytes) -> bytes:
        hurt = bytearray(data)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(hurt))
            kind = self.random.randrange(3)
            if kind == 0:
                hurt[at] ^= 1 << self.random.randrange(8)
            elif kind == 1:
                hurt[at:at] = self.random.randbytes(self.random.randint(1, 4))
            else:
                del hurt[at : at + self.random.randint(1, 4)]
        return bytes(hurt)


def is_valid(data: bytes) -> bool:
    try:
        return verify_document(data, trust=authority().trust, at=AT).verdict == "valid"
    except SigningError:
        return False


def shown_otherwise(data: bytes, signed: Mapping[str, bytes]) -> Iterator[str]:
    """What some reader sees under a signed name that is not what was signed."""
    genuine = {folded(name): content for name, content in signed.items() if name not in NOT_SHOWN}
    for number, view in enumerate(front_views(data)):
        for name, contents in view.items():
            if name in genuine and any(content != genuine[name] for content in contents):
                yield f"front reader {number}: {name}"
    yield from _by_directory(data, genuine)
    for program in (["unzip", "-qq", "-o"], ["bsdtar", "-x", "-f"]):
        if shutil.which(program[0]):
            yield from _by_program(program, data, genuine)


def _by_directory(data: bytes, genuine: Mapping[str, bytes]) -> Iterator[str]:
    """Python's zipfile, which must find every signed file, or say that it cannot read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            seen = {folded(name): found.read(name) for name in found.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return
    for name, content in genuine.items():
        if seen.get(name) != content:
            yield f"zipfile: {name}"


def _by_program(program: list[str], data: bytes, genuine: Mapping[str, bytes]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "archive.zip")
        path.write_bytes(data)
        target = Path(folder, "out")
        target.mkdir()
        place = ["-d", "."] if program[0] == "unzip" else []
        subprocess.run(
            [*program, str(path), *place], cwd=target, capture_output=True, timeout=20, check=False
        )
        files = [one for one in target.rglob("*") if one.is_symlink() or one.is_file()]
        for one in files:
            name = folded(str(one.relative_to(target)))
            if name in genuine and (one.is_symlink() or one.read_bytes() != genuine[name]):
                yield f"{program[0]}: {name}"


def run(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How many of each way were made and valid, and every case that shows something else."""
    mutator, counted, faults = Mutator(seed), Counter[str](), []
    for number in range(count):
        way, data = mutator.mutate()
        counted[f"{way} made"] += 1
        if is_valid(data):
            counted[f"{way} valid"] += 1
            found = shown_otherwise(data, mutator.files)
            faults += [f"{seed}/{number} {way}: {fault}" for fault in found]
    return counted, faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counted, faults = run(options.count, options.seed)
    for name, number in sorted(counted.items()):
        print(f"{number:>6}  {name}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
