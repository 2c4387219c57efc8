"""One effect for one request: the caller's key stands in a unique column beside the effect.

Who asks again under the same key, because the answer was lost, gets what the first request led to.
The key is written in the transaction of the effect (`keep`), so that a process, a connection or
Redis that dies between the effect and the answer doubles nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tortoise import fields
from tortoise.exceptions import IntegrityError

from core import clock, database
from core.data import forgetting
from core.errors import Invalid
from core.ids import derived_id
from core.protection.protect import ProtectedField, ProtectedModel

KEPT = timedelta(days=7)


class KeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = "同一个请求编号不能用于不同的内容，请刷新后重试"


class AskedRequest(ProtectedModel):
    """A request that had its effect, and what it led to."""

    id = fields.UUIDField(primary_key=True)
    """Derived from who asked and the key: unique."""
    asked_by = fields.CharField(max_length=160)
    digest = fields.CharField(max_length=64)
    """Of path and body: a key is good for one content."""
    result = ProtectedField()
    """JSON: an id, a number, a link. The answer is rendered from it anew."""
    at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "core_asked_request"
        app = "core"


@dataclass
class Asked:
    """A request that carries a key."""

    by: str
    """The caller and whom it acts for."""
    key: str = field(repr=False)
    digest: str
    kept: bool = False


async def run(asked: Asked, act: Callable[[], Awaitable[str]]) -> str:
    """What `act` gives, or what it gave when this was asked before.

    `act` must call `keep` in its transaction. Raises KeyReused, and what `act` raises.
    """
    earlier = await _earlier(asked)
    if earlier is not None:
        return earlier
    try:
        result = await act()
    except IntegrityError:
        # The same request ran side by side and was first.
        earlier = await _earlier(asked)
        if earlier is None:
            raise
        return earlier
    if not asked.kept:
        raise RuntimeError("the act did not keep the key of its request")
    return result


async def is_done(asked: Asked) -> bool:
    """Whether the same request had its effect meanwhile: what then stands in its way is itself."""
    return await _earlier(asked) is not None


async def keep(asked: Asked | None, result: str) -> None:
    """Write the key beside the effect. Raises RuntimeError outside a transaction.

    Raises IntegrityError, which undoes the effect, when the same request was first.
    """
    if asked is None:
        return
    if not database.in_progress():
        raise RuntimeError("once.keep() belongs inside transaction()")
    row = AskedRequest(
        id=_id(asked), asked_by=asked.by, digest=asked.digest, result=result, at=clock.now()
    )
    await row.save(force_create=True)
    asked.kept = True


async def forget_old() -> int:
    """Delete keys nobody repeats any more (a timer calls it)."""
    old = AskedRequest.filter(at__lt=clock.now() - KEPT)
    return await forgetting.forget(old, by="at")


async def _earlier(asked: Asked) -> str | None:
    row = await AskedRequest.get_or_none(id=_id(asked))
    if row is None:
        return None
    if row.digest != asked.digest:
        raise KeyReused()
    return row.result


def _id(asked: Asked) -> object:
    return derived_id("asked", asked.by, asked.key)
