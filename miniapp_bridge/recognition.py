"""Text recognition by a service of the city, over HTTPS.

Asked:     POST {url}/read  Authorization: Bearer {token}
           {"media_type": "image/jpeg", "picture": base64}
Answered:  200 {"lines": [{"text": "经营者姓名：张三", "confidence": 0.98}, …]}, top to bottom

Everything else means that there is none just now. Neither side may keep picture or text.
"""

import base64

import msgspec

from core.files.recognition import Line, RecognitionUnavailable
from miniapp_bridge.client import Outgoing, PlatformClient, Retry
from miniapp_bridge.errors import PlatformBusy, PlatformUnavailable

SECONDS = 8.0
"""Somebody waits for it."""

MOST_LINES = 500
LONGEST_LINE = 300


class _ReadLine(msgspec.Struct):
    text: str
    confidence: float


class _Read(msgspec.Struct):
    lines: list[_ReadLine]


class HttpRecogniser:
    def __init__(self, url: str, *, token: str) -> None:
        self._client = PlatformClient(url)
        self._token = token

    async def read(self, picture: bytes, *, media_type: str) -> list[Line]:
        body = {"media_type": media_type, "picture": base64.b64encode(picture).decode()}
        try:
            answer = await self._client.call(
                "POST",
                "/read",
                retry=Retry.ONCE,
                body=body,
                headers=self._authorised,
                total=SECONDS,
            )
            if answer.status != 200:
                raise RecognitionUnavailable()
            found = msgspec.json.decode(answer.data, type=_Read)
        except (PlatformBusy, PlatformUnavailable, msgspec.MsgspecError):
            raise RecognitionUnavailable() from None
        return [
            Line(one.text[:LONGEST_LINE], min(max(one.confidence, 0.0), 1.0))
            for one in found.lines[:MOST_LINES]
        ]

    async def close(self) -> None:
        await self._client.close()

    def _authorised(self, outgoing: Outgoing) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}
