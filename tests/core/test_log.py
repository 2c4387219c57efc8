"""No log line carries an identity number, a phone number, a token or a code."""

import json
import logging

import pytest

from core.log import JsonFormatter, scrub


@pytest.mark.parametrize(
    "secret",
    [
        "310199199003071017",
        "11010519491231002X",
        "19900000001",
        "Bearer abcdefghijklmnop",
        "yj_session=abcdefghijklmnop",
        "/P/0123456789ABCDEFGHJKMNPQRS",
    ],
)
def test_secret_does_not_survive(secret: str) -> None:
    kept = scrub(f"before {secret} after")

    assert secret not in kept
    assert kept.startswith("before ")
    assert kept.endswith(" after")


def test_ordinary_numbers_stay() -> None:
    text = "case SJ20261125-0001, 20261125100000, 1732500000.123456"

    assert scrub(text) == text


def test_exception_is_scrubbed_too() -> None:
    try:
        raise ValueError("310199199003071017")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, info)

    line = json.loads(JsonFormatter().format(record))

    assert "310199199003071017" not in line["exception"]
    assert "ValueError" in line["exception"]
