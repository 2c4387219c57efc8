"""Every hostile file is refused with a reason or cleaned, soon and in bounded memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from bench.verify_large import peak_mib
from services.cases.files import file_checks
from services.cases.files.file_checks import Refusal
from services.cases.models import MaterialFile
from tests.cases import hostile
from tests.cases.factories import CaseMaker
from tests.cases.hostile import MARK

ACCEPT = ("jpg", "png", "pdf", "ofd")
CPU_SECONDS = 2.0
PEAK_MIB = 700
"""Where the process that looks at all of them may come to."""


@dataclass(frozen=True)
class Judged:
    refusal: Refusal | None
    cpu_seconds: float
    peak_mib: float


def judge(source: str, clean: str) -> Judged:
    began = time.process_time()
    found = file_checks.inspect(source, accept=ACCEPT, clean=clean)
    return Judged(
        refusal=found if isinstance(found, Refusal) else None,
        cpu_seconds=time.process_time() - began,
        peak_mib=peak_mib(),
    )


@pytest.fixture(scope="module")
def judges() -> Iterator[ProcessPoolExecutor]:
    """One process of its own, so that its memory can be told."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield pool


@pytest.mark.timeout(120)
def test_every_hostile_file_is_refused_or_cleaned(
    judges: ProcessPoolExecutor, tmp_path: Path
) -> None:
    files = hostile.everything()
    source, clean = tmp_path / "source", tmp_path / "clean"
    complaints = []
    for file in files:
        source.write_bytes(file.data)
        clean.unlink(missing_ok=True)
        judged = judges.submit(judge, str(source), str(clean)).result()
        complaints += [f"{file.name}: {text}" for text in _complaints(file, judged, clean)]

    assert complaints == []
    assert len(files) >= 100
    assert len({file.name for file in files}) == len(files)


def _complaints(file: hostile.Hostile, judged: Judged, clean: Path) -> Iterator[str]:
    if judged.cpu_seconds > CPU_SECONDS:
        yield f"took {judged.cpu_seconds:.1f} s"
    if judged.peak_mib > PEAK_MIB:
        yield f"the process has grown to {judged.peak_mib:.0f} MiB"
    if judged.refusal is not None:
        if not judged.refusal.detail:
            yield "was refused without a reason"
        if clean.exists():
            yield "was refused and left a cleaned copy"
    elif not file.cleaned:
        yield "was taken"
    elif MARK in clean.read_bytes():
        yield "kept what was hidden in it"
    else:
        with Image.open(clean) as picture:
            if dict(picture.getexif()) or set(picture.info) - {
                "jfif",
                "jfif_version",
                "jfif_unit",
                "jfif_density",
            }:
                yield f"kept {picture.info}"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Windows\\win.ini", "win.jpg"),
        ("/etc/cron.d/job", "job.jpg"),
        (".htaccess", "材料.jpg"),
        ("a\0b\r\nSet-Cookie: x.jpg", "abSet-Cookie: x.jpg"),
        ("照片\u202egpj.exe", "照片gpj.jpg"),
        ("", "材料.jpg"),
        ("..", "材料.jpg"),
        ("x" * 500 + ".php", "x" * 120 + ".jpg"),
        ("photo.php.jpg", "photo.php.jpg"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.jpg"),
    ],
)
async def test_a_name_leads_nowhere(cases: CaseMaker, sent: str, kept: str) -> None:
    await cases.attach(await cases.draft(), name=sent)

    assert (await MaterialFile.get()).name == kept
