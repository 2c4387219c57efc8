"""Uploads: photographs a second, a large body, the same with SM3, peak memory.

Held against a bare loop of receive and write, `openssl speed sm3`, and a Node tus server, all in
the same rounds. Ours also digests and files each photograph; the Node server only writes it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.result import Result
from core.valkey.embedded import free_port
from services.cases.files import pictures
from tools import node_tools

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024
PHOTO_BYTES = 300 * 1000
PHOTOS = 400
SENDERS = 8
LARGE_MIB = 100
HUGE_MIB = 1024
ROUNDS = 4


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process id of a server in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bench.upload_server", str(folder), str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the upload server does not answer")


@contextmanager
def peer(folder: Path) -> Iterator[int | str]:
    """Port of the Node tus server, or why there is none."""
    program = shutil.which("node")
    if program is None:
        yield "Node is not installed"
        return
    if not (node_tools.MODULES / "@tus" / "server").is_dir():
        yield "@tus/server is not there: python tools/node_tools.py"
        return
    port = free_port()
    script = ROOT / "bench" / "upload_peer.cjs"
    command = [program, str(script), str(node_tools.MODULES), str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def send(connection: socket.socket, path: str, size: int, checksum: str = "") -> None:
    """One upload of `size` zero bytes in one request; returns when it was answered.

    A photograph begins with other bytes each time, or filing would find that it has it already.
    """
    head = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Tus-Resumable: 1.0.0",
        f"Upload-Length: {size}",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {size}",
    ]
    if checksum:
        head.append(f"Upload-Checksum: {checksum}")
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    left = size
    if size < MEBIBYTE:
        connection.sendall(os.urandom(16))
        left -= 16
    piece = bytes(min(left, MEBIBYTE))
    while left:
        connection.sendall(piece[:left] if left < len(piece) else piece)
        left -= min(left, len(piece))
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(4096)
    if b" 201 " not in answer.split(b"\r\n", 1)[0]:
        raise RuntimeError(answer[:200])


def photos_a_second(port: int, path: str) -> float:
    """Photographs received and written a second, by several connections."""

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for _ in range(PHOTOS // SENDERS):
                send(connection, path, PHOTO_BYTES)

    began = time.perf_counter()
    senders = [threading.Thread(target=work) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return PHOTOS / (time.perf_counter() - began)


def megabytes_a_second(port: int, path: str, size: int, checksum: str = "") -> float:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        send(connection, path, size, checksum)
        return size / 1e6 / (time.perf_counter() - began)


def bare_megabytes_a_second(folder: Path, size: int) -> float:
    """The limit: a loop of receive and write without a protocol."""
    target = folder / "bare"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def receive() -> None:
            connection, _ = listener.accept()
            room = memoryview(bytearray(MEBIBYTE))
            with connection, target.open("wb", buffering=0) as file:
                while count := connection.recv_into(room):
                    file.write(room[:count])
                connection.sendall(b"x")

        receiver = threading.Thread(target=receive)
        receiver.start()
        with socket.create_connection(listener.getsockname()) as connection:
            began = time.perf_counter()
            for _ in range(size // MEBIBYTE):
                connection.sendall(bytes(MEBIBYTE))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
            seconds = time.perf_counter() - began
        receiver.join()
    target.unlink()
    return size / 1e6 / seconds


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def rewrites_per_cpu_second(folder: Path) -> float:
    """Pictures of about 300 KB written anew, a second and core."""
    from PIL import Image

    picture = Image.effect_noise((1000, 750), 60).convert("RGB")
    source, clean = folder / "photo", folder / "clean"
    picture.save(source, "JPEG", quality=80)
    began = time.process_time()
    for _ in range(10):
        pictures.rewrite(source, kind="jpg", clean=clean)
    return 10 / (time.process_time() - began)


def sm3_megabytes_a_second() -> float:
    """The limit of SM3 on one core, as OpenSSL measures itself; 0 without the command."""
    program = shutil.which("openssl")
    if program is None:
        return 0.0
    # By the wall clock, as all else here: both meet the same load.
    options = ["-elapsed", "-seconds", "1", "-bytes", str(MEBIBYTE)]
    command = [program, "speed", *options, "-evp", "sm3"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^SM3\s+([\d.]+)k", output, re.MULTILINE | re.IGNORECASE)
    return float(found[1]) * 1000 / 1e6 if found else 0.0


class Best:
    """The best figure of each name; rounds of all take turns, so that all meet the same load."""

    def __init__(self) -> None:
        self.of: dict[str, float] = {}

    def note(self, name: str, figure: float) -> None:
        self.of[name] = max(figure, self.of.get(name, 0.0))

    def ratio(self, name: str, limit: str) -> float:
        return self.of[name] / self.of[limit] if self.of.get(limit) else 0.0


def measure(folder: Path, port: int, peer_port: int | None) -> Best:
    size = LARGE_MIB * MEBIBYTE
    digest = base64.b64encode(hashlib.new("sm3", bytes(size)).digest()).decode()
    best = Best()
    for _ in range(ROUNDS):
        best.note("photos_filed_a_second", photos_a_second(port, "/filed"))
        best.note("photos_300_kb_a_second", photos_a_second(port, "/kept"))
        if peer_port is not None:
            best.note("node_photos_a_second", photos_a_second(peer_port, "/files"))
            best.note("node_mb_a_second", megabytes_a_second(peer_port, "/files", size))
        best.note("mb_a_second", megabytes_a_second(port, "/kept", size))
        best.note("bare_mb_a_second", bare_megabytes_a_second(folder, size))
        hashed = megabytes_a_second(port, "/kept", size, f"sm3 {digest}")
        best.note("with_sm3_mb_a_second", hashed)
        best.note("openssl_sm3_mb_a_second", sm3_megabytes_a_second())
    return best


def run() -> Result:
    with tempfile.TemporaryDirectory(prefix="yunjian-upload-") as name:
        folder = Path(name)
        with server(folder) as (port, pid), peer(folder) as found:
            best = measure(folder, port, found if isinstance(found, int) else None)
            before = peak_mib(pid)
            megabytes_a_second(port, "/kept", HUGE_MIB * MEBIBYTE)
            grown = peak_mib(pid) - before
        rewrites = rewrites_per_cpu_second(folder)
    details: dict[str, Any] = dict(best.of)
    details |= {
        "node": f"not measured: {found}" if isinstance(found, str) else "@tus/server, file-store",
        "photos_written_to_node": best.ratio("photos_300_kb_a_second", "node_photos_a_second"),
        "photos_filed_to_node": best.ratio("photos_filed_a_second", "node_photos_a_second"),
        "sm3_to_openssl": best.ratio("with_sm3_mb_a_second", "openssl_sm3_mb_a_second"),
        "peak_growth_mib_at_1_gib": grown,
        "photos_rewritten_per_cpu_second": rewrites,
        "cores": os.cpu_count(),
    }
    if not best.of["openssl_sm3_mb_a_second"]:
        details["sm3_to_openssl"] = "not measured: no openssl command with sm3"
    return Result(
        bench="upload",
        figure=best.of["mb_a_second"],
        unit="MB/s",
        limit=best.of["bare_mb_a_second"],
        limit_is="receive and write without a protocol, same machine and run",
        details=details,
    )
