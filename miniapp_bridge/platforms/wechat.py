"""WeChat: the mini-program, and our pages inside WeChat.

Facts: developers.weixin.qq.com. The session key stays here, encrypted and out of every answer; who
somebody is comes from WeChat's answer alone, never from what the client says.
"""

import json
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from core import clock
from core.protection.protect import blind_index, open_note, seal_note
from core.settings import Settings
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import REQUEST_SECONDS, PlatformClient, Retry, reading
from miniapp_bridge.config import PlatformConfigs, WeChatConfig
from miniapp_bridge.connector import (
    Callback,
    Connector,
    FaceHandOff,
    FaceOutcome,
    MiniCode,
    PageSignature,
    PlatformEvent,
    PlatformIdentity,
    RealName,
    SendOutcome,
    SubscriptionMessage,
    Suggestion,
)
from miniapp_bridge.errors import (
    BadAnswer,
    CodeRefused,
    GuestIdentity,
    MessageRejected,
    OutcomeUnknown,
    SessionStale,
    VendorCode,
)
from miniapp_bridge.meter import Meter
from miniapp_bridge.wechat import crypto, envelope, links, scene, templates
from miniapp_bridge.wechat.api import WeChatApi, picture_type
from miniapp_bridge.wechat.checks import ContentChecks
from miniapp_bridge.wechat.push import PushReader

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLATFORM = "wechat"
CODE_LONGEST = 512
SESSION_KEY = re.compile(r"[0-9A-Za-z+/]{22}==")
SESSION_KEPT_SECONDS = 3 * 86_400
DATA_OLDEST_SECONDS = 600
FACE_PASSED = 10_000


async def open_connector(
    settings: Settings, configs: PlatformConfigs, *, redis: "Redis"
) -> Connector | None:
    """The connector, or None where WeChat is not set up."""
    del settings
    return None if configs.wechat is None else WeChatConnector(configs.wechat, redis=redis)


