"""Every fault against every call: what comes of it, how often it was tried, what reached a person.

`python -m tests.miniapp_bridge.fault_table` writes docs/platform-faults.md from a run against the
stand-in; test_faults.py makes the same run and compares.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from core import clock
from core.errors import Problem
from core.protection import protect
from core.settings import Settings
from core.valkey import redis_client
from miniapp_bridge import config
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import ATTEMPTS
from miniapp_bridge.connector import RealName, SubscriptionMessage
from miniapp_bridge.payments import open_providers
from miniapp_bridge.payments.provider import Charge, RefundOrder
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.alipay import CONSENT_METHOD
from miniapp_bridge.standin import others
from miniapp_bridge.standin.world import Keys, World
from tests import services
from tests.played import played

PICTURE = "https://zwfw.example.gov.cn/p/shop.jpg"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "platform-faults.md"

FAULTS: dict[str, str] = {
    "cut": "answer cut off",
    "http": "502 of a gateway",
    "empty": "empty answer",
    "not_json": "HTML for JSON",
    "json_array": "array for object",
    "truncate": "half an answer",
    "control_char": "control character",
    "wrong_type": "text/plain",
    "bad_signature": "wrong signature",
    "unsigned": "no signature",
    "busy": "busy",
    "rate": "rate limit",
    "expired": "token expired",
}

CODES: dict[str, dict[str, Any]] = {
    "wechat": {"busy": -1, "rate": 45011, "expired": True},
    "alipay": {"busy": ("20000", "isp.unknow-error"), "rate": ("40005", "isv.call-limited")},
    "wechat_pay": {"busy": (429, "FREQUENCY_LIMITED"), "rate": (429, "RATELIMIT_EXCEEDED")},
    "sms": {"busy": "busy", "rate": "busy"},
    "cashier": {"busy": "busy", "rate": "busy"},
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One of our calls."""

    name: str
    platform: str
    retry: str
    call: str
    act: Callable[[], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one fault in one call."""

    trial: Trial
    fault: str
    outcome: str
    attempts: int
    reached: int


class Stage:
    """Connectors and providers that talk to a world."""

    def __init__(
        self, world: World, connectors: dict[str, Any], providers: dict[str, Any], redis: Any
    ) -> None:
        self._redis = redis
        self.world = world
        self.wechat, self.alipay = connectors["wechat"], connectors["alipay"]
        self.sms = connectors["browser"].sms
        self.providers = providers
        for source in (self.wechat, self.alipay, self.sms, *providers.values()):
            source._client._pause = 0.001
        self._serial = 0

    def trials(self) -> list[Trial]:
        zhang = self.world.people["zhang"]
        person = RealName(id_type="111", id_no=zhang.id_no, name=zhang.name)

        def number() -> str:
            self._serial += 1
            return f"P20261125{self._serial:08d}"

        async def refund(way: str) -> object:
            provider, order_no = self.providers[way], number()
            await provider.place(self._charge(order_no, way))
            others.pay(self.world, order_no)
            wish = RefundOrder(
                refund_no=number(), order_no=order_no, amount=1, total=1000, reason="x",
                notify_url="https://x.example/n",
            )  # fmt: skip
            return await provider.refund(wish)

        wechat, alipay = self.wechat, self.alipay
        listed: list[tuple[str, str, str, str, Callable[[], Awaitable[object]]]] = [
            ("WeChat log-in", "wechat", "once", "/sns/jscode2session",
             lambda: wechat.exchange_code(self.world.new_code("mini", zhang))),
            ("WeChat phone number", "wechat", "once", "/wxa/business/getuserphonenumber",
             lambda: wechat.phone_number(self.world.new_code("phone", zhang))),
            ("WeChat message", "wechat", "send", "/cgi-bin/message/subscribe/send",
             lambda: wechat.send_subscription_message(_message(zhang.openid))),
            ("WeChat mini code", "wechat", "read", "/wxa/getwxacodeunlimit",
             lambda: wechat.mini_code(scene="abc", page="pages/h5/index")),
            ("WeChat text check", "wechat", "read", "/wxa/msg_sec_check",
             lambda: wechat.check_text("你好", user_id=zhang.openid)),
            ("WeChat picture check", "wechat", "read", "/wxa/media_check_async",
             lambda: wechat.begin_picture_check(PICTURE, user_id=zhang.openid)),
            ("WeChat link", "wechat", "read", "/wxa/generate_urllink",
             lambda: wechat.link(path="pages/index/index", query="")),
            ("WeChat scheme", "wechat", "read", "/wxa/generatescheme",
             lambda: wechat.app_link(path="pages/index/index", query="")),
            ("WeChat face check", "wechat", "read", "/cityservice/face/identify/getverifyid",
             lambda: wechat.start_face_check(person, reference="abcde1", user_id=zhang.openid)),
            ("Alipay log-in", "alipay", "once", "alipay.system.oauth.token",
             lambda: alipay.exchange_code(self.world.new_code("alipay", zhang))),
            ("Alipay message", "alipay", "send", "alipay.open.app.mini.templatemessage.send",
             lambda: alipay.send_subscription_message(_message(f"open_id:{zhang.open_id}"))),
            ("Alipay consents", "alipay", "read", CONSENT_METHOD,
             lambda: alipay.consents(f"open_id:{zhang.open_id}", templates=["case-accepted"])),
            ("Alipay face check", "alipay", "read", "alipay.user.certify.open.initialize",
             lambda: alipay.start_face_check(person, reference="abcde1", user_id="")),
            ("SMS code", "sms", "send", "/sms/send",
             lambda: self.sms.send_code("19900000001", "123456", reference="r")),
        ]  # fmt: skip
        for way, platform, place, back in (
            (
                "wechat_pay",
                "wechat_pay",
                "/v3/pay/transactions/jsapi",
                "/v3/refund/domestic/refunds",
            ),
            ("alipay_trade", "alipay", "alipay.trade.create", "alipay.trade.refund"),
            ("cashier", "cashier", "/cashier/bills", "/cashier/refunds"),
        ):
            provider = self.providers[way]
            listed += [
                (f"{way} order", platform, "money", place,
                 lambda provider=provider, way=way: provider.place(self._charge(number(), way))),
                (f"{way} refund", platform, "money", back, lambda way=way: refund(way)),
            ]  # fmt: skip
        return [
            Trial(name=name, platform=platform, retry=retry, call=call, act=act)
            for name, platform, retry, call, act in listed
        ]

    def _charge(self, order_no: str, way: str) -> Charge:
        zhang = self.world.people["zhang"]
        payers = {"wechat_pay": zhang.openid, "alipay_trade": f"open_id:{zhang.open_id}"}
        return Charge(
            order_no=order_no,
            amount=1000,
            title="工本费",
            expires_at=clock.now() + timedelta(minutes=30),
            notify_url="https://x.example/n",
            return_url="https://x.example/r",
            payer=payers.get(way),
        )

    async def try_out(self, trial: Trial, fault: str) -> Row | None:
        """One fault that lasts against one call; None where the platform has no such fault."""
        world = self.world
        code = CODES[trial.platform].get(fault)
        signed = trial.platform in ("alipay", "wechat_pay", "cashier")
        if fault in ("busy", "rate", "expired") and code is None:
            return None
        if fault == "expired":
            if trial.call.startswith("/sns/"):
                return None
            world.token.expires_at = world.now() - 1
        elif fault in ("busy", "rate"):
            world.fail(trial.call, "errcode", times=9, value=code)
        elif fault in ("bad_signature", "unsigned") and not signed:
            return None
        else:
            value = 502 if fault == "http" else None
            world.fail(trial.call, fault, times=9, value=value)
        before, sent = world.count(trial.call), len(world.messages) + len(world.sms)
        try:
            result = await trial.act()
            outcome = result.value if isinstance(result, StrEnum) else "ok"
            outcome = "unknown" if result is False else outcome
        except Problem as problem:
            outcome = problem.slug
        world.faults.clear()
        return Row(
            trial=trial,
            fault=fault,
            outcome=outcome,
            attempts=world.count(trial.call) - before,
            reached=len(world.messages) + len(world.sms) - sent,
        )

    async def forget_limits(self) -> None:
        """Repairs of tokens are few a minute: each trial begins its own minute."""
        await self.wechat.api.token()
        for name in await self._redis.keys("tok:limits:*"):
            await self._redis.delete(name)

    async def rows(self) -> list[Row]:
        """Every fault against every call."""
        found = []
        for trial in self.trials():
            for fault in FAULTS:
                await self.forget_limits()
                row = await self.try_out(trial, fault)
                for source in (self.wechat, self.alipay, self.sms, *self.providers.values()):
                    source._client.breaker.succeeded(trial.call)
                    source._client.breaker = Breaker()
                if row is not None:
                    found.append(row)
        return found


def _message(user_id: str) -> SubscriptionMessage:
    values = {"title": "申请已受理", "note": "材料已通过", "time": "2026年11月25日 10:00"}
    return SubscriptionMessage(
        user_id=user_id, template="case-accepted", values=values, page="pages/h5/index"
    )


def page(rows: list[Row]) -> str:
    """The table as a document."""
    lines = [
        "# What comes of a platform's faults",
        "",
        "Made by `python -m tests.miniapp_bridge.fault_table` from a run against the stand-in, in",
        "which every fault lasts; a test makes the same run and compares. *Tried* counts the calls",
        "that arrived, *reached* the messages a person got. A slug is explained in",
        "[problems.md](problems.md); its title is the sentence the person reads.",
        "",
        f"Most attempts by class: {', '.join(f'{k} {v}' for k, v in ATTEMPTS.items())}.",
        "",
        "| call | class | fault | outcome | tried | reached |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.trial.name} | {row.trial.retry} | {FAULTS[row.fault]} | `{row.outcome}` "
        f"| {row.attempts} | {row.reached if row.trial.retry == 'send' else '–'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


async def main() -> None:
    """Run and write the page."""
    with services.valkey() as url, tempfile.TemporaryDirectory() as folder:
        protect.use(bytes(range(32)))
        redis = redis_client.connect(url)
        async with played(Keys.make(), Path(folder)) as (world, path):
            configs = config.load(path, production=False)
            settings = Settings(
                environment="test", secret_key=bytes(range(32)), var_dir=Path(folder),
                database_url="sqlite://:memory:", redis_url=url, blob_url="memory:///",
                public_url="http://127.0.0.1:8800",
            )  # fmt: skip
            connectors = await open_connectors(settings, redis=redis, configs=configs)
            providers = open_providers(configs, redis=redis)
            rows = await Stage(world, dict(connectors), dict(providers), redis).rows()
            for source in (*connectors.values(), *providers.values()):
                await source.close()
        await redis.aclose()
    PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
