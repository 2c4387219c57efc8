"""Alipay's gateway: one address, the method in a field, both directions signed."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import rsa

from core import clock
from core.errors import Problem
from core.settings import SettingsError
from miniapp_bridge.alipay import crypto
from miniapp_bridge.client import REQUEST_SECONDS, Answer, PlatformClient, Retry
from miniapp_bridge.config import AlipayConfig, PlatformConfigs, read_file, read_key
from miniapp_bridge.errors import (
    BadAnswer,
    CodeRefused,
    MessageRejected,
    OutcomeUnknown,
    PlatformBusy,
    PlatformMisconfigured,
    PlatformUnavailable,
)

log = logging.getLogger(__name__)

PATH = "/gateway.do?charset=utf-8"
SUCCESS = "10000"
SYSTEM_ERROR = "20000"
BUSINESS_ERROR = "40004"
ERROR_NODE = "error_response"

MEANING: dict[str, type[Problem]] = {
    "20000": OutcomeUnknown,
    "20001": CodeRefused,
    "40001": MessageRejected,
    "40003": CodeRefused,
    "40004": MessageRejected,
    "40005": PlatformBusy,
    "40006": PlatformMisconfigured,
}


class AlipayGateway:
    """Signed calls in the name of one application."""

    def __init__(
        self, config: AlipayConfig, configs: PlatformConfigs, *, client: PlatformClient
    ) -> None:
        self.config = config
        self.client = client
        self._key = read_key(configs, config.private_key_file, crypto.load_private_key)
        self.public_key: rsa.RSAPublicKey = read_key(
            configs, config.public_key_file, crypto.load_public_key
        )
        self._certificates = self._certificate_fields(configs)

    async def call(
        self,
        method: str,
        biz_content: Mapping[str, object] | None,
        *,
        retry: Retry,
        fields: Mapping[str, str] | None = None,
        total: float = REQUEST_SECONDS,
    ) -> dict[str, Any]:
        """The content of the method's node, verified. Raises by `code` and `sub_code`."""
        node = await self.call_raw(method, biz_content, retry=retry, fields=fields, total=total)
        code = str(node.get("code", SUCCESS))  # the token call has none when it succeeds
        if code != SUCCESS:
            raise refusal(node, method=method)
        return node

    async def call_raw(
        self,
        method: str,
        biz_content: Mapping[str, object] | None,
        *,
        retry: Retry,
        fields: Mapping[str, str] | None = None,
        total: float = REQUEST_SECONDS,
    ) -> dict[str, Any]:
        """The same, with an error's node handed out too: trade calls look at its sub_code."""
        form = self.signed(method, biz_content, fields)

        def is_busy(answer: Answer) -> bool:
            node = self._opened(answer, method)
            if str(node.get("code")) == SYSTEM_ERROR:
                raise OutcomeUnknown(vendor_code=str(node.get("sub_code", SYSTEM_ERROR)))
            return str(node.get("code")) == "40005"

        answer = await self.client.call(
            "POST", PATH, retry=retry, form=form, name=method, total=total, is_busy=is_busy
        )
        return self._opened(answer, method)

    def signed(
        self,
        method: str,
        biz_content: Mapping[str, object] | None,
        fields: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """The form of a call, signed for this moment."""
        params = {
            "app_id": self.config.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{clock.local(clock.now()):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            **self._certificates,
            **(fields or {}),
        }
        if biz_content is not None:
            params["biz_content"] = json.dumps(
                biz_content, ensure_ascii=False, separators=(",", ":")
            )
        kept = {name: value for name, value in params.items() if value}
        return {**kept, "sign": crypto.sign(crypto.sign_text(kept), self._key)}

    def page_url(self, method: str, biz_content: Mapping[str, object]) -> str:
        """The address of a page of Alipay's, signed (GET)."""
        form = self.signed(method, biz_content)
        return f"{self.config.base_url.rstrip('/')}/gateway.do?{urlencode(form)}"

    def _opened(self, answer: Answer, method: str) -> dict[str, Any]:
        text = answer.data.decode("utf-8", errors="replace")
        try:
            name, raw, signature = crypto.answer_node(text, method)
        except crypto.Unreadable:
            raise BadAnswer(f"no answer of {method}, status {answer.status}") from None
        if signature is None and name != ERROR_NODE:
            raise BadAnswer("an answer without a signature")
        if signature is not None and not crypto.holds(raw, signature, self.public_key):
            raise BadAnswer("an answer that is not the platform's")
        node = self._node(raw)
        if name == ERROR_NODE and str(node.get("code") or SUCCESS) == SUCCESS:
            # Errors may come unsigned, and an answer without a code counts as a success.
            raise BadAnswer("an error that tells a success")
        return node

    def _node(self, raw: str) -> dict[str, Any]:
        try:
            if raw.startswith('"'):
                raw = crypto.decrypt(json.loads(raw), self.config.aes_key)
            node = json.loads(raw, strict=False)
        except (crypto.Unreadable, ValueError, RecursionError):
            raise BadAnswer("a node that cannot be read") from None
        if not isinstance(node, dict):
            raise BadAnswer("a node that is no object")
        return node

    def _certificate_fields(self, configs: PlatformConfigs) -> dict[str, str]:
        """Raises SettingsError for a half of certificate mode: Alipay would refuse every call."""
        app, root = self.config.app_certificate_file, self.config.root_certificate_file
        if app is None and root is None:
            return {}
        trusted = read_file(configs, self.config.public_key_file)
        if app is None or root is None or b"BEGIN CERTIFICATE" not in trusted:
            raise SettingsError(
                "alipay: certificate mode needs app_certificate_file, root_certificate_file"
                " and Alipay's certificate as public_key_file"
            )
        return {
            "app_cert_sn": crypto.serial_of(read_key(configs, app, crypto.certificates)[0]),
            "alipay_root_cert_sn": read_key(configs, root, crypto.root_serial),
        }


def refusal(node: Mapping[str, Any], *, method: str) -> Problem:
    """The error for a node whose code is not 10000; sub codes grow, so prefixes decide."""
    code, sub_code = str(node.get("code", "")), str(node.get("sub_code", ""))
    log.warning("alipay %s: %s %s", method, code, sub_code)
    if sub_code.startswith("isv.code-invalid"):
        return CodeRefused(vendor_code=sub_code)
    if code == "40002":
        log.error("alipay %s: our settings are wrong there (%s)", method, sub_code)
        return PlatformMisconfigured(vendor_code=sub_code)
    problem = MEANING.get(code, PlatformUnavailable)
    return problem(vendor_code=sub_code or code)
