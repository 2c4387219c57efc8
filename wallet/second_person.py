"""What takes two: who stands alone is turned away, and that stands in the audit."""

from core import database
from core.protection import audit
from wallet.errors import SecondPersonNeeded


async def refuse(actor: str, *, action: str, target: str, why: str) -> SecondPersonNeeded:
    """The refusal, to be raised, after it was written down in a transaction of its own."""
    async with database.transaction():
        await audit.record(actor=actor, action=f"{action}-refused", target=target)
    return SecondPersonNeeded(why)
