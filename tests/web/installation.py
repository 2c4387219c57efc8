"""The demo as a reader of the README starts it, and what it printed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import secrets_watch
from tests.installation import Installation


@dataclass(frozen=True)
class Demo:
    """A running demo and what it printed for those who try it."""

    url: str
    enrolment_code: str
    client_id: str
    client_secret: str
    passwords: dict[str, str]
    installation: Installation

    def new_enrolment_code(self) -> str:
        """Another code for the counter; each is good once."""
        return self.installation.manage("counter-code", "SCJG", "松江区政务服务中心").split()[-1]


@contextmanager
def running_demo(like: Path | None = None) -> Iterator[Demo]:
    """Start the demo on a free port, with a Valkey of its own; end it with the block."""
    with tempfile.TemporaryDirectory(prefix="yunjian-web-", ignore_cleanup_errors=True) as folder:
        installation = Installation(Path(folder), like=like)
        installation.start()
        try:
            client_id, secret = installation.client()
            yield Demo(
                url=installation.address,
                enrolment_code=installation.enrolment_code(),
                client_id=client_id,
                client_secret=secret,
                passwords=installation.passwords(),
                installation=installation,
            )
        finally:
            installation.stop()
        for line in installation.output().splitlines():
            if line.startswith("{"):
                secrets_watch.check(line)
