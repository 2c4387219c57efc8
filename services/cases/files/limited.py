"""A function of ours in a process of its own, with hard limits: for parsers of strangers' files.

Such parsers are much C++ (PDFium, QPDF) for hostile bytes (docs/adr/0017): the process is started
for one file, reads it from its standard input, may write nothing, and what goes wrong ends with it.
"""

import asyncio
import resource
import subprocess
import sys
from pathlib import Path

CPU_SECONDS = 8
MEMORY_BYTES = 1024**3
PATIENCE_SECONDS = 20.0
NICE = 10
"""Strangers' files wait for people at a counter, not the other way round."""

_ROOT = str(Path(__file__).resolve().parents[3])
_START = (
    "import os, sys; os.nice(int(sys.argv.pop(1))); sys.path[:0] = [sys.argv.pop(1)]; "
    "from services.cases.files import {0} as m; m.main()"
)


def command(module: str, *arguments: str) -> list[str]:
    """How `services.cases.files.MODULE` is started; its `main()` calls `confine` first.

    Nice before anything is imported: a parser's own imports are a quarter of a second of a core.
    """
    return [sys.executable, "-I", "-c", _START.format(module), str(NICE), _ROOT, *arguments]


def confine() -> None:
    """Runs in the child, before it has read a byte."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(module: str, *arguments: str, source: Path) -> bytes | None:
    """What the child wrote about a file; None when it failed or took too long. Blocks."""
    with source.open("rb") as file:
        try:
            done = subprocess.run(
                command(module, *arguments),
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    return done.stdout if done.returncode == 0 and done.stdout else None


async def call_with(
    module: str, *arguments: str, data: bytes, patience: float = PATIENCE_SECONDS
) -> bytes | None:
    """The same for bytes, without blocking the loop."""
    child = await asyncio.create_subprocess_exec(
        *command(module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(patience):
            found, _ = await child.communicate(data)
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return found if child.returncode == 0 and found else None
