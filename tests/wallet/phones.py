"""A citizen's phone: makes its key, keeps passes, shows them with a proof of the moment."""

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from core import clock
from identity.models import Session
from identity.principal import Principal
from signing.passes import passes
from signing.suites import P256_SHA256, to_raw
from tests.wallet.city import City
from tests.wallet.factories import desk
from wallet.show import passes as wallet_passes
from wallet.show.passes import OfflinePass


@dataclass
class Phone:
    """One phone with a session of its own."""

    secret: bytes = field(default_factory=P256_SHA256.generate)
    session_id: UUID = field(default_factory=uuid4)

    @property
    def public_key(self) -> str:
        """The public half as the page sends it."""
        key = ec.derive_private_key(int.from_bytes(self.secret, "big"), ec.SECP256R1())
        point = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def show(self, data: bytes, *, at: datetime | None = None) -> str:
        """The code on the screen at this moment."""
        shown_at = int((at or clock.now()).timestamp())
        proof = to_raw(P256_SHA256.sign(self.secret, passes.proof_message(data, shown_at)))
        return passes.encode(data, shown_at=shown_at, proof=proof)

    def holder(self, city: City, person: UUID | None = None) -> Principal:
        """Its owner, signed in."""
        return replace(city.citizen(person or city.zhang), session_id=self.session_id)

    async def register(self, city: City, person: UUID | None = None) -> None:
        await self.sign_in(city, person)
        await wallet_passes.register_phone(self.public_key, by=self.holder(city, person))

    async def sign_in(self, city: City, person: UUID | None = None) -> None:
        """The session the phone's page runs in, as sign-in leaves it."""
        at = clock.now()
        await Session.get_or_create(
            {
                "token_digest": uuid4().hex,
                "kind": "citizen",
                "principal_id": person or city.zhang,
                "idle_seconds": 3600,
                "via": "sandbox",
                "created_at": at,
                "last_seen_at": at,
                "expires_at": at + timedelta(hours=1),
            },
            id=self.session_id,
        )

    async def fetch(
        self,
        licence_id: UUID,
        *,
        city: City,
        redis: Redis,
        fields: list[str] | None = None,
        bound: bool = True,
        by: Principal | None = None,
    ) -> OfflinePass:
        await self.sign_in(city)
        return await wallet_passes.make(
            licence_id,
            fields=fields,
            bound=bound,
            by=by or self.holder(city),
            desk=desk(city, redis),
        )
