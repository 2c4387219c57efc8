"""The part of a key store that this package needs."""

from typing import Protocol


class Signs(Protocol):
    """The part of `signing.KeyStore` that making and using seals needs."""

    async def sign(self, key_id: str, message: bytes) -> bytes: ...

    async def certificate(self, key_id: str) -> bytes: ...
