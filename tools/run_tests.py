"""Run the whole suite on SQLite, then everything that touches a database again on PostgreSQL.

Long walks marked `one_database` are taken on PostgreSQL only.

Ends with a line of totals, and with the exit code of the first run that failed.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = str(min(4, (os.cpu_count() or 1) + 1))
"""Files are shared out over processes, each with a database and a Valkey of its own; one more than
cores, because much of a test is waiting for servers and the browser."""

SILENCE_SECONDS = 600.0
"""A run that prints nothing for so long stands still; the longest test takes a minute."""

TOTALS = re.compile(r"(\d+) (passed|failed|skipped|error)")


def run(title: str, database: str, arguments: list[str]) -> tuple[int, dict[str, int]]:
    print(f"\n=== {title} ===", flush=True)
    environment = {**os.environ, "TEST_DATABASE": database, "TEST_FOLLOWED_BY_POSTGRES": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        PROCESSES,
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        *arguments,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        output = _pass_on(process)
    except BaseException:
        # The run is a process group of its own: Ctrl-C at the terminal does not reach it.
        os.killpg(process.pid, signal.SIGTERM)
        raise
    last = ""
    for line in output.splitlines():
        if " in " in line and TOTALS.search(line):
            last = line
    counts = {"passed": 0, "failed": 0, "skipped": 0, "error": 0}
    for number, word in TOTALS.findall(last):
        counts[word] += int(number)
    return process.wait(), counts


def _pass_on(process: subprocess.Popen[bytes]) -> str:
    """Print what the run prints, as it comes; end it when it has said nothing for too long.

    A single test has its own limit (`timeout` in pyproject.toml); this one is for what lies beyond
    tests: a process that does not end, a runner that waits for nobody.
    """
    assert process.stdout is not None
    output = bytearray()
    while select.select([process.stdout], [], [], SILENCE_SECONDS)[0]:
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            return output.decode(errors="replace")
        output += piece
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    print(f"\nnothing happened for {SILENCE_SECONDS:.0f} s: this run is ended", flush=True)
    os.killpg(process.pid, signal.SIGABRT)
    return output.decode(errors="replace")


def main() -> int:
    began = time.monotonic()
    extra = sys.argv[1:]
    code_sqlite, sqlite = run("SQLite", "sqlite", extra)
    code_postgres, postgres = run("PostgreSQL", "postgres", extra)
    total = {word: sqlite[word] + postgres[word] for word in sqlite}
    failed = total["failed"] + total["error"]
    print(f"\nboth databases, {time.monotonic() - began:.0f} s")
    print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped")
    return code_sqlite or code_postgres


if __name__ == "__main__":
    sys.exit(main())
