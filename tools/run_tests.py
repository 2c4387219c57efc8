"""Run the whole suite on SQLite, then everything that touches a database again on PostgreSQL.

Ends with a line of totals, and with the exit code of the first run that failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ON_BOTH = ("core", "identity", "cases", "wallet", "push", "api", "journeys")
"""Folders whose tests act on a database; the others would only be repeated."""

PROCESSES = str(min(4, os.cpu_count() or 1))
"""Files are shared out over the cores; each process has a database and a Valkey of its own."""

TOTALS = re.compile(r"(\d+) (passed|failed|skipped|error)")


def run(title: str, database: str, arguments: list[str]) -> tuple[int, dict[str, int]]:
    print(f"\n=== {title} ===", flush=True)
    environment = {**os.environ, "TEST_DATABASE": database}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        PROCESSES,
        "--dist",
        "loadfile",
        *arguments,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, errors="replace"
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        if " in " in line and TOTALS.search(line):
            last = line
    counts = {"passed": 0, "failed": 0, "skipped": 0, "error": 0}
    for number, word in TOTALS.findall(last):
        counts[word] += int(number)
    return process.wait(), counts


def main() -> int:
    began = time.monotonic()
    extra = sys.argv[1:]
    code_sqlite, sqlite = run("SQLite", "sqlite", extra)
    folders = [f"tests/{name}" for name in ON_BOTH if (ROOT / "tests" / name).is_dir()]
    code_postgres, postgres = run("PostgreSQL", "postgres", [*folders, *extra])
    total = {word: sqlite[word] + postgres[word] for word in sqlite}
    failed = total["failed"] + total["error"]
    print(f"\nboth databases, {time.monotonic() - began:.0f} s")
    print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped")
    return code_sqlite or code_postgres


if __name__ == "__main__":
    sys.exit(main())
