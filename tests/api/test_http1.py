"""What is not exactly one request is refused with 400, and the connection is closed."""

from __future__ import annotations

import asyncio
import random
import re
from urllib.parse import urlsplit

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.edge.http1 import has_bare_line_end, is_chunk_start, is_request_head

HOST = b"Host: 127.0.0.1\r\n"
SECOND = b"GET /api/status HTTP/1.1\r\n" + HOST + b"\r\n"
GET = b"GET /api/status HTTP/1.1\r\n"
POST = b"POST /api/shared HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "name with a blank behind": POST + b"Content-Length : 2\r\n\r\n{}",
    "name with a blank inside": GET + HOST + b"X Y: z\r\n\r\n",
    "name with a tab": GET + HOST + b"X\t: z\r\n\r\n",
    "no name": GET + HOST + b": z\r\n\r\n",
    "no colon": GET + HOST + b"X\r\n\r\n",
    "name of other letters": GET + HOST + "Größe: 1\r\n\r\n".encode(),
    "digits of another script": POST + "Content-Length: ٢\r\n\r\n{}".encode(),
    "full-width digits": POST + "Content-Length: ２\r\n\r\n{}".encode(),
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "length with an underscore": POST + b"Content-Length: 1_0\r\n\r\n{}        ",
    "length of twenty digits": POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "no length in the length": POST + b"Content-Length:\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "other coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding before chunks": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding behind chunks": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunks in the old protocol": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
    "size 0x2": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "size of another script": CHUNKED + "٢\r\n{}\r\n0\r\n\r\n".encode(),
    "size with a sign": CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    "negative size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "size with an underscore": CHUNKED + b"1_0\r\n{}" + b" " * 14 + b"\r\n0\r\n\r\n",
    "size behind a blank": CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n",
    "no size": CHUNKED + b"\r\n{}\r\n0\r\n\r\n",
    "data longer than its chunk": CHUNKED + b"2\r\n{}XX\r\n0\r\n\r\n",
    "data longer by a line": CHUNKED + b"2\r\n{}\r\r\n0\r\n\r\n",
    "chunk ended by LF": CHUNKED + b"2\n{}\n0\n\n",
    "long chunk extension": CHUNKED + b"2;" + b"a" * 5000 + b"\r\n{}\r\n0\r\n\r\n",
    "NUL in a chunk extension": CHUNKED + b"2;a\0\r\n{}\r\n0\r\n\r\n",
    "trailer": CHUNKED + b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "no host": GET + b"\r\n",
    "two hosts": GET + HOST + HOST + b"\r\n",
    "empty host": GET + b"Host:\r\n\r\n",
    "host with a path": GET + b"Host: a/b\r\n\r\n",
    "host with a user": GET + b"Host: a@b\r\n\r\n",
    "host with a blank": GET + b"Host: a b\r\n\r\n",
    "list of hosts": GET + b"Host: a, b\r\n\r\n",
    "NUL in a value": GET + HOST + b"X: a\0b\r\n\r\n",
    "bell in a value": GET + HOST + b"X: a\ab\r\n\r\n",
    "CR in a value": GET + HOST + b"X: a\rb\r\n\r\n",
    "LF in a value": GET + HOST + b"X: a\nY: b\r\n\r\n",
    "folded line": GET + HOST + b"X: a\r\n b\r\n\r\n",
    "fold before the first header": GET + b" x: y\r\n" + HOST + b"\r\n",
    "LF only": b"GET /api/status HTTP/1.1\nHost: x\n\n",
    "CR only": b"GET /api/status HTTP/1.1\rHost: x\r\r",
    "CONNECT": b"CONNECT evil:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute form": b"GET http://evil/api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "no slash": b"GET api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "star for others": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "two blanks": b"GET  /api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "blank in front": b" GET /api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "tab for a blank": b"GET\t/api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "blank behind": b"GET /api/status HTTP/1.1 \r\n" + HOST + b"\r\n",
    "odd method": b"G(T /api/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "other letters in the target": "GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "lower-case protocol": b"GET /api/status http/1.1\r\n" + HOST + b"\r\n",
    "version of another script": "GET /api/status HTTP/1.１\r\n".encode() + HOST + b"\r\n",
    "version 1.2": b"GET /api/status HTTP/1.2\r\n" + HOST + b"\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /api/status\r\n\r\n",
}

