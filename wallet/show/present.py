"""亮证: open a short-lived code for a licence, redeem it once, stop it.

Codes live in Redis only. Whoever redeems first gets it, in one atomic step; the same reader may
read it again while it lives (cameras read twice), any other is told it was used. If Redis forgets,
codes are lost and never accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from redis.asyncio import Redis

from core import clock, database, outbox
from core.errors import TooMany
from core.ids import new_id
from core.protection import audit
from core.valkey import redis_client
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.principal import Principal
from wallet.desk import Desk
from wallet.errors import LicenceNotInForce, PresentationNotFound
from wallet.events import PresentationStopped
from wallet.register import status, taken_in
from wallet.types import catalogue, codes

LIFE = timedelta(seconds=60)
RENEW_AFTER = timedelta(seconds=45)
GRACE = timedelta(seconds=10)
REMEMBERED = timedelta(minutes=10)
"""How long a dead code is still known, so that the counter can say why it is refused."""
OPENED_PER_MINUTE = 30


class Redemption(StrEnum):
    """What came of reading a code."""

    REDEEMED = "redeemed"
    AGAIN = "again"
    USED = "used"
    STOPPED = "stopped"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How a presentation stands, for its holder."""

    OPEN = "open"
    USED = "used"
    STOPPED = "stopped"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A code that was just let run, as Redis knows it."""

    id: UUID
    code: str
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """A code that runs now, as its holder's page shows it."""

    id: UUID
    text: str
    svg: str
    expires_at: datetime
    renew_at: datetime


@dataclass(frozen=True, kw_only=True)
class PresentationState:
    """What became of a code; `used_by` names the counter that read it."""

    state: State
    used_by: str | None


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """The outcome of reading, and whose code it was when it was known at all."""

    outcome: Redemption
    presentation_id: UUID | None = None
    licence_id: UUID | None = None
    person_id: UUID | None = None
    session_id: UUID | None = None


_Stored = bytes | bytearray | memoryview | str | int | float
"""What Redis takes as the name or value of a hash field, in the words of its stubs."""

# KEYS: the code. ARGV: now (ms), reader, name of the reader.
_REDEEM = """
local c = redis.call('HMGET', KEYS[1],
  'state', 'dies', 'reader', 'id', 'licence', 'person', 'session')
if not c[1] then return {'unknown'} end
local now = tonumber(ARGV[1])
local outcome
if c[1] == 'stopped' then outcome = 'stopped'
elseif now > tonumber(c[2]) then outcome = 'expired'
elseif c[1] == 'open' then
  redis.call('HSET', KEYS[1], 'state', 'used', 'reader', ARGV[2], 'reader_name', ARGV[3])
  outcome = 'redeemed'
elseif c[3] == ARGV[2] then outcome = 'again'
else outcome = 'used' end
return {outcome, c[4], c[5], c[6], c[7] or ''}
"""

# KEYS: the code. ARGV: now (ms). Gives the state before; only a running code is stopped.
_STOP = """
local c = redis.call('HMGET', KEYS[1], 'state', 'dies')
if not c[1] then return 'expired' end
if c[1] ~= 'open' then return c[1] end
if tonumber(ARGV[1]) > tonumber(c[2]) then return 'expired' end
redis.call('HSET', KEYS[1], 'state', 'stopped')
return 'open'
"""


async def open(licence_id: UUID, *, by: Principal, desk: Desk) -> Presentation:
    """A new code for a licence in the caller's wallet.

    Raises StepUpRequired, LicenceNotFound, OnlyData, LicenceNotInForce for one that may not be
    shown, TooMany.
    """
    assurance.require(by, Act.SHOW_LICENCE)
    licence = await status.own_licence(licence_id, by=by)
    state = status.state_of(licence, clock.today())
    if not state.in_force:
        raise LicenceNotInForce(f"证照{state.text}", state=state.value)
    taken_in.insist_on_more(licence)
    if not await redis_client.allow(
        desk.redis, f"present:{by.person_id}", limit=OPENED_PER_MINUTE, seconds=60
    ):
        raise TooMany(retry_after=60)
    running = await start(
        licence.id, person_id=by.person_id, session_id=by.session_id, redis=desk.redis
    )
    text = codes.text_of(running.code, public_url=desk.public_url)
    return Presentation(
        id=running.id,
        text=text,
        svg=codes.svg(text),
        expires_at=running.started_at + LIFE,
        renew_at=running.started_at + RENEW_AFTER,
    )


