"""Films for Chromium's fake camera: JPEG pictures end to end."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

FRAME = (1280, 720)
FRAMES = 8


def film(path: Path, picture: bytes) -> None:
    """A short film (.mjpeg; Chromium loops it) of a phone held before the camera.

    It takes the place of an earlier one whole: a camera that reads half a film stays dark.
    """
    phone = Image.open(io.BytesIO(picture)).convert("RGB")
    phone.thumbnail((FRAME[0], FRAME[1] - 40))
    unfinished = path.with_suffix(".new")
    with unfinished.open("wb") as file:
        for number in range(FRAMES):
            frame = Image.new("RGB", FRAME, "#5a6470")
            shake = (number % 3) * 4
            left, top = (FRAME[0] - phone.width) // 2 + shake, 20 - shake
            frame.paste(phone, (left, top))
            buffer = io.BytesIO()
            frame.save(buffer, "JPEG", quality=88, subsampling="4:2:0")
            file.write(buffer.getvalue())
    unfinished.replace(path)


def switches(path: Path) -> tuple[str, ...]:
    """How to start Chromium so that it films `path`."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={path.resolve()}",
    )