class WeChatConnector:
    """See the module."""

    platform = PLATFORM

    def __init__(
        self, config: WeChatConfig, *, redis: "Redis", breaker: Breaker | None = None
    ) -> None:
        self.meter = Meter(redis, PLATFORM)
        self._config = config
        self._redis = redis
        self._client = PlatformClient(config.base_url, breaker=breaker, meter=self.meter)
        self.api = WeChatApi(config, client=self._client, redis=redis)
        ciphers = tuple(crypto.PushCipher(key, config.app_id) for key in config.push_keys)
        self._checks = ContentChecks(self.api, redis=redis)
        self._push = PushReader(token=config.push_token, ciphers=ciphers)

    async def exchange_code(self, code: str) -> PlatformIdentity:
        query = {
            "appid": self._config.app_id,
            "secret": self._config.secret,
            "js_code": _plausible(code),
            "grant_type": "authorization_code",
        }
        fields = await self.api.without_token(
            "GET", "/sns/jscode2session", retry=Retry.ONCE, query=query
        )
        identity = _identity(fields)
        await self._keep_session_key(identity.user_id, str(fields.get("session_key", "")))
        return identity

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        """Some clients mind the order of the parameters, and the fragment."""
        query = urlencode(
            {
                "appid": self._config.app_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
            }
        )
        return f"{self._config.authorize_url}?{query}#wechat_redirect"

    async def exchange_page_code(
        self, code: str, *, redirect_uri: str, state: str
    ) -> PlatformIdentity:
        del redirect_uri, state  # WeChat does not compare it here
        query = {
            "appid": self._config.app_id,
            "secret": self._config.secret,
            "code": _plausible(code),
            "grant_type": "authorization_code",
        }
        fields = await self.api.without_token(
            "GET", "/sns/oauth2/access_token", retry=Retry.ONCE, query=query
        )
        if str(fields.get("is_snapshotuser", "0")) == "1":
            raise GuestIdentity()
        return _identity(fields)

    async def phone_number(self, code: str) -> str:
        fields = await self.api.post(
            "/wxa/business/getuserphonenumber",
            {"code": _plausible(code)},
            retry=Retry.ONCE,
            total=REQUEST_SECONDS,
        )
        info = fields.get("phone_info")
        if not isinstance(info, dict) or self._foreign(info):
            raise BadAnswer("no phone number of this app")
        with reading():
            return str(info["purePhoneNumber"])

    async def open_data(self, user_id: str, *, encrypted: str, iv: str) -> dict[str, Any]:
        """encryptedData of an older client. Raises SessionStale for everything that fails."""
        name = self._session_name(user_id)
        key = open_note(name, await self._redis.get(name))
        if key is None:
            raise SessionStale()
        try:
            value = json.loads(crypto.decrypt_data(encrypted, session_key=key, iv=iv))
            made = int(value["watermark"]["timestamp"])
            if self._foreign(value) or clock.now().timestamp() - made > DATA_OLDEST_SECONDS:
                raise SessionStale()
        except (crypto.Unreadable, ValueError, KeyError, TypeError):
            raise SessionStale() from None
        opened: dict[str, Any] = value
        return opened

    def templates(self) -> dict[str, str]:
        return {name: template.id for name, template in self._config.templates.items()}

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        template = self._config.templates.get(message.template) or self._config.templates.get("*")
        if template is None:
            return SendOutcome.NO_CONSENT
        body = {
            "touser": message.user_id,
            "template_id": template.id,
            "page": message.page,
            "data": templates.fit(message.values, template.keys),
            "miniprogram_state": self._config.state,
            "lang": "zh_CN",
        }
        try:
            await self.api.post("/cgi-bin/message/subscribe/send", body, retry=Retry.SEND)
        except OutcomeUnknown:
            return SendOutcome.UNKNOWN
        except VendorCode as refusal:
            if refusal.vendor_code == str(envelope.NO_CONSENT):
                return SendOutcome.NO_CONSENT
            raise
        return SendOutcome.SENT

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        _check_scene(scene)
        body = {"scene": scene, "page": page, "check_path": True, "width": 430}
        body |= {"is_hyaline": True}  # a PNG; without it a JPEG, which prints less sharp
        answer = await self.api.post_raw("/wxa/getwxacodeunlimit", body, retry=Retry.READ)
        media_type = picture_type(answer.data)
        if media_type is not None:
            return MiniCode(media_type=media_type, data=answer.data)
        self.api.opened(answer, "/wxa/getwxacodeunlimit")
        raise BadAnswer("neither a picture nor a refusal")

    async def link(self, *, path: str, query: str, days: int = 7) -> str:
        return await links.url_link(self.api, path=path, query=query, days=days)

    async def app_link(self, *, path: str, query: str, days: int = 7) -> str:
        return await links.scheme(self.api, path=path, query=query, days=days)

    async def sign_page(self, url: str) -> PageSignature:
        address = url.partition("#")[0]
        if urlsplit(address).netloc not in self._config.page_hosts:
            raise MessageRejected(vendor_code="host")
        ticket = await self.api.tickets.get()
        nonce, timestamp = secrets.token_hex(8), int(clock.now().timestamp())
        signature = crypto.page_signature(
            ticket=ticket.value, nonce=nonce, timestamp=timestamp, url=address
        )
        return PageSignature(
            app_id=self._config.app_id, nonce=nonce, timestamp=timestamp, signature=signature
        )

    async def check_text(self, text: str, *, user_id: str) -> Suggestion:
        return await self._checks.text(text, user_id=user_id)

    async def begin_picture_check(self, url: str, *, user_id: str) -> str:
        return await self._checks.begin_picture(url, user_id=user_id)

    async def picture_verdict(self, reference: str) -> Suggestion | None:
        return await self._checks.picture(reference)

    async def note_event(self, event: PlatformEvent) -> None:
        """Keep what an event decides: so far, verdicts on pictures."""
        await self._checks.note(event)

    async def start_face_check(
        self, person: RealName, *, reference: str, user_id: str
    ) -> FaceHandOff:
        body = {
            "out_seq_no": reference,
            "cert_info": {
                "cert_type": "IDENTITY_CARD",
                "cert_name": person.name,
                "cert_no": person.id_no,
            },
            "openid": user_id,
        }
        fields = await self.api.post(
            "/cityservice/face/identify/getverifyid", body, retry=Retry.READ
        )
        with reading():
            verify_id, seconds = str(fields["verify_id"]), int(fields["expires_in"])
        params = {"kind": "wechat-face", "verify_id": verify_id}
        return FaceHandOff(reference=reference, params=params, seconds=seconds)

    async def face_outcome(
        self, hand_off: FaceHandOff, person: RealName, *, user_id: str
    ) -> FaceOutcome:
        body = {
            "verify_id": hand_off.params["verify_id"],
            "out_seq_no": hand_off.reference,
            "cert_hash": crypto.certificate_hash(
                kind="IDENTITY_CARD", name=person.name, number=person.id_no
            ),
            "openid": user_id,
        }
        fields = await self.api.post(
            "/cityservice/face/identify/queryverifyinfo", body, retry=Retry.READ
        )
        result = fields.get("verify_ret")
        if result is None:
            return FaceOutcome.PENDING
        return FaceOutcome.PASSED if str(result) == str(FACE_PASSED) else FaceOutcome.FAILED

    def address_check(self, query: dict[str, str]) -> str:
        """The echo WeChat expects when our callback address is saved. Raises CallbackRefused."""
        return self._push.address_check(query)

    def open_circuits(self) -> dict[str, int]:
        """Calls that rest in this worker → seconds until they are tried again."""
        circuits = self._client.breaker.open_circuits()
        return {name: round(seconds) for name, seconds in circuits.items()}

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        return self._push.open(callback, at=clock.now())

    async def close(self) -> None:
        await self._client.close()

    def _foreign(self, value: dict[str, Any]) -> bool:
        watermark = value.get("watermark")
        return not isinstance(watermark, dict) or watermark.get("appid") != self._config.app_id

    async def _keep_session_key(self, user_id: str, session_key: str) -> None:
        """One that is none is left aside: the log-in is good, older data is not to be opened."""
        if SESSION_KEY.fullmatch(session_key):
            name = self._session_name(user_id)
            await self._redis.set(name, seal_note(name, session_key), ex=SESSION_KEPT_SECONDS)

    def _session_name(self, user_id: str) -> str:
        index = blind_index(f"{self._config.app_id}:{user_id}", purpose="wechat.session-key")
        return f"wechat:session-key:{index}"


def _identity(fields: dict[str, Any]) -> PlatformIdentity:
    user_id = fields.get("openid")
    if not isinstance(user_id, str) or not user_id:
        raise BadAnswer("no openid")
    union_id = fields.get("unionid")
    return PlatformIdentity(
        platform=PLATFORM, user_id=user_id, union_id=str(union_id) if union_id else None
    )


def _plausible(code: str) -> str:
    """Spare the platform what cannot be a code. Raises CodeRefused."""
    if not 1 < len(code) <= CODE_LONGEST or not code.isascii() or not code.isprintable():
        raise CodeRefused(vendor_code="40029")
    return code


def _check_scene(value: str) -> None:
    if not scene.SCENE.fullmatch(value):
        raise MessageRejected(vendor_code="40169")
