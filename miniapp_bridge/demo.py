"""The demo's platforms: the stand-in as a process of its own, and settings that lead to it.

It is started by its module name and nothing is imported from it (docs/adr/0010), and never in
production.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from core.settings import Settings
from core.valkey.embedded import free_port, tied

START_SECONDS = 20.0
ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def played_platforms(
    settings: Settings, people: Sequence[Mapping[str, str]]
) -> Iterator[tuple[Settings, str]]:
    """Settings with every platform played on this machine, and the stand-in's address.

    Settings that name platforms of their own, and production, are left alone.
    """
    if settings.platforms_file is not None or settings.environment == "production":
        yield settings, ""
        return
    folder = settings.var_dir / "standin"
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "people.json"
    listed.touch(mode=0o600)
    listed.write_text(json.dumps(list(people), ensure_ascii=False), encoding="utf-8")
    port = free_port()
    process = subprocess.Popen(tied(_command(settings, folder, listed, port)), cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url)
        yield replace(settings, platforms_file=folder / "platforms.toml"), url
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def _command(settings: Settings, folder: Path, listed: Path, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "miniapp_bridge.standin",
        "--port",
        str(port),
        "--folder",
        str(folder),
        "--people",
        str(listed),
        "--page-host",
        urlsplit(settings.public_url).netloc,
    ]


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the stand-in ended with {process.returncode}")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/__ctl/calls", timeout=1),  # noqa: S310 - loopback
        ):
            return
        time.sleep(0.05)
    raise TimeoutError("the stand-in does not answer")
