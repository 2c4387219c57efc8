"""What clients may send: held against the protocol core of `websockets`, and against malice."""

import random
import struct
from contextlib import suppress

import aiohttp
import pytest
from websockets.frames import Frame, Opcode

from api.edge import websocket
from api.edge.websocket import Incoming, Violation


def sent(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


TALK = b"".join(
    (
        sent(Opcode.TEXT, "你好".encode()),
        sent(Opcode.PING, b"1"),
        sent(Opcode.BINARY, bytes(200)),
        sent(Opcode.TEXT, b"a" * 500, fin=False),
        sent(Opcode.PING, b"between"),
        sent(Opcode.CONT, b"b" * 60_000),
        sent(Opcode.PONG),
        sent(Opcode.CLOSE, struct.pack("!H", 1000) + b"bye"),
    )
)
HEARD = [
    (websocket.PING, b"1"),
    (websocket.PING, b"between"),
    (websocket.PONG, b""),
    (websocket.CLOSE, struct.pack("!H", 1000) + b"bye"),
]


@pytest.mark.parametrize("seed", range(20))
def test_frames_are_read_however_they_are_cut(seed: int) -> None:
    dice = random.Random(seed)
    incoming, heard, rest = Incoming(), [], TALK
    while rest:
        size = dice.choice((1, 2, 3, 7, 100, 70_000))
        heard += incoming.feed(rest[:size])
        rest = rest[size:]

    assert heard == HEARD
    assert incoming.idle


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x8b\x80\0\0\0\0", 1002),
        (b"\x80\x80\0\0\0\0", 1002),
        (sent(Opcode.TEXT, b"x", fin=False) + sent(Opcode.TEXT, b"y"), 1002),
        (sent(Opcode.PING, b"x").replace(b"\x89", b"\x09", 1), 1002),
        (b"\x89\xfe\x01\x00\0\0\0\0", 1002),
        (b"\x82\xff" + struct.pack("!Q", 2**40), 1009),
        (sent(Opcode.TEXT, bytes(40_000), fin=False) + sent(Opcode.CONT, bytes(40_000)), 1009),
    ],
    ids=range(10),
)
def test_what_breaks_the_protocol_is_refused(data: bytes, code: int) -> None:
    with pytest.raises(Violation) as caught:
        Incoming().feed(data)

    assert caught.value.code == code


@pytest.mark.parametrize("seed", range(200))
def test_noise_ends_in_a_refusal_or_in_waiting(seed: int) -> None:
    dice = random.Random(seed)
    incoming = Incoming()
    with suppress(Violation):
        for _ in range(20):
            incoming.feed(dice.randbytes(dice.randrange(1, 50)))


@pytest.mark.parametrize(
    "change",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
    ],
)
async def test_request_that_is_no_handshake_is_refused_in_words(
    client: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    async with client.get("/api/citizen/live", headers=headers | change) as response:
        assert response.status == 426
        assert (await response.json())["slug"] == "websocket-required"
