"""The mini-program shells: their logic under plain Node.js, and well-formed markup and settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import node_tools as tools

HERE = Path(__file__).resolve().parent
SHELLS = HERE.parents[1] / "web" / "miniprogram"


def test_shells_behave() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: apt-get install nodejs npm")
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


@pytest.fixture
def toolbox() -> None:
    if shutil.which("node") is None:
        pytest.skip("no Node.js: apt-get install nodejs npm")
    if not tools.MODULES.is_dir():
        pytest.skip("no checkers: fetch them once by python tools/node_tools.py")


def compiler(kind: str) -> None:
    if kind not in tools.compilers():
        pytest.skip("no WeChat compilers for this machine: they run on Linux and macOS with x86-64")


@pytest.mark.parametrize("shell", ["wechat", "alipay"])
def test_scripts_call_the_platform_as_its_types_say(toolbox: None, shell: str) -> None:
    assert tools.check_types(shell) == ""


def test_call_the_platform_does_not_know_is_found(toolbox: None, tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text("// @ts-check\nwx.noSuchCall({});\n", "utf-8")

    assert "noSuchCall" in tools.check_types("wechat", source=tmp_path)


@pytest.mark.parametrize("kind", ["wxml", "wxss"])
def test_wechats_own_compiler_takes_markup_and_styles(toolbox: None, kind: str) -> None:
    compiler(kind)
    folder = SHELLS / "wechat"

    assert tools.compile_files(kind, sorted(folder.rglob(f"*.{kind}")), folder=folder) == ""


def test_broken_markup_is_found_with_its_line(toolbox: None, tmp_path: Path) -> None:
    compiler("wxml")
    broken = tmp_path / "broken.wxml"
    broken.write_text("<view>\n<text>x</view>\n", "utf-8")

    assert "broken.wxml:2" in tools.compile_files("wxml", [broken], folder=tmp_path)


def test_no_secret_and_no_session_lies_in_the_shells() -> None:
    for path in SHELLS.rglob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(r"secret|session_key|openid|Authorization", text, re.IGNORECASE), path
