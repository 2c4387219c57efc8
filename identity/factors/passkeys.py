"""Passkeys (W3C WebAuthn Level 3): keys that officers' devices sign challenges with.

The device must have verified its user (a PIN, a finger, a face): beside the password that makes two
factors whatever the device is. Attestation is not asked for: which makes of devices an office
allows is a matter of its own devices' management. The library judges signatures and structures;
origin, challenge and count are compared here, so that each has a refusal of its own.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import webauthn
from tortoise.exceptions import IntegrityError
from webauthn.helpers import generate_challenge
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from core import clock, outbox
from core.database import transaction
from core.protection import audit
from identity.events import PasskeyLocked
from identity.factors import errors, holding
from identity.factors.relying_party import RelyingParty, relying_party
from identity.log_in import hand_over, revoking
from identity.models import Passkey
from identity.principal import Principal

if TYPE_CHECKING:
    from redis.asyncio import Redis

WAY = "passkey"
CHALLENGE = "staff-passkey"
LIFE = timedelta(minutes=3)
MOST = 10
"""Keys an officer may hold."""
ALGORITHMS = (
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a browser needs to ask a device; bytes in base64url without padding."""

    id: str = field(repr=False)
    challenge: str = field(repr=False)
    rp_id: str
    credentials: list[str]
    """To sign in: the keys that may answer. To enrol: those that are there already."""
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """What a device answered to a challenge; all in base64url without padding."""

    credential_id: str
    client_data: str
    authenticator_data: str
    signature: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """What a device answered to being enrolled."""

    credential_id: str
    client_data: str
    attestation: str


def party_of(public_url: str) -> RelyingParty:
    """Raises PasskeyUnavailable where the address knows none."""
    party = relying_party(public_url)
    if party is None:
        raise errors.PasskeyUnavailable()
    return party


async def challenge_for(
    officer_id: UUID, *, ticket: str, party: RelyingParty, redis: "Redis"
) -> Challenge:
    """A challenge for the sign-in that waits under `ticket`; it takes the place of a former one.

    Raises FactorNotFound when no key may answer.
    """
    rows = await Passkey.filter(officer_id=officer_id, locked_at=None)
    if not rows:
        raise errors.FactorNotFound()
    challenge = generate_challenge()
    kept = {"challenge": encoded(challenge), "until": (clock.now() + LIFE).isoformat()}
    await hand_over.put_back(redis, CHALLENGE, ticket, kept, seconds=_seconds())
    return _challenge(ticket, challenge, party, rows)


async def check(
    officer_id: UUID, answer: Assertion, *, ticket: str, party: RelyingParty, redis: "Redis"
) -> None:
    """Take an answer to the challenge of `ticket`, which is spent whatever comes of it.

    Raises SecondStepExpired, ForeignOrigin, PasskeyRefused; PasskeyCloned when the count went back:
    the key is locked then, and every session of the officer ends.
    """
    challenge = _open(await hand_over.take(redis, CHALLENGE, ticket))
    try:
        row = await _answering(officer_id, answer)
        _insist_on_origin(answer.client_data, party)
        count = _verified(row, answer, challenge=challenge, party=party)
        await _move(row, count)
    except (errors.ForeignOrigin, errors.PasskeyRefused, errors.PasskeyCloned) as refusal:
        await holding.record_refusal(officer_id, way=WAY, reason=refusal.slug)
        raise


async def begin(*, party: RelyingParty, redis: "Redis", by: Principal) -> Challenge:
    """A challenge to enrol a key of the caller's. Raises FreshSignInRequired."""
    await holding.insist_on_right(by)
    challenge = generate_challenge()
    kept = {
        "session": str(by.session_id),
        "challenge": encoded(challenge),
        "until": (clock.now() + LIFE).isoformat(),
    }
    name = await hand_over.leave(redis, CHALLENGE, kept, seconds=_seconds())
    return _challenge(name, challenge, party, await Passkey.filter(officer_id=by.id))


async def enrol(
    challenge_id: str,
    answer: Attestation,
    *,
    name: str,
    party: RelyingParty,
    redis: "Redis",
    by: Principal,
) -> None:
    """Take a key into use under a name of the caller's.

    Raises SecondStepExpired, FreshSignInRequired, ForeignOrigin, PasskeyRefused, PasskeyKnown,
    TooManyPasskeys.
    """
    kept = await hand_over.take(redis, CHALLENGE, challenge_id)
    challenge = _open(kept)
    if kept is None or kept.get("session") != str(by.session_id):
        raise errors.SecondStepExpired()
    _insist_on_origin(answer.client_data, party)
    made = _registered(answer, challenge=challenge, party=party)
    try:
        async with holding.enrolling(by, way=WAY):
            if await Passkey.filter(officer_id=by.id).count() >= MOST:
                raise errors.TooManyPasskeys()
            await Passkey.create(
                officer_id=by.id,
                digest=_digest(made.credential_id),
                credential_id=made.credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                name=name.strip()[:40] or "通行密钥",
                last_used_at=clock.now(),
            )
    except IntegrityError:
        raise errors.PasskeyKnown() from None