async def start(
    licence_id: UUID, *, person_id: UUID, redis: Redis, session_id: UUID | None = None
) -> Running:
    """Let a fresh code run; whether the licence may be shown was asked before."""
    now, code, presentation_id = clock.now(), codes.new_code(), new_id()
    key, handle = _code_key(codes.digest(code)), _handle_key(presentation_id)
    seconds = int((LIFE + REMEMBERED).total_seconds())
    values: Mapping[_Stored, _Stored] = {
        "state": "open",
        "dies": _milliseconds(now + LIFE + GRACE),
        "id": str(presentation_id),
        "licence": str(licence_id),
        "person": str(person_id),
        "session": str(session_id or ""),
    }
    handle_values: Mapping[_Stored, _Stored] = {
        "code": key,
        "licence": str(licence_id),
        "person": str(person_id),
        "ends": _milliseconds(now + LIFE),
    }
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hset(key, mapping=values)
        pipe.expire(key, seconds)
        pipe.hset(handle, mapping=handle_values)
        pipe.expire(handle, seconds)
        await pipe.execute()
    return Running(id=presentation_id, code=code, started_at=now)


async def redeem(code: str, *, by: Principal, redis: Redis, reader_name: str) -> Redeemed:
    """Read a code once, for one reader. One atomic step; never raises for a bad code."""
    answer = await redis.eval(
        _REDEEM,
        1,
        _code_key(codes.digest(code)),
        str(_milliseconds(clock.now())),
        by.actor,
        reader_name,
    )
    outcome, *ids = (part.decode() for part in answer)
    if not ids:
        return Redeemed(outcome=Redemption(outcome))
    *known, session = ids
    presentation_id, licence_id, person_id = map(UUID, known)
    return Redeemed(
        outcome=Redemption(outcome),
        presentation_id=presentation_id,
        licence_id=licence_id,
        person_id=person_id,
        session_id=UUID(session) if session else None,
    )


async def stop(presentation_id: UUID, *, by: Principal, redis: Redis) -> None:
    """Take a running code back; one that is over already stays as it is.

    Raises PresentationNotFound for one that is not the caller's.
    """
    handle = await _own_handle(presentation_id, by=by, redis=redis)
    now = str(_milliseconds(clock.now()))
    before = await redis.eval(_STOP, 1, handle["code"], now)
    if before != b"open":
        return
    licence = await status.find_licence(UUID(handle["licence"]))
    if licence is None:
        return
    async with database.transaction():
        event = PresentationStopped(
            presentation_id=presentation_id,
            licence_id=licence.id,
            subject_id=licence.subject_id,
            person_id=by.person_id,
            licence_name=catalogue.get_type(licence.licence_type).name,
        )
        await outbox.publish(event, key=str(licence.id))
        await audit.record(
            actor=by.actor,
            action="presentation.stop",
            target=f"licence:{licence.id}",
            detail={"presentation": str(presentation_id)},
        )


async def state(presentation_id: UUID, *, by: Principal, redis: Redis) -> PresentationState:
    """How a presentation stands. Raises PresentationNotFound; also when Redis has forgotten it."""
    handle = await _own_handle(presentation_id, by=by, redis=redis)
    stored, reader_name = await redis.hmget(handle["code"], ["state", "reader_name"])
    now = _milliseconds(clock.now())
    current = State(_text(stored)) if stored else State.EXPIRED
    if current is State.OPEN and now > int(handle["ends"]):
        current = State.EXPIRED
    return PresentationState(state=current, used_by=_text(reader_name) if reader_name else None)


async def _own_handle(presentation_id: UUID, *, by: Principal, redis: Redis) -> dict[str, str]:
    stored = await redis.hgetall(_handle_key(presentation_id))
    handle = {_text(name): _text(value) for name, value in stored.items()}
    if handle.get("person") != str(by.person_id):
        raise PresentationNotFound()
    return handle


def _code_key(digest: str) -> str:
    return f"present:code:{digest}"


def _handle_key(presentation_id: UUID) -> str:
    return f"present:id:{presentation_id}"


def _text(stored: bytes | str) -> str:
    """Redis answers in bytes; its stubs allow for both."""
    return stored.decode() if isinstance(stored, bytes) else stored


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
