"""Access tokens: one refresh whoever asks, no older over a newer, no storm after 40001."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from core.protection import protect
from core.valkey import redis_client
from miniapp_bridge.errors import TokenUnavailable
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin.world import World
from miniapp_bridge.tokens import Fetched, TokenStore
from miniapp_bridge.wechat.api import STABLE_TOKEN

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CODE = "/wxa/getwxacodeunlimit"


@pytest.fixture
def wechat(connectors: dict[str, Any]) -> WeChatConnector:
    found = connectors["wechat"]
    assert isinstance(found, WeChatConnector)
    return found


async def use(wechat: WeChatConnector) -> None:
    await wechat.mini_code(scene="abc", page="pages/h5/index")


async def test_token_is_fetched_once_and_kept(wechat: WeChatConnector, world: World) -> None:
    await asyncio.gather(*(use(wechat) for _ in range(20)))

    assert world.count(STABLE_TOKEN) == 1


@pytest.mark.parametrize("died", ["expired", "superseded"])
async def test_two_hundred_coroutines_in_four_processes_refresh_once(
    wechat: WeChatConnector,
    world: World,
    stage: tuple[World, Path],
    redis_url: str,
    died: str,
) -> None:
    await wechat.api.token()
    command = [sys.executable, str(HERE / "token_worker.py"), redis_url, str(stage[1]), "50"]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    workers = [
        await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, **pipes
        )
        for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    world.ledger.clear()
    if died == "expired":
        world.token.expires_at = world.now() - 1
    else:
        world.kill_token()

    await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))

    assert [worker.returncode for worker in workers] == [0, 0, 0, 0]
    assert world.count(STABLE_TOKEN) == 1
    assert 200 < world.count(CODE) <= 400


async def test_expiry_in_the_clock_refreshes_once(
    wechat: WeChatConnector, world: World, frozen_clock: Any
) -> None:
    await wechat.api.token()
    frozen_clock.advance(seconds=7201)

    await asyncio.gather(*(use(wechat) for _ in range(30)))

    assert world.count(STABLE_TOKEN) == 2


async def test_refused_for_ever_means_two_attempts_a_call_and_then_silence(
    wechat: WeChatConnector, world: World
) -> None:
    world.fail(CODE, "errcode", times=1000, value=40001)
    outcomes = await asyncio.gather(*(use(wechat) for _ in range(50)), return_exceptions=True)
    for _ in range(10):
        with pytest.raises(TokenUnavailable):
            await use(wechat)

    assert all(isinstance(one, TokenUnavailable) for one in outcomes)
    assert world.count(CODE) <= 2 * 60
    assert world.count(STABLE_TOKEN) <= 2 + 2 * 5
    assert world.token.forced_today <= 1


async def test_young_but_dead_token_is_forced_once(wechat: WeChatConnector, world: World) -> None:
    await wechat.api.token()
    world.fail(CODE, "errcode", value=40001)

    await use(wechat)

    assert world.token.forced_today == 1
    assert world.count(CODE) == 2


class Slow:
    """A worker that falls asleep while it fetches."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()
        self.wake = asyncio.Event()

    async def fetch(self, force: bool) -> Fetched:
        self.asleep.set()
        await self.wake.wait()
        return Fetched(value="older", seconds=7200)


@pytest.fixture
async def other_redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client.connect(redis_url)
    yield client
    await client.aclose()


async def test_slow_worker_cannot_overwrite_a_newer_token(
    redis: Redis, other_redis: Redis, settings: Any
) -> None:
    protect.use(settings.secret_key)
    slow = Slow()
    sleeper = TokenStore(redis, app="x", kind="access", fetch=slow.fetch)

    async def fetch_newer(force: bool) -> Fetched:
        return Fetched(value="newer", seconds=7200)

    quick = TokenStore(other_redis, app="x", kind="access", fetch=fetch_newer)
    task = asyncio.create_task(sleeper.get())
    await slow.asleep.wait()
    await redis.delete("tok:lock:{x:access}")  # its lock ran out
    assert (await quick.get()).value == "newer"
    slow.wake.set()

    assert (await task).value == "newer"
    assert (
        await TokenStore(redis, app="x", kind="access", fetch=slow.fetch).get()
    ).value == "newer"


async def test_token_that_is_due_is_used_on_while_one_renews(
    redis: Redis, other_redis: Redis, frozen_clock: Any
) -> None:
    calls = 0

    async def fetch(force: bool) -> Fetched:
        nonlocal calls
        calls += 1
        return Fetched(value=f"t{calls}", seconds=7200)

    store = TokenStore(redis, app="x", kind="access", fetch=fetch)
    other = TokenStore(other_redis, app="x", kind="access", fetch=fetch)
    await store.get()
    frozen_clock.advance(seconds=7200 - 200)
    await redis.set("tok:lock:{x:access}", "somebody", px=10_000)
    assert (await other.get()).value == "t1"
    await redis.delete("tok:lock:{x:access}")

    assert (await other.get()).value == "t2"
    assert calls == 2


async def test_token_lies_encrypted_and_does_not_print(
    wechat: WeChatConnector, world: World, redis: Redis
) -> None:
    token = await wechat.api.token()
    stored = b"".join([await redis.dump(name) or b"" for name in await redis.keys("tok:*")])

    assert token.value not in repr(token)
    assert token.value.encode() not in stored
    age = await wechat.api.tokens.age()
    assert age is not None
    assert age.left_seconds > 7000


async def test_without_redis_a_worker_asks_for_itself_but_seldom(
    redis: Redis, settings: Any
) -> None:
    calls = 0

    async def fetch(force: bool) -> Fetched:
        nonlocal calls
        calls += 1
        return Fetched(value="same", seconds=7200)

    away = redis_client.connect("redis://127.0.0.1:1/0")
    store = TokenStore(away, app="x", kind="access", fetch=fetch)
    for _ in range(5):
        assert (await store.get()).value == "same"
    await away.aclose()

    assert calls == 1
