"""SM2: ours against `openssl speed` on the same core."""

from __future__ import annotations

import re
import shutil
import subprocess

from bench.result import Result, per_cpu_second
from signing import sm2

MESSAGE = b"x" * 300
SPEED_LINE = re.compile(r"SM2 \(CurveSM2\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)")


def openssl_speed() -> tuple[float, float]:
    """Signatures and verifications a second of one core, as OpenSSL measures itself."""
    program = shutil.which("openssl")
    if program is None:
        raise RuntimeError("the openssl command is needed for its `speed`")
    output = subprocess.run(
        [program, "speed", "-seconds", "1", "sm2"], capture_output=True, text=True, check=True
    ).stdout
    found = SPEED_LINE.search(output)
    if found is None:
        raise RuntimeError("openssl speed has no line for SM2: built without it?")
    return float(found.group(1)), float(found.group(2))


def run() -> Result:
    key = sm2.PrivateKey.generate()
    signature = key.sign(MESSAGE)
    limit_sign, limit_verify = openssl_speed()
    sign = per_cpu_second(lambda: key.sign(MESSAGE))
    verify = per_cpu_second(lambda: key.public.verify(signature, MESSAGE))
    return Result(
        bench="sm2",
        figure=verify,
        unit="verifications/s per core",
        limit=limit_verify,
        limit_is="openssl speed sm2, verify",
        details={
            "sign": sign,
            "sign_limit": limit_sign,
            "sign_ratio": sign / limit_sign,
            "library": sm2.VERSION,
        },
    )
