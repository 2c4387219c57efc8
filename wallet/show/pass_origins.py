"""Where a pass came from, so that it dies with what gave it its power.

A pass is made in a session, perhaps for a key of the phone, by the holder or by somebody who acts
for the holder. Who throws a thief's session out, registers another key or ends a mandate takes the
passes of it along. Readers with network are told at once. The format gives a pass one place in the
status lists, that of its licence, so that a reader without network cannot be told of a session: it
learns of it when it hands its readings in.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.data import forgetting
from identity import queries as identity_queries
from identity.errors import SessionNotFound
from identity.log_in import sessions
from identity.principal import Principal
from signing.passes.passes import Claims
from wallet.models import Licence, PassOrigin, PhoneKey
from wallet.types.verdict import Check, Outcome, Reason

KEPT = timedelta(days=4)
"""After a pass has ended, for readings that are handed in late."""


async def keep(claims: Claims, licence: Licence, *, by: Principal) -> None:
    """Note where a pass comes from, in the current transaction."""
    await PassOrigin.create(
        pass_id=claims.id.hex(),
        session_id=by.session_id,
        person_id=by.person_id,
        subject_id=licence.subject_id,
        key_digest=_digest(claims.phone_key),
        ends_at=claims.expires_at,
    )


async def check_pass(claims: Claims, *, at: datetime) -> Check:
    """Whether what the pass was made in was still good at `at`, when it was shown."""
    origin = await PassOrigin.get_or_none(pass_id=claims.id.hex())
    if origin is None:
        return _check(Outcome.UNKNOWN, "查不到这个离线码的出具记录", Reason.STATUS_UNREACHABLE)
    if await _key_is_another(origin, at):
        return _check(Outcome.FAIL, "手机已换用新的离线密钥", Reason.CODE_STOPPED)
    return await check_showing(origin.session_id, origin.person_id, origin.subject_id, at=at)


async def check_showing(
    session_id: UUID | None, person_id: UUID, subject_id: UUID, *, at: datetime
) -> Check:
    """Whether the session and the right of who shows a licence were good at `at`."""
    try:
        ended = await sessions.revoked_at(session_id) if session_id is not None else None
    except SessionNotFound:
        return _check(Outcome.UNKNOWN, "出示人的登录记录已清理", Reason.STATUS_UNREACHABLE)
    if ended is not None and ended <= at:
        return _check(Outcome.FAIL, "出示时所用的登录已被终止", Reason.CODE_STOPPED)
    if not await identity_queries.stands_for(person_id, subject_id):
        return _check(Outcome.FAIL, "出示人已无权代持证主体出示", Reason.CODE_STOPPED)
    return _check(Outcome.PASS, "出示人的登录和权限有效")


async def forget_old() -> int:
    """Delete what no reading can ask for any more (a timer calls it)."""
    ended = PassOrigin.filter(ends_at__lt=clock.now() - KEPT)
    return await forgetting.forget(ended, by="ends_at")


async def _key_is_another(origin: PassOrigin, at: datetime) -> bool:
    if not origin.key_digest:
        return False
    key = await PhoneKey.get_or_none(session_id=origin.session_id)
    if key is None:
        return True
    return _digest(bytes(key.point)) != origin.key_digest and key.registered_at <= at


def _check(outcome: Outcome, detail: str, reason: Reason | None = None) -> Check:
    return Check(name="showing", outcome=outcome, detail=detail, reason=reason)


def _digest(point: bytes | None) -> str:
    return "" if point is None else hashlib.sha256(point).hexdigest()
