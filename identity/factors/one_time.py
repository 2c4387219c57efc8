"""One-time codes of an app (TOTP, RFC 6238): SHA-1, six digits, steps of thirty seconds.

SHA-1 and six digits are what every authenticator app reads; HMAC does not rest on collisions. A
code is good in its step, the one before and the one after (section 5.2 advises one step for slow
networks), and once: the step that was taken is kept and moved by compare-and-set.
"""

import hmac
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pyotp

from core import clock
from core.database import transaction
from core.protection import audit
from identity.errors import TooManyGuesses
from identity.factors import errors, holding
from identity.log_in import guesses, hand_over
from identity.models import OneTimeSecret
from identity.principal import Principal

if TYPE_CHECKING:
    from redis.asyncio import Redis

WAY = "totp"
ISSUER = "云间证"
STEP_SECONDS = 30
WINDOW = 1
"""Steps before and after the present one that are taken."""
SEEN_BESIDE = 20
"""Steps beside the window in which a code is told to be out of time: ten minutes of a wrong clock.
It tells a stranger nothing: codes of different steps do not depend on each other."""
WRONG_A_DAY = 10
"""Codes tried in vain: with three good ones of a million at a time, 0.003 % a day."""
KIND = "staff-one-time"
ENROLMENT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """A secret that nobody has confirmed yet. `uri` is what apps read from a code (otpauth)."""

    id: str = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    seconds: int


async def begin(*, staff_no: str, redis: "Redis", by: Principal) -> Enrolment:
    """A new secret for the caller, kept for ten minutes until its first code is shown.

    Raises FreshSignInRequired.
    """
    await holding.insist_on_right(by)
    secret = pyotp.random_base32()
    kept = {"session": str(by.session_id), "secret": secret}
    name = await hand_over.leave(redis, KIND, kept, seconds=ENROLMENT_SECONDS)
    uri = pyotp.TOTP(secret).provisioning_uri(name=staff_no, issuer_name=ISSUER)
    return Enrolment(id=name, secret=secret, uri=uri, seconds=ENROLMENT_SECONDS)


async def confirm(enrolment_id: str, code: str, *, redis: "Redis", by: Principal) -> None:
    """Take the secret into use, in place of a former one, once its first code is right.

    A wrong code leaves the enrolment as it is. Raises SecondStepExpired, FreshSignInRequired,
    CodeRefused, CodeOutOfTime.
    """
    kept = await hand_over.look(redis, KIND, enrolment_id)
    if kept is None or kept["session"] != str(by.session_id):
        raise errors.SecondStepExpired()
    at = clock.now()
    step = step_of(kept["secret"], code, at=at)
    async with holding.enrolling(by, way=WAY):
        await OneTimeSecret.filter(officer_id=by.id).delete()
        await OneTimeSecret.create(
            officer_id=by.id, secret=kept["secret"], last_step=step, last_used_at=at
        )
    await hand_over.take(redis, KIND, enrolment_id)


async def check(officer_id: UUID, code: str) -> None:
    """Take an officer's code, once. A try counts before it is looked at.

    Raises CodeRefused, CodeOutOfTime, CodeUsed, TooManyCodes.
    """
    scope = f"staff-code:{officer_id}"
    try:
        await guesses.spend(scope, limit=WRONG_A_DAY)
    except TooManyGuesses as refusal:
        raise errors.TooManyCodes(retry_after=refusal.members["retry_after"]) from None
    try:
        await _take(officer_id, code)
    except (errors.CodeRefused, errors.CodeOutOfTime, errors.CodeUsed) as refusal:
        await holding.record_refusal(officer_id, way=WAY, reason=refusal.slug)
        raise
    await guesses.give_back(scope)


async def remove(*, required: bool, by: Principal) -> None:
    """Give the app up. Raises FactorNotFound, LastFactor, FreshSignInRequired."""
    async with transaction():
        await holding.insist_on_removal(by)
        if not await OneTimeSecret.filter(officer_id=by.id).delete():
            raise errors.FactorNotFound()
        await holding.insist_on_another(by.id, required=required)
        await audit.record(
            actor=by.actor, action="factor-removed", target=by.actor, detail={"way": WAY}
        )


def step_of(secret: str, code: str, *, at: datetime) -> int:
    """The step a code is of. Pure. Raises CodeRefused, CodeOutOfTime."""
    typed = "".join(unicodedata.normalize("NFKC", code).split())
    now = int(at.timestamp()) // STEP_SECONDS
    found = None
    for step in range(max(0, now - WINDOW - SEEN_BESIDE), now + WINDOW + SEEN_BESIDE + 1):
        right = hmac.compare_digest(_code(secret, step).encode(), typed.encode())
        # A code that two steps share counts for the one in the window.
        if right and (found is None or abs(step - now) <= WINDOW):
            found = step
    if found is None:
        raise errors.CodeRefused()
    if abs(found - now) > WINDOW:
        raise errors.CodeOutOfTime()
    return found


def _code(secret: str, step: int) -> str:
    return pyotp.TOTP(secret).generate_otp(step)


async def _take(officer_id: UUID, code: str) -> None:
    row = await OneTimeSecret.get_or_none(officer_id=officer_id)
    if row is None:
        raise errors.CodeRefused()
    at = clock.now()
    step = step_of(row.secret, code, at=at)
    taken = await OneTimeSecret.filter(id=row.id, last_step__lt=step).update(
        last_step=step, last_used_at=at
    )
    if not taken:
        raise errors.CodeUsed()
