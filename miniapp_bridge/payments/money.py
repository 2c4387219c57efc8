"""Fen and yuan. Money is counted in whole fen; yuan is a way of writing."""

import re
from decimal import Decimal

YUAN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")


def to_yuan(fen: int) -> str:
    """`1234` → `12.34`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def to_fen(yuan: str) -> int:
    """`12.34` → `1234`. Raises ValueError for everything that is no exact amount."""
    text = yuan.strip()
    if not YUAN.fullmatch(text):
        raise ValueError("not an amount in yuan")
    return int(Decimal(text) * 100)
