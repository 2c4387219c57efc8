"""Uploads: small photographs a second, a large body against bare receive-and-write, peak memory."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.result import Result
from cases import pictures
from core.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024
PHOTO_BYTES = 300 * 1000
PHOTOS = 400
SENDERS = 8
LARGE_MIB = 100
HUGE_MIB = 1024
ROUNDS = 3


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


def send(connection: socket.socket, path: str, size: int, checksum: str = "") -> None:
    """One PATCH of `size` zero bytes; returns when it was answered."""
    extra = f"Upload-Checksum: {checksum}\r\n" if checksum else ""
    head = f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n{extra}\r\n"
    connection.sendall(head.encode())
    piece, left = bytes(min(size, MEBIBYTE)), size
    while left:
        connection.sendall(piece[:left] if left < len(piece) else piece)
        left -= min(left, len(piece))
    answer = connection.recv(4096)
    if b" 204 " not in answer:
        raise RuntimeError(answer[:200])


def photos_a_second(port: int) -> float:
    """Photographs received, written, digested and filed a second, by several connections."""

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for _ in range(PHOTOS // SENDERS):
                send(connection, "/filed", PHOTO_BYTES)

    began = time.perf_counter()
    senders = [threading.Thread(target=work) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return PHOTOS / (time.perf_counter() - began)


def megabytes_a_second(port: int, size: int, checksum: str = "") -> float:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        send(connection, "/kept", size, checksum)
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


def run() -> Result:
    size = LARGE_MIB * MEBIBYTE
    digest = base64.b64encode(hashlib.new("sm3", bytes(size)).digest()).decode()
    with tempfile.TemporaryDirectory(prefix="yunjian-upload-") as name:
        folder = Path(name)
        with server(folder) as (port, pid):
            photos = max(photos_a_second(port) for _ in range(2))
            plain, bare, hashed = 0.0, 0.0, 0.0
            for _ in range(ROUNDS):
                plain = max(plain, megabytes_a_second(port, size))
                bare = max(bare, bare_megabytes_a_second(folder, size))
                hashed = max(hashed, megabytes_a_second(port, size, f"sm3 {digest}"))
            before = peak_mib(pid)
            megabytes_a_second(port, HUGE_MIB * MEBIBYTE)
            grown = peak_mib(pid) - before
        rewrites = rewrites_per_cpu_second(folder)
    return Result(
        bench="upload",
        figure=plain,
        unit="MB/s",
        limit=bare,
        limit_is="receive and write without a protocol, same machine and run",
        details={
            "photos_300_kb_a_second": photos,
            "with_sm3_mb_a_second": hashed,
            "peak_growth_mib_at_1_gib": grown,
            "photos_rewritten_per_cpu_second": rewrites,
            "cores": os.cpu_count(),
        },
    )