TAKEN = {
    "plain": (SECOND, 1),
    "three in a row": (SECOND * 3, 3),
    "old protocol without host": (b"GET /api/status HTTP/1.0\r\n\r\n", 1),
    "body": (POST + b"Content-Length: 2\r\n\r\n{}" + SECOND, 2),
    "body of a GET": (GET + HOST + b"Content-Length: 3\r\n\r\nabc" + SECOND, 2),
    "body that looks like a request": (
        POST + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + SECOND,
        2,
    ),
    "chunks": (CHUNKED + b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n" + SECOND, 2),
    "no body in chunks": (CHUNKED + b"0\r\n\r\n" + SECOND, 2),
    "chunk of ends of lines": (CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n" + SECOND, 2),
    "letters of a name in Chinese": (GET + HOST + "X: 张\r\n\r\n".encode() + SECOND, 2),
    "blanks round a value": (GET + b"Host: \t 127.0.0.1 \t\r\n\r\n" + SECOND, 2),
    "host of version 6": (GET + b"Host: [::1]:8800\r\n\r\n" + SECOND, 2),
    "options of all": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, 2),
}


async def said(address: str, data: bytes, *, pieces: int = 1) -> tuple[list[int], bool]:
    """The statuses of the answers, and whether the server closed the connection."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    got, closed = b"", False
    size = max(1, -(-len(data) // pieces))
    try:
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        while not closed:
            async with asyncio.timeout(0.4 if got else 20):
                piece = await reader.read(65536)
            got += piece
            closed = not piece
    except (TimeoutError, ConnectionResetError) as error:
        closed = closed or isinstance(error, ConnectionResetError)
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)], closed


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_request_is_refused_and_the_connection_closed(
    address: str, name: str
) -> None:
    statuses, closed = await said(address, REFUSED[name] + SECOND)

    assert statuses == [400]
    assert closed


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_what_is_a_request_is_answered_and_the_next_one_too(
    address: str, name: str, pieces: int
) -> None:
    data, count = TAKEN[name]
    statuses, _ = await said(address, data, pieces=pieces)

    assert len(statuses) == count
    assert 400 not in statuses[1:]


async def test_good_request_before_a_bad_one_is_answered(address: str) -> None:
    statuses, closed = await said(address, SECOND + REFUSED["two hosts"] + SECOND)

    assert statuses == [200, 400]
    assert closed


async def test_client_that_waits_for_leave_to_send_chunks_gets_it(address: str) -> None:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    writer.write(head)
    async with asyncio.timeout(20):
        first = await reader.readline()
        if b"100" in first:
            writer.write(b"2\r\n{}\r\n0\r\n\r\n")
            await reader.readline()
            first = await reader.readline()
    writer.close()

    assert first.startswith(b"HTTP/1.1 ")
    assert b" 400 " not in first


# Against a reference that is known for its strictness


def h11_reads(data: bytes) -> tuple[int, bool]:
    """Of how many requests h11 reads the head, and whether it then met with an error."""
    connection, count = h11.Connection(h11.SERVER, max_incomplete_event_size=20_000), 0
    connection.receive_data(data)
    try:
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.ConnectionClosed()):
            count += isinstance(event, h11.Request)
            if event is h11.PAUSED:
                if connection.their_state is not h11.DONE:
                    return count, False
                connection.send(h11.Response(status_code=204, headers=[]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return count, False
                connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return count, True
    return count, False


SHAPES = [*REFUSED.values(), *(data for data, _ in TAKEN.values())]
SPICES = [b" ", b"\t", b"\r", b"\n", b"\0", b":", b",", b";", b"\xff", b"0", b"x", b"\r\n", b"\x0b"]


def changed(shape: bytes, chance: random.Random) -> bytes:
    data = bytearray(shape)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                del data[at : at + chance.randrange(1, 4)]
            case 1:
                data[at:at] = chance.choice(SPICES)
            case _:
                data[at : at + 1] = chance.choice(SPICES)
    return bytes(data)


@settings(deadline=None)
@given(st.sampled_from(SHAPES), st.randoms(use_true_random=False))
def test_no_head_is_taken_that_h11_refuses(shape: bytes, chance: random.Random) -> None:
    head, found, _ = changed(shape, chance).partition(b"\r\n\r\n")
    if not found or not is_request_head(head):
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head + b"\r\n\r\n")

    event = connection.next_event()

    assert isinstance(event, h11.Request)
    method, target, _ = head.split(b"\r\n")[0].split(b" ")
    assert (event.method, event.target) == (method, target)


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_no_size_is_taken_that_h11_refuses(line: bytes) -> None:
    if not is_chunk_start(line):
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(CHUNKED + line + b"\r\n")
    assert isinstance(connection.next_event(), h11.Request)

    connection.next_event()


async def test_server_never_reads_more_requests_than_h11(address: str) -> None:
    for seed in range(150):
        chance = random.Random(seed)
        data = changed(chance.choice(SHAPES), chance) + SECOND
        expected, error = h11_reads(data)

        statuses, closed = await said(address, data)

        taken = len([status for status in statuses if status != 400])
        assert taken <= expected, data
        if error and 400 in statuses:
            assert closed, data


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n"]), max_size=8))
def test_line_ends_that_stand_alone_are_seen(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    without_pairs = text.replace(b"\r\n", b"|").removesuffix(b"\r")

    assert has_bare_line_end(text) == (b"\r" in without_pairs or b"\n" in without_pairs)
