"""Forms with one file: what is written, in whatever pieces it comes, and what is refused."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.edge.multipart import NoFile, receive_file

TYPE = "multipart/form-data; boundary=cut"
PICTURE = b"\xff\xd8\r\n--cu\r\n\r\n--\r\n--cu--\r--cut\n--cut" + bytes(range(256)) + b"\r\n-"


def part(name: str, content: bytes, *, filename: str | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    return f"--cut\r\n{head}\r\nContent-Type: x/y\r\n\r\n".encode() + content + b"\r\n"


def form(*parts: bytes, end: bytes = b"--cut--\r\n") -> bytes:
    return b"".join(parts) + end


async def receive(
    body: bytes, *, size: int = 65_536, content_type: str = TYPE
) -> tuple[str, bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    into = io.BytesIO()
    name = await receive_file(pieces(), content_type=content_type, field="file", into=into)
    return name, into.getvalue()


async def test_file_is_written_and_its_name_told() -> None:
    body = form(part("file", PICTURE, filename="身份证.jpg"))
    assert await receive(body) == ("身份证.jpg", PICTURE)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
async def test_pieces_may_be_cut_anywhere(size: int) -> None:
    body = form(part("note", b"before"), part("file", PICTURE, filename="a.jpg"))
    assert await receive(body, size=size) == ("a.jpg", PICTURE)


@given(st.binary(max_size=400), st.integers(1, 50))
async def test_every_content_arrives_as_it_was_sent(content: bytes, size: int) -> None:
    if b"\r\n--cut" not in content:
        body = form(part("file", content, filename="x"))
        assert await receive(body, size=size) == ("x", content)


async def test_empty_file_is_a_file() -> None:
    assert await receive(form(part("file", b"", filename="empty"))) == ("empty", b"")


async def test_only_the_first_file_of_the_field_counts() -> None:
    first, second = (part("file", text, filename=text.decode()) for text in (b"one", b"two"))
    other = part("other", b"zero", filename="zero")
    assert await receive(form(other, first, second)) == ("one", b"one")


async def test_name_may_be_spelt_as_rfc_5987_says() -> None:
    head = "Content-Disposition: form-data; name=file; filename*=UTF-8''%E7%85%A7.jpg"
    body = f"--cut\r\n{head}\r\n\r\nx\r\n--cut--".encode()
    assert await receive(body) == ("照.jpg", b"x")


async def test_what_follows_the_file_may_be_missing() -> None:
    """The caller's limit ends a body; the file itself is whole."""
    body = form(part("file", b"x", filename="a"), end=b"--cut\r\nContent-Dispo")
    assert await receive(body) == ("a", b"x")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        form(),
        form(part("other", b"x", filename="a")),
        form(part("file", b"a field, no file")),
        part("file", b"cut off", filename="a")[:-2],
        part("file", b"cut off", filename="a"),
        b"--cut\r\nContent-Disposition: form-data; name=file; filename=a",
        b"--cut\r\n" + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"--cut\r\n" + b"x" * 1_000_000,
        form(*(part("many", b"") for _ in range(200)), part("file", b"x", filename="a")),
        b"--cut\r\n\r\nx\r\n--cut--",
        b"--cut\r\n: nothing\r\n\r\nx\r\n--cut--",
        b"--cut\r\nContent-Disposition\r\n\r\nx\r\n--cut--",
        b"\x00" * 10_000,
        b"words before it\r\n" + form(part("file", b"x", filename="a")),
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_body_without_the_file_is_refused(body: bytes) -> None:
    for size in (1_000, 65_536):
        with pytest.raises(NoFile):
            await receive(body, size=size)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=cut",
        "multipart/form-data; boundary=" + "x" * 5_000,
    ],
)
async def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(NoFile):
        await receive(form(part("file", b"x", filename="a")), content_type=content_type)


@given(st.binary(max_size=300), st.integers(1, 60))
async def test_no_bytes_break_it(body: bytes, size: int) -> None:
    with pytest.raises(NoFile):
        await receive(body, size=size)
