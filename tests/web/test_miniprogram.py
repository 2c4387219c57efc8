"""The mini-program shells: their logic under plain Node.js, and well-formed markup and settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
SHELLS = HERE.parents[1] / "web" / "miniprogram"


def test_shells_behave() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    run = subprocess.run(
        [node, "--test", str(HERE / "miniprogram.cjs")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:]


@pytest.mark.parametrize("path", sorted(SHELLS.rglob("*.json")), ids=lambda path: path.name)
def test_settings_are_json(path: Path) -> None:
    json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("path", sorted(SHELLS.rglob("*.[wa]xml")), ids=lambda path: path.name)
def test_markup_is_well_formed(path: Path) -> None:
    text = re.sub(r"\b(wx|a):", r"\1-", path.read_text("utf-8"))
    text = re.sub(r"(\s(?:wx|a)-else)(?=[\s>])", r'\1=""', text)
    ElementTree.fromstring(text)  # noqa: S314 - files of our own


def test_no_secret_and_no_session_lies_in_the_shells() -> None:
    for path in SHELLS.rglob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(r"secret|session_key|openid|Authorization", text, re.IGNORECASE), path
