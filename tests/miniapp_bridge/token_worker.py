"""One of several processes that call WeChat with a token that has just died; see test_tokens.py.

python token_worker.py REDIS_URL SETTINGS COROUTINES
"""

import asyncio
import sys
from pathlib import Path

from core.protection import protect
from core.valkey import redis_client
from miniapp_bridge import config
from miniapp_bridge.platforms.wechat import WeChatConnector


async def main(redis_url: str, settings: Path, coroutines: int) -> int:
    protect.use(bytes(range(32)))
    redis = redis_client.connect(redis_url)
    configs = config.load(settings, production=False)
    assert configs.wechat is not None
    connector = WeChatConnector(configs.wechat, redis=redis)
    await connector.api.token()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

    async def call() -> None:
        answer = await connector.mini_code(scene="abc", page="pages/h5/index")
        assert answer.media_type == "image/png"

    await asyncio.gather(*(call() for _ in range(coroutines)))
    await connector.close()
    await redis.aclose()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
