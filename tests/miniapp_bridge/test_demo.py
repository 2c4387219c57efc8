"""The played platforms end with the program that started them, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STARTS_PLATFORMS = """
import sys, time
from pathlib import Path
from core.settings import Settings
from miniapp_bridge.demo import played_platforms
settings = Settings.from_env({"YUNJIAN_VAR": sys.argv[1]})
with played_platforms(settings, []) as (_, url):
    print(url, flush=True)
    time.sleep(60)
"""


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/__ctl/calls", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def test_stand_in_does_not_outlive_a_killed_program(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_PLATFORMS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        assert answers(url)
        program.send_signal(signal.SIGKILL)

    end = time.monotonic() + 20
    while answers(url):
        assert time.monotonic() < end
        time.sleep(0.02)
