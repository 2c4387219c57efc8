"""From an empty database to the first keeper of accounts, by the documented commands."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.one_database


def refusal(installation: Installation, *arguments: str) -> str:
    """What a command that must fail says."""
    try:
        installation.manage(*arguments)
    except subprocess.CalledProcessError as refused:
        return str(refused.stderr)
    raise AssertionError(f"{arguments} was not refused")


def test_first_officer_is_made_once_and_the_password_stands_nowhere(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.manage("migrate")

    start = installation.manage("first-officer", "GL-01", "王管理").strip()
    again = refusal(installation, "first-officer", "GL-02", "李管理")
    anew = installation.manage("start-password", "GL-01").strip()
    nothing_asked = refusal(installation, "approve-power", "GL-01")

    assert len(start) == len(anew) == 19
    assert start != anew
    assert "first-officer-exists" in again
    assert "power-proposal-not-found" in nothing_asked
    for folder, _, files in os.walk(tmp_path):
        for name in files:
            assert start.encode() not in (Path(folder) / name).read_bytes(), name
    assert "records, every chain is whole" in installation.manage("check-audit")
