"""What one verdict asks of the database, without anything around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from bench.redeem_city import Shown
from core import clock
from core.settings import Settings

TRANSACTIONS = 2_000
AT_A_TIME = 16
ROWS = 4
ROW = "x" * 600


async def bare_rate(settings: Settings, shown: Sequence[Shown]) -> float:
    """Transactions a second: read the caller and the licence, write the look and its chains."""
    url = settings.database_url.replace("asyncpg://", "postgres://").partition("?")[0]
    pool = await asyncpg.create_pool(url, min_size=AT_A_TIME, max_size=AT_A_TIME)
    try:
        await pool.execute("CREATE TABLE bare_row (id uuid PRIMARY KEY, at timestamptz, data text)")
        await pool.execute("CREATE TABLE bare_head (id uuid PRIMARY KEY, n int)")
        heads = [uuid4() for _ in range(len(shown) + 16)]
        await pool.executemany("INSERT INTO bare_head VALUES ($1, 0)", [(one,) for one in heads])
        waiting = iter(range(TRANSACTIONS))

        async def work() -> None:
            for place in waiting:
                one = shown[place % len(shown)]
                holder, chain = heads[place % len(shown)], heads[len(shown) + place % 16]
                async with pool.acquire() as connection:
                    await _one(connection, one, (holder, chain))

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_A_TIME)))
        return TRANSACTIONS / (time.perf_counter() - began)
    finally:
        await pool.close()


async def _one(connection: asyncpg.Connection, shown: Shown, heads: tuple[UUID, UUID]) -> None:
    """Two reads, four rows, two heads locked and moved on: as many as a verdict has."""
    await connection.fetchrow("SELECT * FROM identity_counter LIMIT 1")
    await connection.fetchrow("SELECT * FROM wallet_licence WHERE id = $1", shown.licence_id)
    async with connection.transaction():
        for head in heads:
            await connection.fetchrow("SELECT n FROM bare_head WHERE id = $1 FOR UPDATE", head)
            await connection.execute("UPDATE bare_head SET n = n + 1 WHERE id = $1", head)
        for _ in range(ROWS):
            await connection.execute(
                "INSERT INTO bare_row VALUES ($1, $2, $3)", uuid4(), clock.now(), ROW
            )
