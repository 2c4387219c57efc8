"""What no log line and no refusal may hold: identity numbers, phones, tokens, keys of the tests."""

from __future__ import annotations

import logging
import re

from core import log

FORBIDDEN = re.compile(
    r"310199\d{11}[0-9X]|1990000\d{4}|AT[0-9a-f]{40}|standin-secret|standinapikey"
    r"|session_key|access_token=|PRIVATE KEY|oSTANDIN-|01STANDIN"
)


def check(text: str) -> None:
    """Fails with the place, not with the secret's neighbourhood in full."""
    found = FORBIDDEN.search(text)
    assert found is None, f"a secret in: {text[max(0, found.start() - 60) : found.end()]}"


class SecretWatch(logging.Handler):
    """Reads every line the whole suite logs, as it would be written, and keeps what may not be."""

    def __init__(self) -> None:
        super().__init__(level=logging.INFO)
        self.setFormatter(log.JsonFormatter())
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if FORBIDDEN.search(line):
            self.found.append(line)