async def remove(passkey_id: UUID, *, required: bool, by: Principal) -> None:
    """Give a key up, a locked one too. Raises FactorNotFound, LastFactor, FreshSignInRequired."""
    async with transaction():
        await holding.insist_on_removal(by)
        row = await Passkey.get_or_none(id=passkey_id, officer_id=by.id)
        if row is None:
            raise errors.FactorNotFound()
        await row.delete()
        if row.locked_at is None:
            await holding.insist_on_another(by.id, required=required)
        else:
            await holding.tell_when_none_is_locked(by.id)
        await audit.record(
            actor=by.actor,
            action="factor-removed",
            target=by.actor,
            detail={"way": WAY, "passkey": str(passkey_id)},
        )


async def _answering(officer_id: UUID, answer: Assertion) -> Passkey:
    digest = _digest(decoded(answer.credential_id))
    row = await Passkey.get_or_none(digest=digest, officer_id=officer_id, locked_at=None)
    if row is None:
        raise errors.PasskeyRefused()
    return row


def _insist_on_origin(client_data: str, party: RelyingParty) -> None:
    """Raises ForeignOrigin, and PasskeyRefused for what is no client data."""
    try:
        origin = json.loads(decoded(client_data))["origin"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise errors.PasskeyRefused() from None
    if origin != party.origin:
        raise errors.ForeignOrigin()


def _verified(row: Passkey, answer: Assertion, *, challenge: bytes, party: RelyingParty) -> int:
    """The count that a good answer bears. Raises PasskeyRefused for any other.

    The stored count is not handed to the library: it would compare it before the signature, and
    what nobody signed may lock no key.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential={
                "id": answer.credential_id,
                "rawId": answer.credential_id,
                "type": "public-key",
                "response": {
                    "clientDataJSON": answer.client_data,
                    "authenticatorData": answer.authenticator_data,
                    "signature": answer.signature,
                },
            },
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # whatever it stumbles over, it has verified nothing
        raise errors.PasskeyRefused() from None
    return found.new_sign_count


def _registered(answer: Attestation, *, challenge: bytes, party: RelyingParty) -> Any:
    try:
        return webauthn.verify_registration_response(
            credential={
                "id": answer.credential_id,
                "rawId": answer.credential_id,
                "type": "public-key",
                "response": {
                    "clientDataJSON": answer.client_data,
                    "attestationObject": answer.attestation,
                },
            },
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
    except Exception:  # whatever it stumbles over, it has verified nothing
        raise errors.PasskeyRefused() from None


async def _move(row: Passkey, count: int) -> None:
    """Let the stored count follow by compare-and-set. Raises PasskeyCloned."""
    free = Passkey.filter(id=row.id, locked_at=None)
    # Devices that do not count say 0 always (section 6.1.1); one that has counted goes on.
    ahead = free.filter(sign_count__lt=count) if count else free.filter(sign_count=0)
    if await ahead.update(sign_count=count, last_used_at=clock.now()):
        return
    async with transaction():
        if await free.update(locked_at=clock.now()):
            await revoking.end_officer(row.officer_id, by="system:passkeys")
            await audit.record(
                actor="system:passkeys",
                action="passkey-locked",
                target=f"officer:{row.officer_id}",
                detail={"passkey": str(row.id), "why": "its count went back"},
            )
            await outbox.publish(
                PasskeyLocked(officer_id=row.officer_id, passkey_id=row.id),
                key=f"officer:{row.officer_id}",
            )
    raise errors.PasskeyCloned()


def _open(kept: dict[str, Any] | None) -> bytes:
    """The challenge that was kept. Raises SecondStepExpired."""
    if kept is None or clock.now() >= datetime.fromisoformat(kept["until"]):
        raise errors.SecondStepExpired()
    return decoded(kept["challenge"])


def _challenge(name: str, challenge: bytes, party: RelyingParty, rows: list[Passkey]) -> Challenge:
    return Challenge(
        id=name,
        challenge=encoded(challenge),
        rp_id=party.id,
        credentials=[encoded(bytes(row.credential_id)) for row in rows],
        seconds=_seconds(),
    )


def encoded(data: bytes) -> str:
    """Base64url without padding. Pure."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises PasskeyRefused for what is no base64url. Pure."""
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        raise errors.PasskeyRefused() from None


def _digest(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()


def _seconds() -> int:
    return int(LIFE.total_seconds())
