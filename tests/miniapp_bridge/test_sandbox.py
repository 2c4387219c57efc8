"""What is the sandbox's own: where it is opened, how long codes live, what it remembers."""

from dataclasses import replace

from redis.asyncio import Redis

from core.settings import Settings
from miniapp_bridge.connector import RealName, SubscriptionMessage
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.sandbox import CODE_LIFE_SECONDS, SandboxConnector


async def sandbox(settings: Settings, redis: Redis) -> SandboxConnector:
    connector = (await open_connectors(settings, redis=redis))["sandbox"]
    assert isinstance(connector, SandboxConnector)
    return connector


async def test_production_has_no_sandbox(settings: Settings, redis: Redis) -> None:
    production = replace(settings, environment="production")

    assert "sandbox" not in await open_connectors(production, redis=redis)


async def test_code_lives_five_minutes_and_is_kept_as_digest(
    settings: Settings, redis: Redis
) -> None:
    code = await (await sandbox(settings, redis)).new_code("u1")

    (key,) = await redis.keys("sandbox:login:*")

    assert code not in key.decode()
    assert 0 < await redis.ttl(key) <= CODE_LIFE_SECONDS == 300


async def test_vouched_real_name_is_told(settings: Settings, redis: Redis) -> None:
    connector = await sandbox(settings, redis)
    real_name = RealName(id_type="111", id_no="310199199003071017", name="张演示")

    identity = await connector.exchange_code(await connector.new_code("u1", real_name=real_name))

    assert identity.real_name == real_name
    assert "310199" not in repr(identity)


async def test_sent_messages_can_be_looked_at(settings: Settings, redis: Redis) -> None:
    connector = await sandbox(settings, redis)
    for note in ("第一条", "第二条"):
        await connector.send_subscription_message(
            SubscriptionMessage(
                user_id="u1", template="case-accepted", values={"note": note}, page="pages/h5/index"
            )
        )

    sent = await connector.list_sent()

    assert [one["values"]["note"] for one in sent] == ["第二条", "第一条"]
