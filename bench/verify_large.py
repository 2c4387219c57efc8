"""Verify a large OFD: megabytes a second of one core, and the memory of the whole process."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.result import Result, per_cpu_second
from signing import TrustList, sm3, verify_document
from tests.factories import AT, begun_licence, department_signs, large_document, licence_authority

MEGABYTE = 1_000_000
ROUNDS = 3


def large_sealed() -> bytes:
    """About 100 MB: 200 pages, each with a picture of half a megabyte."""
    unsigned = begun_licence(large_document())
    return unsigned.complete(department_signs(unsigned))


def verify_in_child(path: Path, trust: bytes) -> tuple[str, float, float]:
    """Verdict, best CPU seconds, and the peak resident memory of this whole process in MiB."""
    document, believed, spent = path.read_bytes(), TrustList.from_bytes(trust), []
    for _ in range(ROUNDS):
        began = time.process_time()
        report = verify_document(document, trust=believed, at=AT)
        spent.append(time.process_time() - began)
    return str(report.verdict), min(spent), peak_mib()


def peak_mib() -> float:
    """Peak resident memory of this process. On Linux not by getrusage, which hands the peak of
    the parent on to a program it starts."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / (1 << 20)


def in_child(document: bytes) -> tuple[str, float, float]:
    """`verify_in_child` in a fresh process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.ofd"
        path.write_bytes(document)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            trust = licence_authority().trust.to_bytes()
            return pool.submit(verify_in_child, path, trust).result()


def run() -> Result:
    document = large_sealed()
    verdict, seconds, peak = in_child(document)
    block = document[: 16 * MEGABYTE]
    digests = per_cpu_second(lambda: sm3(block))
    return Result(
        bench="verify-large",
        figure=len(document) / MEGABYTE / seconds,
        unit="MB/s per core",
        limit=digests * len(block) / MEGABYTE,
        limit_is="SM3 alone over as many bytes",
        details={
            "verdict": verdict,
            "document_mb": len(document) / MEGABYTE,
            "peak_mib_of_the_process": peak,
        },
    )
