"""What an ordinary camera sees."""

import aiohttp
from redis.asyncio import Redis

from wallet.types import codes


async def test_page_gives_nothing_away_and_uses_nothing_up(
    client: aiohttp.ClientSession, redis: Redis
) -> None:
    pages = []
    for code in (codes.new_code(), "NOTHING"):
        async with client.get(f"/P/{code}") as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"
            pages.append(await response.text())

    assert pages[0] == pages[1]
    assert "工作人员" in pages[0]
    assert [name async for name in redis.scan_iter("present:*")] == []
