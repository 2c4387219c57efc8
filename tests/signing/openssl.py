"""The `openssl` command line as the second opinion on everything SM2."""

import shutil
import subprocess
from pathlib import Path

import pytest

from signing.pki import certificates

IDENTITY = "distid:1234567812345678"
PROGRAM = shutil.which("openssl")

needs_openssl = pytest.mark.skipif(
    PROGRAM is None, reason="no openssl command: apt-get install openssl"
)


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    assert PROGRAM is not None
    return subprocess.run([PROGRAM, *arguments], capture_output=True, check=False)


def verifies(folder: Path, spki: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `openssl dgst -sm3 -verify` accepts this SM2 signature of the message."""
    return _verifies(folder, spki, message, signature, "-sm3", "-sigopt", IDENTITY)


def verifies_p256(folder: Path, spki: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `openssl dgst -sha256 -verify` accepts this P-256 signature of the message."""
    return _verifies(folder, spki, message, signature, "-sha256")


def _verifies(folder: Path, spki: bytes, message: bytes, signature: bytes, *how: str) -> bool:
    key, data, value = folder / "key.der", folder / "message", folder / "signature"
    pem = folder / "key.pem"
    key.write_bytes(spki)
    data.write_bytes(message)
    value.write_bytes(signature)
    made = run("pkey", "-pubin", "-inform", "DER", "-in", str(key), "-out", str(pem), "-pubout")
    assert made.returncode == 0, made.stderr
    arguments = ("-verify", str(pem), "-signature", str(value), str(data))
    return run("dgst", *how, *arguments).stdout.strip() == b"Verified OK"


def trusts(folder: Path, root: bytes, leaf: bytes) -> bool:
    """Whether `openssl verify -x509_strict` builds the chain."""
    paths = []
    for name, der in (("root", root), ("leaf", leaf)):
        source, pem = folder / f"{name}.der", folder / f"{name}.pem"
        source.write_bytes(der)
        run("x509", "-inform", "DER", "-in", str(source), "-out", str(pem))
        paths.append(str(pem))
    strict = ("-vfyopt", IDENTITY, "-x509_strict", "-attime", "1796097600")
    return run("verify", *strict, "-CAfile", *paths).returncode == 0


def certificate_verifies(folder: Path, certificate: bytes, issuer: bytes) -> bool:
    parsed = certificates.parse(certificate)
    spki = certificates.parse(issuer).spki
    return verifies(folder, spki, parsed.signed_part, parsed.signature)
