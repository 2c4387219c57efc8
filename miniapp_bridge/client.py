"""The one HTTP client for platforms: time limits, retry classes, redaction.

aiohttp puts the whole URL (with secrets in its query) into its exceptions, therefore every one of
them ends here and is replaced by ours. What was sent but not answered is never repeated when that
would spend a one-time code or reach a user twice.

    class   connect failed   no answer after sending   "busy"
    READ    again            again                     again
    ONCE    again            OutcomeUnknown            again
    SEND    again            OutcomeUnknown            again
"""

import asyncio
import json
import logging
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp

from miniapp_bridge.errors import BadAnswer, OutcomeUnknown, PlatformBusy, PlatformUnavailable

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 5.0
"""Calls a user waits for. Background work passes its own `total`."""

CONNECTIONS_PER_HOST = 50
LARGEST_ANSWER = 4 * 1024 * 1024
ATTEMPTS = {"read": 3, "once": 2, "send": 3}
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0

REDACTED_NAMES = (
    "access_token|secret|js_code|code|session_key|ticket|sign|authorization|phone"
    "|phoneNumber|purePhoneNumber|openid|touser|id_no|cert_no|app_secret|refresh_token"
)
REDACTED_PAIR = re.compile(
    rf'(?i)(["\']?\b(?:{REDACTED_NAMES})["\']?\s*[=:]\s*)("[^"]*"|[^&\s,}}]+)'
)
LONG_DIGITS = re.compile(r"\d{10,}[Xx]?")


class Retry(StrEnum):
    """What a repetition would do; every call names its class."""

    READ = "read"
    ONCE = "once"
    SEND = "send"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A platform's answer, read to its end."""

    status: int
    media_type: str
    data: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object inside, whatever the media type says (`/sns/*` answers text/plain).

        Raises BadAnswer for everything else: HTML of a gateway, an empty body, an array.
        """
        text = self.data.decode("utf-8", errors="replace")
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            raise BadAnswer(f"not JSON, status {self.status}") from None
        if not isinstance(value, dict):
            raise BadAnswer(f"JSON but no object, status {self.status}")
        return value


class PlatformClient:
    """Calls to one platform. `base_url` comes from the settings, never from a request."""

    def __init__(self, base_url: str, *, pause: float = FIRST_PAUSE_SECONDS) -> None:
        self._base_url = base_url.rstrip("/")
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        retry: Retry,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        total: float = REQUEST_SECONDS,
        is_busy: Callable[[Answer], bool] = lambda answer: False,
    ) -> Answer:
        """One call, repeated as its class allows. `total` is seconds per attempt.

        Raises PlatformUnavailable (nothing was done), OutcomeUnknown (it may have been done),
        PlatformBusy (still busy after the last attempt).
        """
        attempts = ATTEMPTS[retry]
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                answer = await self._once(method, path, query=query, body=body, total=total)
            except OutcomeUnknown:
                if retry is not Retry.READ or last:
                    raise
            except PlatformUnavailable:
                if last:
                    raise
            else:
                if not is_busy(answer):
                    return answer
                if last:
                    raise PlatformBusy()
            await asyncio.sleep(self._pause_before(attempt))
        raise AssertionError("unreachable")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        total: float,
    ) -> Answer:
        headers = {"Accept": "application/json", "User-Agent": "yunjian/1"}
        data = None
        if body is not None:
            # Not aiohttp's `json=`: platforms show its \uXXXX escapes to the user.
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        timeout = aiohttp.ClientTimeout(total=total, connect=CONNECT_SECONDS)
        try:
            async with self._open_session().request(
                method,
                self._base_url + path,
                params=query,
                data=data,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._complain(method, path, error)
            raise PlatformUnavailable() from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._complain(method, path, error)
            raise OutcomeUnknown() from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit_per_host=CONNECTIONS_PER_HOST),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _pause_before(self, attempt: int) -> float:
        longest: float = min(self._pause * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _complain(self, method: str, path: str, error: Exception) -> None:
        log.warning("%s %s failed: %s", method, path, type(error).__name__)


def redact(text: str, *, longest: int = 200) -> str:
    """`text` for a log: secret values and long digit runs starred out, cut to `longest`."""
    starred = REDACTED_PAIR.sub(r"\1***", text)
    return LONG_DIGITS.sub("***", starred)[:longest]


async def _read(response: aiohttp.ClientResponse) -> Answer:
    data = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > LARGEST_ANSWER:
            raise BadAnswer("the answer is too large")
    if response.status >= 500:
        # A gateway in the way: whether the platform saw the call is not known.
        raise OutcomeUnknown(vendor_code=str(response.status))
    return Answer(status=response.status, media_type=response.content_type, data=bytes(data))
