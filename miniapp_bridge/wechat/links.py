"""Links into the mini-program: an https link for text messages, a scheme for pages of others.

Each of them is opened by one WeChat user only, the first, and lives 30 days at most: make one for
every recipient, none for a poster (that is what mini codes are for). WeChat's Short Link is open to
shops only, not to governments. Source: developers.weixin.qq.com, URL Link and URL Scheme.
"""

import re

from miniapp_bridge.client import Retry, reading
from miniapp_bridge.errors import MessageRejected
from miniapp_bridge.wechat.api import WeChatApi

LONGEST_DAYS = 30
LONGEST_QUERY = 1024
QUERY = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]*")
BY_DAYS = 1
VERSIONS = {"formal": "release", "trial": "trial", "developer": "develop"}


async def url_link(api: WeChatApi, *, path: str, query: str, days: int) -> str:
    """`https://wxaurl.cn/…`. Raises MessageRejected, PlatformBusy, PlatformUnavailable."""
    body = {**_jump(api, path, query), "expire_type": BY_DAYS, "expire_interval": _days(days)}
    fields = await api.post("/wxa/generate_urllink", body, retry=Retry.READ)
    with reading():
        return str(fields["url_link"])


async def scheme(api: WeChatApi, *, path: str, query: str, days: int) -> str:
    """`weixin://dl/business/?t=…`. Raises as url_link."""
    body = {
        "jump_wxa": _jump(api, path, query),
        "is_expire": True,  # the pages disagree on whether it is needed: sent, it is right
        "expire_type": BY_DAYS,
        "expire_interval": _days(days),
    }
    fields = await api.post("/wxa/generatescheme", body, retry=Retry.READ)
    with reading():
        return str(fields["openlink"])


def _jump(api: WeChatApi, path: str, query: str) -> dict[str, object]:
    if len(query) > LONGEST_QUERY or not QUERY.fullmatch(query):
        raise MessageRejected(vendor_code="query")
    version = VERSIONS[api.config.state]
    return {"path": path.lstrip("/"), "query": query, "env_version": version}


def _days(days: int) -> int:
    return max(1, min(days, LONGEST_DAYS))
