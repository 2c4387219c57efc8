"""The limiter over a real Valkey, and what it does when that was restarted."""

import contextlib
from pathlib import Path

from core.valkey import redis_client
from core.valkey.embedded import EmbeddedValkey


async def allowed(client: redis_client.Redis, key: str, tries: int = 10) -> int:
    return sum([await redis_client.allow(client, key, limit=4, seconds=60) for _ in range(tries)])


async def test_limits_begin_careful_after_a_restart(tmp_path: Path) -> None:
    """Who can make Valkey restart does not get a full window again each time."""
    server = EmbeddedValkey(tmp_path)
    client = redis_client.connect(server.start())
    try:
        assert await allowed(client, "sms:1") == 4

        server.kill()
        server.start()
        with contextlib.suppress(*redis_client.REDIS_ERRORS):
            await client.ping()  # the connection that was cut

        assert await allowed(client, "sms:1") == 2
        assert await allowed(client, "sms:2") == 2
    finally:
        await client.aclose()
        server.stop()


async def test_a_server_that_was_young_when_we_came_is_no_restart(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    client = redis_client.connect(server.start())
    try:
        assert await allowed(client, "sms:1") == 4
        await client.connection_pool.disconnect()
        assert await allowed(client, "sms:2") == 4
    finally:
        await client.aclose()
        server.stop()
