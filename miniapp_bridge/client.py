"""The one HTTP client for platforms: time limits, retry classes, redaction, circuit breaker.

aiohttp puts the whole URL (with secrets in its query) into its exceptions, therefore every one of
them ends here and is replaced by ours. What was sent but not answered is never repeated when that
would spend a one-time code or reach a user twice.

    class   connect failed   no answer after sending     "busy"
    READ    again            again                       again
    ONCE    again            OutcomeUnknown              again
    SEND    again            OutcomeUnknown              again
    MONEY   again            again, under the same number  again, under the same number
"""

import asyncio
import csv
import json
import logging
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from core.errors import Problem
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.errors import BadAnswer, OutcomeUnknown, PlatformBusy, PlatformUnavailable
from miniapp_bridge.meter import Meter

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 5.0
"""Calls a user waits for. Background work passes its own `total`."""

BACKGROUND_SECONDS = 8.0
CONNECTIONS_PER_HOST = 50
LARGEST_ANSWER = 4 * 1024 * 1024
ATTEMPTS = {"read": 3, "once": 2, "send": 3, "money": 3}
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded;charset=utf-8"

REDACTED_NAMES = (
    "access_token|secret|js_code|code|session_key|ticket|sign|authorization|phone"
    "|phoneNumber|purePhoneNumber|openid|touser|id_no|cert_no|app_secret|refresh_token"
)
REDACTED_PAIR = re.compile(
    rf'(?i)(["\']?\b(?:{REDACTED_NAMES})["\']?\s*[=:]\s*)("[^"]*"|[^&\s,}}]+)'
)
LONG_DIGITS = re.compile(r"\d{10,}[Xx]?")


MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, csv.Error)
"""What a reader stumbles over where fields are missing or of another kind than agreed."""


@contextmanager
def reading() -> Iterator[None]:
    """Around the reading of an answer's fields: raises BadAnswer where they are not as agreed."""
    try:
        yield
    except MALFORMED as error:
        log.warning("an answer is not as agreed: %s", type(error).__name__)
        raise BadAnswer("an answer that is not as agreed") from None


class Retry(StrEnum):
    """What a repetition would do; every call names its class."""

    READ = "read"
    ONCE = "once"
    SEND = "send"
    MONEY = "money"

    @property
    def repeatable(self) -> bool:
        """Whether a call without an answer may be made again."""
        return self in (Retry.READ, Retry.MONEY)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A platform's answer, read to its end. Header names in lower case."""

    status: int
    media_type: str
    data: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

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


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One request as it goes out. `target` is path and query exactly as they stand on the wire."""

    method: str
    target: str = field(repr=False)
    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None


Headers = Callable[[Outgoing], Mapping[str, str]]
"""Headers that depend on the request and the moment (signatures); asked before every attempt."""


class PlatformClient:
    """Calls to one platform. `base_url` comes from the settings, never from a request."""

    def __init__(
        self,
        base_url: str,
        *,
        pause: float = FIRST_PAUSE_SECONDS,
        breaker: Breaker | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._pause = pause
        self._meter = meter
        self.breaker = breaker or Breaker()
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        retry: Retry,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        name: str | None = None,
        total: float = REQUEST_SECONDS,
        is_busy: Callable[[Answer], bool] = lambda answer: False,
    ) -> Answer:
        """One call, repeated as its class allows. `total` is seconds per attempt.

        `path` is percent-encoded already and goes out as it is. `name` groups calls for the breaker
        and the meter where the path holds numbers. Raises PlatformUnavailable (nothing was done),
        OutcomeUnknown (it may have been done), PlatformBusy (still busy after the last attempt),
        CircuitOpen (not tried).
        """
        outgoing = _outgoing(method, path, query=query, body=body, form=form)
        name = name or path
        started = asyncio.get_running_loop().time()
        outcome, tries = "cancelled", False
        try:
            tries = self.breaker.admit(name)
            answer = await self._repeat(outgoing, retry, name, headers, total, is_busy)
            outcome = "ok"
        except Problem as problem:
            outcome = problem.slug
            raise
        finally:
            if tries:
                self.breaker.left_undecided(name)
            spent = asyncio.get_running_loop().time() - started
            if self._meter is not None and outcome != "cancelled":
                await self._meter.note(name, outcome, spent * 1000)
        return answer

    async def close(self) -> None:
        """For good: what still asks afterwards is told that the platform is not to be had."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _repeat(
        self,
        outgoing: Outgoing,
        retry: Retry,
        name: str,
        headers: Headers | None,
        total: float,
        is_busy: Callable[[Answer], bool],
    ) -> Answer:
        attempts = ATTEMPTS[retry]
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                answer = await self._once(outgoing, name, headers, total)
                if not is_busy(answer):
                    return answer
                if last:
                    raise PlatformBusy()
            except OutcomeUnknown:
                if not retry.repeatable or last:
                    raise
            except PlatformUnavailable:
                if last:
                    raise
            await asyncio.sleep(self._pause_before(attempt))
        raise AssertionError("unreachable")

    async def _once(
        self, outgoing: Outgoing, name: str, headers: Headers | None, total: float
    ) -> Answer:
        sent = {"Accept": JSON_TYPE, "User-Agent": "yunjian/1"}
        if outgoing.media_type is not None:
            sent["Content-Type"] = outgoing.media_type
        if headers is not None:
            sent |= headers(outgoing)
        # yarl would rewrite %2A or |, and a signed address must go out as it was signed.
        url = URL(self._base_url + outgoing.target, encoded=True)
        timeout = aiohttp.ClientTimeout(total=total, connect=CONNECT_SECONDS)
        try:
            async with self._open_session().request(
                outgoing.method,
                url,
                data=outgoing.data,
                headers=sent,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                answer = await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._complain(name, error)
            raise PlatformUnavailable() from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._complain(name, error)
            raise OutcomeUnknown() from None
        except OutcomeUnknown as error:
            self._complain(name, error)
            raise
        self.breaker.succeeded(name)
        return answer

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:  # nobody would ever close a session that is opened now
            raise PlatformUnavailable()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit_per_host=CONNECTIONS_PER_HOST),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _pause_before(self, attempt: int) -> float:
        longest: float = min(self._pause * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _complain(self, name: str, error: Exception) -> None:
        self.breaker.failed(name)
        log.warning("%s failed: %s", name, type(error).__name__)


def redact(text: str, *, longest: int = 200) -> str:
    """`text` for a log: secret values and long digit runs starred out, cut to `longest`."""
    starred = REDACTED_PAIR.sub(r"\1***", text)
    return LONG_DIGITS.sub("***", starred)[:longest]


def encode_json(body: Mapping[str, object]) -> bytes:
    """Not aiohttp's `json=`: platforms show its \\uXXXX escapes to the user."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _outgoing(
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None,
    body: Mapping[str, object] | None,
    form: Mapping[str, str] | None,
) -> Outgoing:
    target = f"{path}?{urlencode(query)}" if query else path
    if body is not None:
        return Outgoing(method=method, target=target, data=encode_json(body), media_type=JSON_TYPE)
    if form is not None:
        data = urlencode(form).encode()
        return Outgoing(method=method, target=target, data=data, media_type=FORM_TYPE)
    return Outgoing(method=method, target=target)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    data = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > LARGEST_ANSWER:
            raise BadAnswer("the answer is too large")
    if response.status >= 500:
        # A gateway in the way: whether the platform saw the call is not known.
        raise OutcomeUnknown(vendor_code=str(response.status))
    return Answer(
        status=response.status,
        media_type=response.content_type,
        data=bytes(data),
        headers={name.lower(): value for name, value in response.headers.items()},
    )
