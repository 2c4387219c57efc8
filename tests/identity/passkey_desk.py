"""The page of an officer with a passkey, act by act."""

import random
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis

from identity.factors import errors, passkeys, second_step
from identity.factors.passkeys import Assertion, Attestation
from identity.factors.relying_party import RelyingParty
from identity.log_in.sessions import IssuedSession
from tests.identity.authenticator import Authenticator
from tests.identity.signing_in import signed_in

PARTY = RelyingParty(id="zwfw.example.gov.cn", origin="https://zwfw.example.gov.cn")


def authenticator(**more: Any) -> Authenticator:
    return Authenticator(**{"origin": PARTY.origin, "rp_id": PARTY.id} | more)


@dataclass
class Desk:
    """Act by act, what the page does."""

    redis: Redis

    async def ticket(self) -> str:
        with pytest.raises(errors.SecondFactorNeeded) as refusal:
            await signed_in(self.redis)
        found: str = refusal.value.members["ticket"]
        return found

    async def enrol(
        self, device: Authenticator, by: IssuedSession, *, name: str = "办公室电脑", **more: Any
    ) -> None:
        begun = await passkeys.begin(party=PARTY, redis=self.redis, by=by.principal)
        await passkeys.enrol(
            begun.id,
            Attestation(**device.made(begun.challenge, **more)),
            name=name,
            party=PARTY,
            redis=self.redis,
            by=by.principal,
        )

    async def challenge(self, ticket: str) -> str:
        made = await second_step.challenge(ticket, party=PARTY, redis=self.redis)
        return made.challenge

    async def answer(self, ticket: str, answer: dict[str, str]) -> IssuedSession:
        return await second_step.by_passkey(
            ticket, Assertion(**answer), party=PARTY, redis=self.redis, idle_minutes=30
        )

    async def sign_in(self, device: Authenticator, **more: Any) -> IssuedSession:
        ticket = await self.ticket()
        return await self.answer(ticket, device.signed(await self.challenge(ticket), **more))


def damaged(text: str, dice: random.Random) -> str:
    raw = bytearray(passkeys.decoded(text))
    kind = dice.randrange(5)
    if kind == 0:
        return passkeys.encoded(bytes(raw[: dice.randrange(len(raw))]))
    if kind == 1:
        return passkeys.encoded(dice.randbytes(dice.randrange(1, 200)))
    if kind == 2:
        return passkeys.encoded(bytes(raw) + b"\xff" * dice.randrange(1, 9))
    if kind == 3:
        return dice.choice(["", "A", "====", "é", "null", "{}", "AAAA" * 500])
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return passkeys.encoded(bytes(raw))
