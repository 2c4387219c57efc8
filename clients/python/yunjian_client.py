"""Yunjian for line systems, in one file without dependencies (Python 3.9 or newer).

    client = Client("https://zwfw.example.gov.cn", "line-system", "secret")
    for event in client.follow("SCJG", Bookmark("scjg.bookmark")):
        handle(event)          # {"kind": "case-accepted", "data": {"case_id": …}, …}

`follow` never ends: breaks are healed with growing, jittered pauses, and the bookmark, which is
moved after each event has been handled, brings exactly what was missed: at least once, in order,
and once only as long as the process lives. An event of the kind `refresh` says that what was missed
is too old or too much to be told: read the state by the API, then go on.

`verify_webhook` checks a webhook call. Both sides of a signature need a clock that is right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import secrets
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote, urlsplit

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SILENCE = 70.0
"""Seconds: the server speaks every 20, so that a longer silence is a dead line."""

WEBHOOK_TOLERANCE = 300
SUITES = {"v1": "sha256", "v1sm3": "sm3"}


class Refused(Exception):
    """The server does not let this client in; `slug` says why. Trying again would not help."""

    def __init__(self, status: int, slug: str) -> None:
        super().__init__(f"{status} {slug}")
        self.status = status
        self.slug = slug


class BadWebhook(Exception):
    """Not signed with the key, or too old; answer 400 and do nothing."""


class Bookmark:
    """The last event that was handled, kept in a file that is replaced whole."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def read(self) -> str:
        """`position-epoch`, or nothing at the very beginning."""
        try:
            return self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def write(self, event_id: str) -> None:
        unfinished = self._path.with_suffix(self._path.suffix + ".new")
        with unfinished.open("w", encoding="ascii") as file:
            file.write(event_id)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)


class Client:
    """One client system. `address` is the origin of the installation."""

    def __init__(
        self,
        address: str,
        client_id: str,
        secret: str,
        *,
        context: Optional[ssl.SSLContext] = None,  # noqa: UP045 - reads in 3.9
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address begins with https://")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._client_id = client_id
        self._secret = secret
        self._context = context
        self._first_pause = first_pause

    def follow(self, department: str, bookmark: Bookmark) -> Iterator[dict[str, Any]]:
        """Events of a department, for ever. Raises Refused."""
        target = f"/api/enterprise/v1/departments/{quote(department, safe='')}/events"
        pause = self._first_pause
        while True:
            try:
                for event in self._read(target, bookmark.read()):
                    pause = self._first_pause
                    if event["kind"] == "hello":
                        # From the first connection on nothing may be missed.
                        if not bookmark.read():
                            bookmark.write(event["id"])
                        continue
                    yield event
                    bookmark.write(event["id"])
            except (OSError, http.client.HTTPException, ValueError):
                pause = min(pause * 2, LONGEST_PAUSE)
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret

    def headers(self, method: str, target: str, body: bytes = b"") -> dict[str, str]:
        """What proves a request of this client."""
        at, nonce = str(int(time.time())), secrets.token_urlsafe(16)
        text = "\n".join((method, target, at, nonce, hashlib.sha256(body).hexdigest()))
        signature = hmac.new(self._secret.encode(), text.encode(), "sha256").hexdigest()
        return {
            "X-Client-Id": self._client_id,
            "X-Client-Time": at,
            "X-Client-Nonce": nonce,
            "X-Client-Signature": signature,
        }

    def _read(self, target: str, last: str) -> Iterator[dict[str, Any]]:
        """The events of one connection."""
        connection = self._connect()
        try:
            headers = self.headers("GET", target) | {"Accept": "text/event-stream"}
            if last:
                headers["Last-Event-ID"] = last
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            if response.status in (401, 403, 404):
                raise Refused(response.status, _slug(response.read(65536)))
            if response.status != 200:
                raise OSError(f"status {response.status}")
            yield from _events(response)
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=SILENCE)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=SILENCE, context=context)


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    *,
    now: Optional[float] = None,  # noqa: UP045
) -> dict[str, Any]:
    """The event of a webhook call, with its `id`: remember it, a call may come twice.

    `headers` by lower-case name. Raises BadWebhook.
    """
    try:
        call_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        age = abs((time.time() if now is None else now) - int(timestamp))
        given = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        raise BadWebhook("a header is missing") from None
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{call_id}.{timestamp}.".encode() + body
    if age > WEBHOOK_TOLERANCE or not any(_is_good(one, key, text) for one in given):
        raise BadWebhook("not signed with this key, or too old")
    return {**json.loads(body), "id": call_id}


def _is_good(signature: str, key: bytes, text: bytes) -> bool:
    label, _, encoded = signature.partition(",")
    if label not in SUITES:
        return False
    expected = base64.b64encode(hmac.new(key, text, SUITES[label]).digest()).decode()
    return hmac.compare_digest(expected, encoded)


def _events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """What an event stream (HTML, 9.2) says, as far as a line system cares."""
    fields: dict[str, str] = {}
    while line := response.readline(1 << 20):
        text = line.decode("utf-8").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields and (event := _event(fields)) is not None:
            yield event
        fields = {}


def _event(fields: Mapping[str, str]) -> dict[str, Any] | None:
    frame = json.loads(fields["data"])
    kind = fields.get("event", "message")
    if kind == "message":
        return {**frame, "id": fields["id"]}
    if kind == "hello":
        return {"kind": "hello", "id": f"{frame['position']}-{frame['epoch']}"}
    if kind == "reset":
        return {"kind": "refresh", "data": {}, "id": fields["id"]}
    return None


def _slug(data: bytes) -> str:
    try:
        return str(json.loads(data)["slug"])
    except (ValueError, KeyError, TypeError):
        return "refused"
