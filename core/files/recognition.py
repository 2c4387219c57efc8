"""Reading the text of a photographed page: a port, off unless the settings name a service.

What is read suggests values for a form and is nothing else: it is not stored, not logged, and
never filled in without the person's own tap.
"""

from dataclasses import dataclass
from typing import Protocol

from core.errors import NotFound, Unavailable


class RecognitionOff(NotFound):
    slug = "text-recognition-off"
    title = "本平台没有开通文字识别，请手工填写"


class RecognitionUnavailable(Unavailable):
    slug = "text-recognition-unavailable"
    title = "文字识别暂时不可用，请手工填写"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """A line of text, from top to bottom. Without a representation, so that no log can show it."""

    text: str
    confidence: float
    """0 to 1."""


class Recogniser(Protocol):
    async def read(self, picture: bytes, *, media_type: str) -> list[Line]:
        """The lines of a JPEG or PNG; raises `RecognitionUnavailable`."""

    async def close(self) -> None:
        """Give connections back."""
