"""Content check of WeChat: texts at once, pictures by a verdict that is pushed later.

What cannot be checked, or whose verdict does not come, is for a person to look at: nothing a
citizen says is lost because a platform was busy. Source: developers.weixin.qq.com, msgSecCheck and
mediaCheckAsync, version 2.
"""

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core import clock
from miniapp_bridge.client import MALFORMED, Retry, reading
from miniapp_bridge.connector import PlatformEvent, Suggestion
from miniapp_bridge.errors import MessageRejected, PlatformBusy, PlatformUnavailable, VendorCode
from miniapp_bridge.wechat.api import WeChatApi

if TYPE_CHECKING:
    from redis.asyncio import Redis

TEXT_PATH = "/wxa/msg_sec_check"
MEDIA_PATH = "/wxa/media_check_async"
VERDICT_EVENT = "wxa_media_check"
TEXT_LONGEST = 2500
TEXT_OVERLAP = 100
FORUM_SCENE = 3
IMAGE = 2
WAIT_SECONDS = 40 * 60
"""WeChat promises the verdict within 30 minutes."""

KEPT_SECONDS = 86_400
WAITING = "waiting:"
WORSE = (Suggestion.PASS, Suggestion.REVIEW, Suggestion.UNCHECKED)


class ContentChecks:
    """The checks of one application. Verdicts on pictures wait in Redis for whoever asks."""

    def __init__(self, api: WeChatApi, *, redis: "Redis") -> None:
        self._api = api
        self._redis = redis

    async def text(self, text: str, *, user_id: str) -> Suggestion:
        """The worst of all pieces; texts beyond WeChat's limit are cut with an overlap.

        A piece that could not be asked about leaves the whole text unchecked, unless another one
        is risky.
        """
        worst = Suggestion.PASS
        for piece in _pieces(text):
            found = await self._piece(piece, user_id)
            if found is Suggestion.RISKY:
                return found
            worst = max(worst, found, key=WORSE.index)
        return worst

    async def begin_picture(self, url: str, *, user_id: str) -> str:
        """Ask for a verdict on the picture at `url`; returns the reference to ask for it by.

        WeChat fetches the address itself, so it must be https and may need no log-in. Raises
        MessageRejected for another address, PlatformBusy, PlatformUnavailable.
        """
        if urlsplit(url).scheme != "https" or not urlsplit(url).netloc:
            raise MessageRejected(vendor_code="media_url")
        body = {
            "media_url": url,
            "media_type": IMAGE,
            "version": 2,
            "scene": FORUM_SCENE,
            "openid": user_id,
        }
        fields = await self._api.post(MEDIA_PATH, body, retry=Retry.READ)
        with reading():
            reference = str(fields["trace_id"])
        until = int(clock.now().timestamp()) + WAIT_SECONDS
        # The verdict may have been quicker than this answer: it must not be overwritten.
        await self._redis.set(_name(reference), f"{WAITING}{until}", nx=True, ex=KEPT_SECONDS)
        return reference

    async def note(self, event: PlatformEvent) -> bool:
        """Keep the verdict an event tells; False for an event of another kind or application."""
        reference = event.data.get("trace_id")
        if event.kind != VERDICT_EVENT or not reference:
            return False
        if event.data.get("appid") != self._api.config.app_id:
            return False
        await self._redis.set(_name(reference), _verdict(event).value, ex=KEPT_SECONDS)
        return True

    async def picture(self, reference: str) -> Suggestion | None:
        """The verdict; None while it may still come, REVIEW when it did not come."""
        kept: Any = await self._redis.get(_name(reference))
        if kept is None:
            return Suggestion.REVIEW
        value = kept.decode()
        if not value.startswith(WAITING):
            return Suggestion(value)
        late = clock.now().timestamp() > int(value.removeprefix(WAITING))
        return Suggestion.REVIEW if late else None

    async def _piece(self, text: str, user_id: str) -> Suggestion:
        body = {"content": text, "version": 2, "scene": FORUM_SCENE, "openid": user_id}
        try:
            fields = await self._api.post(TEXT_PATH, body, retry=Retry.READ, total=3.0)
            return Suggestion(fields["result"]["suggest"])
        except (PlatformUnavailable, PlatformBusy):
            return Suggestion.UNCHECKED
        except (VendorCode, *MALFORMED):
            return Suggestion.REVIEW


def _verdict(event: PlatformEvent) -> Suggestion:
    """A check that failed at WeChat (a code other than 0) says nothing about the picture."""
    if event.data.get("errcode", "0") != "0":
        return Suggestion.REVIEW
    try:
        return Suggestion(event.data.get("result.suggest", ""))
    except ValueError:
        return Suggestion.REVIEW


def _pieces(text: str) -> list[str]:
    step = TEXT_LONGEST - TEXT_OVERLAP
    return [text[start : start + TEXT_LONGEST] for start in range(0, max(len(text), 1), step)]


def _name(reference: str) -> str:
    return f"wechat:picture-check:{hashlib.sha256(reference.encode()).hexdigest()}"
