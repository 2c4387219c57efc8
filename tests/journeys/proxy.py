"""A real nginx in front of a server of ours, set up as docs/how-to/run-behind-nginx.md says."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run-behind-nginx.md"
PROXY = "127.0.0.9"
"""From where nginx connects to us; the citizens of a test come from other addresses of 127/8."""

SITE = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream yunjian {{ server 127.0.0.1:{server}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_bind {proxy}; include {folder}/yunjian.conf; }}
    }}
}}
"""


def program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")


@contextmanager
def nginx(folder: Path, *, port: int, server: int) -> Iterator[None]:
    """nginx on `port` in front of the server on `server`, until the block ends."""
    rules = re.search(r"very text:\n\n```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert rules is not None
    (folder / "yunjian.conf").write_text(rules[1], encoding="utf-8")
    site = folder / "nginx.conf"
    site.write_text(SITE.format(folder=folder, port=port, server=server, proxy=PROXY))
    found = program()
    assert found is not None
    process = subprocess.Popen([found, "-p", str(folder), "-c", str(site), "-e", "stderr"])
    try:
        _wait(process, port)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert process.poll() is None, "nginx ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise TimeoutError("nginx does not answer")
