"""The platform client against a real server on loopback: limits, retry classes, redaction."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from core.valkey.embedded import free_port
from miniapp_bridge.client import LARGEST_ANSWER, Answer, PlatformClient, Retry, redact
from miniapp_bridge.errors import BadAnswer, OutcomeUnknown, PlatformBusy, PlatformUnavailable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BUSY = '{"errcode":-1}'
OK = '{"errcode":0}'


class Platform:
    """Answers each call with the next of its answers, and keeps what it was sent."""

    def __init__(self, *answers: Handler) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.calls = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        return await answer(request)


def text(content: str, *, media_type: str = "text/plain", status: int = 200) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=content, content_type=media_type, status=status)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def talking(*answers: Handler) -> AsyncIterator[tuple[PlatformClient, Platform]]:
    platform = Platform(*answers)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", platform.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    client = PlatformClient(f"http://127.0.0.1:{port}", pause=0.001)
    try:
        yield client, platform
    finally:
        await client.close()
        await runner.cleanup()


def busy(answer: Answer) -> bool:
    return answer.json().get("errcode") == -1


async def test_json_is_read_whatever_the_media_type_says() -> None:
    async with talking(text('{"openid":"a\tb"}')) as (client, _):
        answer = await client.call("GET", "/sns/x", retry=Retry.READ)

    assert answer.json() == {"openid": "a\tb"}


@pytest.mark.parametrize("content", ["", "<html>", "[1]", "{", "null", "[" * 100_000])
def test_what_is_no_object_is_a_bad_answer(content: str) -> None:
    answer = Answer(status=200, media_type="application/json", data=content.encode())

    with pytest.raises(BadAnswer):
        answer.json()


async def test_body_is_sent_in_plain_chinese() -> None:
    async with talking(text(OK)) as (client, platform):
        await client.call("POST", "/send", retry=Retry.SEND, body={"value": "已受理"})

    assert platform.bodies == ['{"value":"已受理"}'.encode()]


async def test_nobody_listening_is_unavailable() -> None:
    client = PlatformClient(f"http://127.0.0.1:{free_port()}", pause=0.001)

    for retry in Retry:
        with pytest.raises(PlatformUnavailable) as refusal:
            await client.call("GET", "/x", retry=retry)
        assert not isinstance(refusal.value, OutcomeUnknown)
    await client.close()


async def test_closed_client_opens_nothing_again() -> None:
    async with talking(text(OK)) as (client, platform):
        await client.call("GET", "/x", retry=Retry.READ)
        await client.close()
        with pytest.raises(PlatformUnavailable):
            await client.call("GET", "/x", retry=Retry.READ)

    assert platform.calls == 1


async def test_reading_is_repeated_after_a_broken_answer() -> None:
    async with talking(hang_up, text("", status=502), text(OK)) as (client, platform):
        answer = await client.call("POST", "/x", retry=Retry.READ)

    assert answer.json() == {"errcode": 0}
    assert platform.calls == 3


@pytest.mark.parametrize("retry", [Retry.ONCE, Retry.SEND])
@pytest.mark.parametrize("broken", [hang_up, text("<html>", status=504)], ids=["cut", "gateway"])
async def test_what_may_have_been_done_is_not_repeated(retry: Retry, broken: Handler) -> None:
    async with talking(broken, text(OK)) as (client, platform):
        with pytest.raises(OutcomeUnknown):
            await client.call("POST", "/x", retry=retry)

    assert platform.calls == 1


async def test_slow_answer_is_cut_off_and_not_repeated() -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with talking(silent) as (client, platform):
        with pytest.raises(OutcomeUnknown):
            await client.call("POST", "/x", retry=Retry.SEND, total=0.2)

    assert platform.calls == 1


async def test_endless_answer_is_given_up() -> None:
    async with talking(text("x" * (LARGEST_ANSWER + 1))) as (client, _):
        with pytest.raises(BadAnswer):
            await client.call("POST", "/x", retry=Retry.SEND)


@pytest.mark.parametrize(("retry", "calls"), [(Retry.READ, 3), (Retry.ONCE, 2), (Retry.SEND, 3)])
async def test_busy_platform_is_asked_again_and_then_given_up(retry: Retry, calls: int) -> None:
    async with talking(text(BUSY)) as (client, platform):
        with pytest.raises(PlatformBusy):
            await client.call("POST", "/x", retry=retry, is_busy=busy)

    assert platform.calls == calls


async def test_redirect_is_not_followed() -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})

    async with talking(elsewhere) as (client, platform):
        answer = await client.call("GET", "/x", retry=Retry.READ)

    assert answer.status == 302
    assert platform.calls == 1


async def test_secret_of_the_query_reaches_neither_log_nor_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with talking(hang_up) as (client, _):
        with pytest.raises(OutcomeUnknown) as refusal:
            await client.call("POST", "/x", retry=Retry.ONCE, query={"secret": "hunter2"})

    assert "hunter2" not in caplog.text
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "secret",
    [
        "https://x/y?access_token=hunter2&z=1",
        '{"session_key":"hunter2","openid": "hunter2"}',
        "Authorization: hunter2",
        "js_code=hunter2",
        '{"phoneNumber": "hunter2"}',
    ],
)
def test_redaction_stars_secret_values(secret: str) -> None:
    assert "hunter2" not in redact(secret)
    assert "***" in redact(secret)


def test_redaction_stars_long_numbers_and_cuts() -> None:
    assert redact("no 310199199003071017 here") == "no *** here"
    assert len(redact("x" * 500)) == 200
