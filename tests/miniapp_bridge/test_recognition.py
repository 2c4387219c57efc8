import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from core.files.recognition import RecognitionUnavailable
from miniapp_bridge.recognition import LONGEST_LINE, HttpRecogniser

Answer = dict[str, Any]


class Service:
    """A text recognition of a city, as the contract says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Answer]] = []
        self.answer: Any = {"lines": [{"text": "姓名：张三", "confidence": 0.98}]}
        self.status = 200

    async def read(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers["Authorization"], await request.json()))
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, HttpRecogniser]]:
    service = Service()
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/read", service.read)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    recogniser = HttpRecogniser(f"http://127.0.0.1:{port}", token="t0ken")
    yield service, recogniser
    await recogniser.close()
    await runner.cleanup()


async def test_a_picture_is_sent_and_lines_come_back(
    service: tuple[Service, HttpRecogniser],
) -> None:
    city, recogniser = service

    (line,) = await recogniser.read(b"picture", media_type="image/jpeg")

    assert (line.text, line.confidence) == ("姓名：张三", 0.98)
    ((authorisation, asked),) = city.asked
    assert authorisation == "Bearer t0ken"
    assert asked == {
        "media_type": "image/jpeg",
        "picture": base64.b64encode(b"picture").decode(),
    }


@pytest.mark.parametrize(
    "answer", [{}, [], {"lines": "x"}, {"lines": [{"text": 1, "confidence": 1}]}]
)
async def test_an_answer_that_was_not_agreed_is_none(
    service: tuple[Service, HttpRecogniser], answer: Any
) -> None:
    city, recogniser = service
    city.answer = answer

    with pytest.raises(RecognitionUnavailable):
        await recogniser.read(b"picture", media_type="image/jpeg")


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_refusal_is_none(service: tuple[Service, HttpRecogniser], status: int) -> None:
    city, recogniser = service
    city.status = status

    with pytest.raises(RecognitionUnavailable):
        await recogniser.read(b"picture", media_type="image/jpeg")
    assert len(city.asked) == 1


async def test_what_is_too_long_is_cut(service: tuple[Service, HttpRecogniser]) -> None:
    city, recogniser = service
    city.answer = {"lines": [{"text": "字" * 1000, "confidence": 7}]}

    (line,) = await recogniser.read(b"picture", media_type="image/jpeg")

    assert (len(line.text), line.confidence) == (LONGEST_LINE, 1.0)


async def test_a_service_that_is_away_is_none() -> None:
    recogniser = HttpRecogniser("http://127.0.0.1:9", token="t")

    with pytest.raises(RecognitionUnavailable):
        await recogniser.read(b"picture", media_type="image/jpeg")
    await recogniser.close()
