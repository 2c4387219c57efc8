"""Payment platforms behind one protocol. Protocols only: who owes what is the package payments'."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from miniapp_bridge.breaker import Breaker
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.payments.alipay_trade import AlipayTrade
from miniapp_bridge.payments.cashier import Cashier
from miniapp_bridge.payments.provider import PaymentProvider
from miniapp_bridge.payments.wechat_pay import WeChatPay

if TYPE_CHECKING:
    from redis.asyncio import Redis


def open_providers(
    configs: PlatformConfigs, *, redis: "Redis", breaker: Callable[[], Breaker] = Breaker
) -> dict[str, PaymentProvider]:
    """Every payment platform that this deployment is configured for, by name."""
    found: list[PaymentProvider] = []
    if configs.wechat_pay is not None:
        found.append(WeChatPay(configs.wechat_pay, configs, redis=redis, breaker=breaker()))
    if configs.alipay_trade is not None and configs.alipay is not None:
        found.append(
            AlipayTrade(
                configs.alipay_trade, configs.alipay, configs, redis=redis, breaker=breaker()
            )
        )
    if configs.cashier is not None:
        found.append(Cashier(configs.cashier, redis=redis, breaker=breaker()))
    return {provider.name: provider for provider in found}
