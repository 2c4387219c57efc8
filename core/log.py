"""JSON logs, one object a line, with personal numbers scrubbed before they are written."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

IDENTITY_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
BEARER = re.compile(r"(?i)(bearer\s+|yj_session=)[\w\-.~+/=]{8,}")
ONLINE_CODE = re.compile(r"(?i)(/p/)[0-9A-HJKMNP-TV-Z]{26}")


def scrub(text: str) -> str:
    """`text` without identity numbers, mobile numbers, session tokens and presentation codes."""
    text = IDENTITY_NUMBER.sub("[id-number]", text)
    text = MOBILE.sub("[mobile]", text)
    text = BEARER.sub(r"\1[token]", text)
    return ONLINE_CODE.sub(r"\1[code]", text)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        for name in ("request_id", "method", "path", "status", "milliseconds"):
            value = getattr(record, name, None)
            if value is not None:
                line[name] = scrub(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: str = "INFO") -> None:
    """Send everything to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("asyncio", "tortoise", "aiosqlite", "sanic.websockets", "websockets"):
        logging.getLogger(noisy).setLevel("WARNING")
