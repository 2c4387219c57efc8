"""WeChat's open API as we call it: an access token on every call, mended once when refused."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import clock
from miniapp_bridge.client import BACKGROUND_SECONDS, Answer, PlatformClient, Retry, reading
from miniapp_bridge.config import WeChatConfig
from miniapp_bridge.errors import TokenUnavailable
from miniapp_bridge.tokens import Fetched, Token, TokenStore
from miniapp_bridge.wechat import envelope

if TYPE_CHECKING:
    from redis.asyncio import Redis

STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105 - a path
TICKET = "/cgi-bin/ticket/getticket"


class WeChatApi:
    """Calls in the name of one application."""

    def __init__(self, config: WeChatConfig, *, client: PlatformClient, redis: "Redis") -> None:
        self.config = config
        self.client = client
        app = f"wechat:{config.app_id}"
        self.tokens = TokenStore(redis, app=app, kind="access", fetch=self._fetch_token)
        self.tickets = TokenStore(redis, app=app, kind="jsapi", fetch=self._fetch_ticket)

    async def without_token(
        self, method: str, path: str, *, retry: Retry, query: Mapping[str, str]
    ) -> dict[str, Any]:
        """A call that proves itself by the app secret (log-in). Raises by the error code."""
        answer = await self.client.call(
            method, path, retry=retry, query=query, is_busy=envelope.is_busy
        )
        return self.opened(answer, path)

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        retry: Retry,
        total: float = BACKGROUND_SECONDS,
    ) -> dict[str, Any]:
        """A call with an access token. Raises by the error code; see envelope.MEANING."""
        return self.opened(await self.post_raw(path, body, retry=retry, total=total), path)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A reading call with an access token."""
        answer = await self._with_token("GET", path, query=query, body=None, retry=Retry.READ)
        return self.opened(answer, path)

    async def post_raw(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        retry: Retry,
        total: float = BACKGROUND_SECONDS,
    ) -> Answer:
        """The same, for answers that are a picture when all went well."""
        return await self._with_token("POST", path, query=None, body=body, retry=retry, total=total)

    async def _with_token(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        retry: Retry,
        total: float = BACKGROUND_SECONDS,
    ) -> Answer:
        """A refused token means that nothing was done: the call is repeated once."""
        token = await self.tokens.get()
        for repeat in (True, False):
            answer = await self.client.call(
                method,
                path,
                retry=retry,
                query={**(query or {}), "access_token": token.value},
                body=body,
                total=total,
                is_busy=_busy_unless_picture,
            )
            if is_picture(answer):
                return answer
            if not repeat or envelope.error_code(answer.json()) not in envelope.TOKEN_CODES:
                break
            token = await self.tokens.report_bad(token)
        return answer

    def opened(self, answer: Answer, path: str) -> dict[str, Any]:
        """The fields of a success. Raises by the error code; a spent quota rests until midnight."""
        fields = answer.json()
        code = envelope.error_code(fields)
        if code == 0:
            return fields
        if code in envelope.TOKEN_CODES:
            raise TokenUnavailable(vendor_code=str(code), retry_after=60)
        problem = envelope.refusal(fields, call=path)
        if code == envelope.QUOTA_OF_DAY:
            self.client.breaker.trip(path, seconds=_until_midnight(clock.now()))
        raise problem

    async def _fetch_token(self, force: bool) -> Fetched:
        fields = await self._token_answer(
            {
                "grant_type": "client_credential",
                "appid": self.config.app_id,
                "secret": self.config.secret,
                "force_refresh": force,
            }
        )
        with reading():
            return Fetched(value=str(fields["access_token"]), seconds=int(fields["expires_in"]))

    async def _token_answer(self, body: Mapping[str, object]) -> dict[str, Any]:
        answer = await self.client.call(
            "POST", STABLE_TOKEN, retry=Retry.READ, body=body, is_busy=envelope.is_busy
        )
        fields = answer.json()
        if envelope.error_code(fields) == 40001:
            fields["errcode"] = 40125  # on this call it means the app secret
        if envelope.error_code(fields) != 0 or not fields.get("access_token"):
            raise envelope.refusal(fields, call=STABLE_TOKEN)
        return fields

    async def _fetch_ticket(self, force: bool) -> Fetched:
        del force  # a ticket cannot be forced; it is asked for again
        fields = await self.get(TICKET, {"type": "jsapi"})
        with reading():
            return Fetched(value=str(fields["ticket"]), seconds=int(fields["expires_in"]))

    async def token(self) -> Token:
        """The access token as stored; for the operator's page and tests."""
        return await self.tokens.get()


def is_picture(answer: Answer) -> bool:
    """Codes come as a picture, refusals as JSON: the first bytes tell, not the media type."""
    return picture_type(answer.data) is not None


def picture_type(data: bytes) -> str | None:
    """Media type of a JPEG or PNG, else None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if data.startswith(b"\x89PNG\r\n\x1a\n") else None


def _busy_unless_picture(answer: Answer) -> bool:
    return not is_picture(answer) and envelope.is_busy(answer)


def _until_midnight(at: datetime) -> float:
    local = clock.local(at)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - local).total_seconds()
