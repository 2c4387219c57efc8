"""Vendored files are as they came, and nothing on the pages comes from outside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"


def test_vendored_files_are_unchanged() -> None:
    command = [sys.executable, "tools/vendor_web.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_edited_file_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    (copy / "tools").mkdir(parents=True)
    (copy / "tools" / "vendor_web.py").write_bytes((ROOT / "tools" / "vendor_web.py").read_bytes())
    for source in (WEB / "vendor").rglob("*"):
        target = copy / "web" / "vendor" / source.relative_to(WEB / "vendor")
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (copy / "web" / "vendor" / "tus.js").write_text("changed")

    command = [sys.executable, "tools/vendor_web.py", "--check"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "tus.js was changed" in done.stderr


def test_pages_name_no_outside_address() -> None:
    # The shells of the mini-programs name the city's own host, which they cannot be told otherwise.
    allowed = re.compile(r"http://www\.w3\.org/|https://zwfw\.example\.gov\.cn")
    for path in WEB.rglob("*"):
        if path.suffix in {".html", ".js", ".css"} and "vendor" not in path.parts:
            found = re.findall(r"https?://[^\s'\"`)]+", path.read_text("utf-8"))
            assert [one for one in found if not allowed.match(one)] == [], path
