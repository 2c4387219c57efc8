"""Alipay: the mini-program and our pages inside Alipay. Facts: opendocs.alipay.com.

A person is known by `open_id`, or by `user_id` at applications made before open_id; the kind stands
in front of the value, so that the two never meet.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from core.settings import Settings
from miniapp_bridge.alipay import crypto, phone
from miniapp_bridge.alipay.gateway import AlipayGateway
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import BACKGROUND_SECONDS, PlatformClient, Retry, reading
from miniapp_bridge.config import AlipayConfig, PlatformConfigs, Template
from miniapp_bridge.connector import (
    Callback,
    Connector,
    Consent,
    FaceHandOff,
    FaceOutcome,
    MiniCode,
    PlatformEvent,
    PlatformIdentity,
    RealName,
    SendOutcome,
    SubscriptionMessage,
    Suggestion,
)
from miniapp_bridge.errors import (
    BadAnswer,
    CallbackRefused,
    CodeRefused,
    MessageRejected,
    OutcomeUnknown,
    PlatformBusy,
    PlatformUnavailable,
    VendorCode,
)
from miniapp_bridge.meter import Meter
from miniapp_bridge.wechat.api import picture_type

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLATFORM = "alipay"
CODE = re.compile(r"[0-9A-Za-z_-]{2,256}")
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
LONGEST_VALUE = 20
NO_RELATION = ("isv.invalid-auth-relations", "NOT_SUBSCRIBE", "USER_NOT_SUBSCRIBE")
FACE_SECONDS = 3600
OPENING_PAGE = "https://ds.alipay.com/"
CONSENT_METHOD = "alipay.open.app.messagetemplate.subscribe.query"
TEMPLATES_A_CALL = 3
SUGGESTIONS = {"PASSED": Suggestion.PASS, "REJECTED": Suggestion.RISKY}


async def open_connector(
    settings: Settings, configs: PlatformConfigs, *, redis: "Redis"
) -> Connector | None:
    """The connector, or None where Alipay is not set up."""
    del settings
    if configs.alipay is None:
        return None
    return AlipayConnector(configs.alipay, configs, redis=redis)


class AlipayConnector:
    """See the module."""

    platform = PLATFORM

    def __init__(
        self,
        config: AlipayConfig,
        configs: PlatformConfigs,
        *,
        redis: "Redis",
        breaker: Breaker | None = None,
    ) -> None:
        self.meter = Meter(redis, PLATFORM)
        self._config = config
        self._client = PlatformClient(config.base_url, breaker=breaker, meter=self.meter)
        self.gateway = AlipayGateway(config, configs, client=self._client)

    async def exchange_code(self, code: str) -> PlatformIdentity:
        if not CODE.fullmatch(code):
            raise CodeRefused(vendor_code="isv.code-invalid")
        node = await self.gateway.call(
            "alipay.system.oauth.token",
            None,
            retry=Retry.ONCE,
            fields={"grant_type": "authorization_code", "code": code},
        )
        return _identity(node)

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        query = {
            "app_id": self._config.app_id,
            "scope": "auth_base",
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._config.authorize_url}?{urlencode(query)}"

    async def exchange_page_code(
        self, code: str, *, redirect_uri: str, state: str
    ) -> PlatformIdentity:
        del redirect_uri, state  # Alipay does not compare it here
        return await self.exchange_code(code)

    async def phone_number(self, code: str) -> str:
        """`code` is the text of my.getPhoneNumber's answer, as the client got it."""
        return phone.phone_number(
            code, public_key=self.gateway.public_key, aes_key=self._config.aes_key
        )

    def templates(self) -> dict[str, str]:
        return {name: template.id for name, template in self._config.templates.items()}

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        template = self._template(message.template)
        if template is None:
            return SendOutcome.NO_CONSENT
        values = _template_values(message.values, template.keys)
        content = {
            **_addressee(message.user_id),
            "user_template_id": template.id,
            "page": message.page,
            "data": json.dumps(values, ensure_ascii=False),  # a text here, other than at WeChat
        }
        try:
            await self.gateway.call(
                "alipay.open.app.mini.templatemessage.send",
                content,
                retry=Retry.SEND,
                total=BACKGROUND_SECONDS,
            )
        except OutcomeUnknown:
            return SendOutcome.UNKNOWN
        except VendorCode as refused:
            if str(refused.vendor_code).startswith(NO_RELATION):
                return SendOutcome.NO_CONSENT
            raise
        return SendOutcome.SENT

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        if not SCENE.fullmatch(scene):
            raise MessageRejected(vendor_code="scene")
        content = {"url_param": page, "query_param": f"scene={scene}", "describe": "云间证"}
        node = await self.gateway.call(
            "alipay.open.app.qrcode.create", content, retry=Retry.READ, total=BACKGROUND_SECONDS
        )
        return await self._picture(str(node.get("qr_code_url", "")))

    async def link(self, *, path: str, query: str, days: int = 7) -> str:
        """Alipay's own page that opens the app. It has no end, whatever `days` says."""
        scheme = await self.app_link(path=path, query=query, days=days)
        return f"{OPENING_PAGE}?{urlencode({'scheme': scheme})}"

    async def app_link(self, *, path: str, query: str, days: int = 7) -> str:
        del days  # made without Alipay, hence without an end
        fields = {"appId": self._config.app_id, "page": path.lstrip("/")}
        if query:
            fields["query"] = query
        return f"alipays://platformapi/startapp?{urlencode(fields)}"

    async def consents(self, user_id: str, *, templates: Sequence[str]) -> Mapping[str, Consent]:
        names: dict[str, list[str]] = {}
        for name in templates:
            template = self._template(name)
            if template is not None:
                names.setdefault(template.id, []).append(name)
        found = {name: Consent.NONE for known in names.values() for name in known}
        kind, _, value = user_id.partition(":")
        listed = sorted(names)
        for start in range(0, len(listed), TEMPLATES_A_CALL):
            content = {kind: value, "template_id_list": listed[start : start + TEMPLATES_A_CALL]}
            node = await self.gateway.call(CONSENT_METHOD, content, retry=Retry.READ)
            for relation in _relations(node):
                if str(relation.get("subscribe_state")) == "1":
                    lasting = relation.get("subscribe_type") == "longterm"
                    consent = Consent.LASTING if lasting else Consent.ONCE
                    known = names.get(str(relation.get("template_id")), [])
                    found |= dict.fromkeys(known, consent)
        return found

    async def check_text(self, text: str, *, user_id: str) -> Suggestion:
        """What Alipay neither passes nor refuses for certain is for a person to read."""
        content = {"app_name": self._config.app_id, "text": text, **_addressee(user_id)}
        try:
            node = await self.gateway.call(
                "alipay.security.risk.content.analyze", content, retry=Retry.READ, total=3.0
            )
        except (PlatformUnavailable, PlatformBusy):
            return Suggestion.UNCHECKED
        except VendorCode:
            return Suggestion.REVIEW
        return SUGGESTIONS.get(str(node.get("result_action")), Suggestion.REVIEW)

    async def start_face_check(
        self, person: RealName, *, reference: str, user_id: str
    ) -> FaceHandOff:
        del user_id  # the check is bound to the identity number alone
        content = {
            "outer_order_no": reference,
            "biz_code": "FACE",
            "identity_param": {
                "identity_type": "CERT_INFO",
                "cert_type": "IDENTITY_CARD",
                "cert_name": person.name,
                "cert_no": person.id_no,
            },
            "merchant_config": {"return_url": ""},
        }
        node = await self.gateway.call(
            "alipay.user.certify.open.initialize", content, retry=Retry.READ
        )
        with reading():
            certify_id = str(node["certify_id"])
        url = self.gateway.page_url("alipay.user.certify.open.certify", {"certify_id": certify_id})
        params = {"kind": "alipay-face", "certify_id": certify_id, "url": url}
        return FaceHandOff(reference=reference, params=params, seconds=FACE_SECONDS)

    async def face_outcome(
        self, hand_off: FaceHandOff, person: RealName, *, user_id: str
    ) -> FaceOutcome:
        del person, user_id
        node = await self.gateway.call(
            "alipay.user.certify.open.query",
            {"certify_id": hand_off.params["certify_id"]},
            retry=Retry.READ,
        )
        passed = node.get("passed")
        if passed is None:
            return FaceOutcome.PENDING
        return FaceOutcome.PASSED if passed == "T" else FaceOutcome.FAILED

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        try:
            fields = crypto.parse_notice(callback.body)
        except crypto.Unreadable:
            raise CallbackRefused() from None
        if not crypto.notice_holds(fields, self.gateway.public_key):
            raise CallbackRefused()
        kind = fields.get("msg_method") or fields.get("notify_type")
        if fields.get("app_id") != self._config.app_id or not kind:
            raise CallbackRefused()
        return [
            PlatformEvent(
                kind=kind,
                user_id=None,
                data={name: value for name, value in fields.items() if name != "sign"},
                key=fields.get("notify_id", ""),
            )
        ]

    async def close(self) -> None:
        await self._client.close()

    def _template(self, name: str) -> Template | None:
        return self._config.templates.get(name) or self._config.templates.get("*")

    async def _picture(self, url: str) -> MiniCode:
        """Fetch the code from Alipay's picture host, and from no other."""
        with reading():
            parts = urlsplit(url)
        if parts.netloc not in self._config.picture_hosts or parts.scheme not in ("https", "http"):
            raise BadAnswer("a picture at a foreign host")
        client = PlatformClient(f"{parts.scheme}://{parts.netloc}")
        try:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            answer = await client.call("GET", target, retry=Retry.READ, name="picture")
        finally:
            await client.close()
        media_type = picture_type(answer.data)
        if media_type is None:
            raise BadAnswer("no picture")
        return MiniCode(media_type=media_type, data=answer.data)


def _identity(node: Mapping[str, Any]) -> PlatformIdentity:
    for kind in ("open_id", "user_id"):
        value = node.get(kind)
        if value:
            union_id = node.get("union_id")
            return PlatformIdentity(
                platform=PLATFORM,
                user_id=f"{kind}:{value}",
                union_id=str(union_id) if union_id else None,
            )
    raise BadAnswer("neither open_id nor user_id")


def _relations(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Absent when nothing is subscribed; one gateway wraps the list once more."""
    listed = node.get("subscribe_relations") or []
    if isinstance(listed, Mapping):
        listed = listed.get("subscribe_relation") or []
    with reading():
        return [one for one in listed if isinstance(one, Mapping)]


def _addressee(user_id: str) -> dict[str, str]:
    kind, _, value = user_id.partition(":")
    return {f"to_{kind}": value}


def _template_values(
    values: Mapping[str, str], keys: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    if set(values) != set(keys):
        raise MessageRejected(vendor_code="keywords")
    for value in values.values():
        if not 0 < len(value.strip()) <= LONGEST_VALUE:
            raise MessageRejected(vendor_code="keywords")
    return {keys[name]: {"value": value.strip()} for name, value in values.items()}
