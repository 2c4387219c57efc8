"""How much of a day's quota of WeChat is left; for the operator's page."""

from dataclasses import dataclass

from miniapp_bridge.client import Retry, reading
from miniapp_bridge.wechat.api import WeChatApi

WATCHED = (
    "/cgi-bin/message/subscribe/send",
    "/wxa/business/getuserphonenumber",
    "/wxa/getwxacodeunlimit",
    "/wxa/msg_sec_check",
)


@dataclass(frozen=True, kw_only=True)
class Quota:
    call: str
    limit: int
    used: int


async def read(api: WeChatApi) -> list[Quota]:
    """The quota of the calls we depend on."""
    found = []
    for path in WATCHED:
        fields = await api.post(
            "/cgi-bin/openapi/quota/get", {"cgi_path": path}, retry=Retry.READ, total=3.0
        )
        with reading():
            quota = fields.get("quota", {})
            limit, used = int(quota.get("daily_limit", 0)), int(quota.get("used", 0))
        found.append(Quota(call=path, limit=limit, used=used))
    return found
