"""Confirming an e-mail address: who enters it must be able to read what is sent there."""

import hmac
import json
import re
import secrets
from typing import TYPE_CHECKING
from uuid import UUID

from core import ids
from core.protection.protect import open_note, seal_note
from core.valkey.redis_client import allow
from identity.log_in import assurance
from identity.principal import Principal
from push import preferences
from push.errors import EmailCodeRefused, EmailNotAvailable, TooManyEmailCodes, UnreadableEmail
from push.providers import Outlet

if TYPE_CHECKING:
    from redis.asyncio import Redis

CODE_SECONDS = 600
MOST_TRIES = 5
CODES_AN_HOUR = 5
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")


async def ask(address: str, *, by: Principal, outlet: Outlet, redis: "Redis") -> None:
    """Send a six-digit code to `address`; an earlier code is void.

    Raises StepUpRequired, UnreadableEmail, EmailNotAvailable, TooManyEmailCodes.
    """
    assurance.require(by, assurance.Act.CHANGE_ADDRESS)
    person_id = by.person_id
    if len(address) > 254 or not ADDRESS.fullmatch(address):
        raise UnreadableEmail()
    if not outlet.open:
        raise EmailNotAvailable()
    if not await allow(redis, f"email-code:{person_id}", limit=CODES_AN_HOUR, seconds=3600):
        raise TooManyEmailCodes()
    code = f"{secrets.randbelow(10**6):06d}"
    key = _key(person_id)
    await redis.set(key, seal_note(key, json.dumps([address, code])), ex=CODE_SECONDS)
    await redis.delete(_tries(person_id))
    await outlet.send(
        to=address,
        title="云间证：确认您的邮箱",
        text=f"您的确认码是 {code}，10 分钟内有效。如果不是您本人操作，请忽略这封邮件。",
        reference=str(ids.new_id()),
    )


async def confirm(person_id: UUID, code: str, *, redis: "Redis") -> str:
    """Use the address the code was sent to; gives it. Raises EmailCodeRefused."""
    kept = open_note(_key(person_id), await redis.get(_key(person_id)))
    if kept is None:
        raise EmailCodeRefused()
    if not await allow(redis, _tries_name(person_id), limit=MOST_TRIES, seconds=CODE_SECONDS):
        await redis.delete(_key(person_id))
        raise EmailCodeRefused()
    address, expected = json.loads(kept)
    if not hmac.compare_digest(str(expected).encode(), code.encode()):
        raise EmailCodeRefused()
    await redis.delete(_key(person_id))
    await preferences.set_email(person_id, address)
    return str(address)


def _key(person_id: UUID) -> str:
    return f"email-code:{person_id}"


def _tries_name(person_id: UUID) -> str:
    return f"email-tries:{person_id}"


def _tries(person_id: UUID) -> str:
    return f"limit:{_tries_name(person_id)}"
