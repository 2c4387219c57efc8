"""Sender: brings due calls to their addresses. One address that hangs holds up no other.

A call is taken when the answer is 2xx within TOTAL_SECONDS; the body of the answer is not read
beyond a little. Redirects are failures: they could lead past the checks of `addresses`.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import aiohttp

from core import clock, ids
from core.queue import Claim
from core.workers import Workers
from push.errors import WebhookAddressRefused
from push.models import Webhook, WebhookCall
from push.webhooks import addresses, calls, endpoints, notices, signatures
from push.webhooks.addresses import AddressRefused, GuardedResolver, Network

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
LONGEST_RETRY_AFTER = 24 * 3600
AT_ONCE_PER_ADDRESS = 4
AT_ONCE = 64
SLOW_AT_ONCE = 192
AGENT = "Yunjian-Webhook/1"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an address took a call. `error` is a slug, or None when it was taken."""

    status: int | None
    error: str | None
    seconds: float
    retry_after: timedelta | None = None


class _Closed(Exception):
    """The sender was closed while somebody still had a call in hand."""


class Sender:
    """See the module. Keeps no state but the calls under way."""

    def __init__(
        self, *, allowed: Sequence[Network] = (), resolver: GuardedResolver | None = None
    ) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._workers: Workers[WebhookCall] = Workers(
            calls.QUEUE,
            self._send,
            failed=self._stumbled,
            bell=calls.bell,
            at_once=AT_ONCE,
            slow_at_once=SLOW_AT_ONCE,
            per_lane=AT_ONCE_PER_ADDRESS,
            longest=2 * TOTAL_SECONDS,
        )

    @property
    def allowed(self) -> Sequence[Network]:
        """The inner networks an operator has opened."""
        return self._allowed

    def start(self) -> None:
        """Send what is due, from now on."""
        self._workers.start()

    async def send_due(self) -> int:
        """Start what is due and fits; returns how many calls. For tests and commands."""
        return await self._workers.fill()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._workers.settle()

    async def test(self, webhook_id: UUID, *, owner: str) -> Answer:
        """Call the address now with a test event. Raises WebhookNotFound."""
        hook = await endpoints.get_own(webhook_id, owner=owner)
        body = notices.render(notices.TEST_KIND, clock.now(), {"text": "这是一条测试通知"})
        return await self._post(hook, str(ids.new_id()), body)

    async def stop(self) -> None:
        """Send no more; what was under way is given back."""
        await self._workers.stop()

    async def close(self) -> None:
        """For good: a call that is still tried afterwards fails and is due again later."""
        await self.stop()
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _send(self, claim: Claim[WebhookCall]) -> bool:
        call = claim.row
        hook = await Webhook.get(id=call.webhook_id)
        if not await endpoints.may_be_told(hook.owner):
            await calls.give_up_address(hook.id)
            await claim.release()
            return False
        answer = await self._post(hook, str(call.event_id), call.body, call.id)
        if answer.error is None:
            return await calls.succeed(claim)
        await calls.fail(claim, error=answer.error, wait=answer.retry_after)
        if answer.status == 410:
            await calls.give_up_address(call.webhook_id)
        return False

    async def _stumbled(self, claim: Claim[WebhookCall], error: Exception) -> None:
        """What we could not even try to send is tried again like what was not taken."""
        log.error("a webhook call could not be handled", exc_info=error)
        await calls.fail(claim, error=type(error).__name__)

    async def _post(
        self, hook: Webhook, call_id: str, body: str, number: int | None = None
    ) -> Answer:
        at = clock.now()
        data = body.encode()
        headers = signatures.sign(
            suite=hook.suite,
            secrets=endpoints.keys_at(hook, at),
            call_id=call_id,
            timestamp=int(at.timestamp()),
            body=data,
        )
        headers |= {"Content-Type": "application/json", "User-Agent": AGENT}
        if number is not None:
            headers["Webhook-Number"] = str(number)
        began = asyncio.get_running_loop().time()
        status, retry_after, error = await self._exchange(hook.url, headers, data)
        spent = asyncio.get_running_loop().time() - began
        return Answer(status=status, error=error, seconds=spent, retry_after=retry_after)

    async def _exchange(
        self, url: str, headers: dict[str, str], data: bytes
    ) -> tuple[int | None, timedelta | None, str | None]:
        try:
            # Numbers never reach the resolver, and what is allowed may have changed since.
            addresses.check_url(url, self._allowed)
            async with self._open().post(
                url, data=data, headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(1024)
                taken = 200 <= response.status < 300
                error = None if taken else f"status-{response.status}"
                return response.status, _retry_after(response), error
        except _Closed:
            return None, None, "stopped"
        except WebhookAddressRefused:
            return None, None, "private-address"
        except aiohttp.ClientConnectorDNSError as failure:
            refused = isinstance(failure.os_error, AddressRefused)
            return None, None, "private-address" if refused else "unknown-host"
        except TimeoutError:
            return None, None, "timeout"
        except (aiohttp.ClientError, OSError) as failure:
            return None, None, type(failure).__name__

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:  # nobody would ever close a session that is opened now
            raise _Closed
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver or GuardedResolver(self._allowed),
                use_dns_cache=False,
                force_close=True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    """Seconds the other side asks for (RFC 9110, 10.2.3); dates are not worth reading."""
    with suppress(ValueError):
        seconds = int(response.headers.get("Retry-After", ""))
        return timedelta(seconds=min(max(seconds, 0), LONGEST_RETRY_AFTER))
    return None
