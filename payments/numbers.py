"""Numbers of orders and refunds."""

from core import clock, ids


def new_number(kind: str) -> str:
    """A number for an order (P) or a refund (R): the day for people, the rest by chance."""
    return f"{kind}{clock.today():%Y%m%d}{ids.new_id().hex[:20].upper()}"
