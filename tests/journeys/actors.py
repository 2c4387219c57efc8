"""People of a journey, acting by HTTP as their pages do: citizen, officer, counter, enterprise."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from PIL import Image

from tests import secrets_watch

OWN_PAGE = {"X-Requested-With": "yunjian"}
TUS = {"Tus-Resumable": "1.0.0"}


class Refused(AssertionError):
    """A call that a journey expects to work was refused."""


class Actor:
    """One person's browser: a cookie jar and a base address."""

    def __init__(self, address: str) -> None:
        self.address = address
        jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(address, cookie_jar=jar, headers=OWN_PAGE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """The decoded answer; raises Refused with the problem when it is not 2xx."""
        async with self.http.request(method, path, **options) as response:
            text = await response.text()
            if response.status >= 400:
                raise Refused(f"{method} {path}: {response.status} {text}")
            return json.loads(text) if text else None

    async def problem(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The problem of a call that must be refused."""
        async with self.http.request(method, path, **options) as response:
            assert response.status >= 400, f"{method} {path} was allowed"
            assert response.content_type == "application/problem+json", await response.text()
            secrets_watch.check(await response.text())
            document: dict[str, Any] = await response.json(content_type=None)
            assert document["status"] == response.status
            return document

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Any:
        return await self.call("POST", path, json=body or {}, **more)

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self.call("PUT", path, json=body)


class Citizen(Actor):
    async def sign_in(self, key: str) -> None:
        """Log in as a demo person, by a fresh code of the sandbox platform."""
        offers = (await self.get("/api/citizen/sign-in/demo"))["accounts"]
        code = next(offer["code"] for offer in offers if offer["key"] == key)
        await self.post("/api/citizen/sessions", {"platform": "sandbox", "code": code})

    async def act_for(self, name: str) -> None:
        me = await self.get("/api/citizen/me")
        chosen = next(each for each in me["organisations"] if each["name"] == name)
        await self.put("/api/citizen/acting-for", {"organisation_id": chosen["id"]})

    async def open_case(self, item_code: str, answers: Mapping[str, list[str]]) -> dict[str, Any]:
        body = {"item_code": item_code, "answers": answers}
        case: dict[str, Any] = await self.post("/api/citizen/cases", body)
        return case

    async def fill(self, case: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/api/citizen/cases/{case['id']}/form"
        filled: dict[str, Any] = await self.put(
            path, {"form_revision": case["form_revision"], "values": values}
        )
        return filled

    async def upload(
        self,
        case: Mapping[str, Any],
        material_code: str,
        data: bytes,
        *,
        name: str = "photo.jpg",
        media_type: str = "image/jpeg",
        pieces: int = 1,
    ) -> None:
        """By tus, in `pieces`, each in a request of its own."""
        location = await self.create_upload(
            case["id"], material_code, size=len(data), name=name, media_type=media_type
        )
        step = -(-len(data) // pieces)
        for offset in range(0, len(data), step):
            await self.send_piece(location, data[offset : offset + step], offset=offset)

    async def create_upload(
        self,
        case_id: str,
        material_code: str,
        *,
        size: int,
        name: str = "photo.jpg",
        media_type: str = "image/jpeg",
    ) -> str:
        metadata = {
            "case_id": case_id,
            "material_code": material_code,
            "filename": name,
            "filetype": media_type,
        }
        encoded = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items()
        )
        headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": encoded}
        async with self.http.post("/api/citizen/uploads", headers=headers) as response:
            if response.status != 201:
                raise Refused(f"upload: {response.status} {await response.text()}")
            return response.headers["Location"]

    async def send_piece(self, location: str, data: bytes, *, offset: int) -> None:
        headers = {
            **TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        async with self.http.patch(location, data=data, headers=headers) as response:
            if response.status != 204:
                raise Refused(f"piece: {response.status} {await response.text()}")

    async def case(self, case_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/api/citizen/cases/{case_id}")
        return found

    async def licences(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get("/api/citizen/licences"))["licences"]
        return found

    @asynccontextmanager
    async def live(self, *, after: int | None = None) -> Any:
        """A socket; with `after` it begins with what was missed since that position."""
        query = "" if after is None else f"?after={after}"
        async with self.http.ws_connect(f"/api/citizen/live{query}", origin=self.address) as socket:
            yield Live(socket)


class Live:
    """A live socket; heartbeats are read and forgotten."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def next(self, *, seconds: float = 10) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = await self._socket.receive_json(timeout=seconds)
            if frame["type"] != "heartbeat":
                return frame

    async def until(self, kind: str, *, seconds: float = 20) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.next(seconds=seconds)
                if frame.get("kind") == kind:
                    return frame


class Officer(Actor):
    async def sign_in(self, staff_no: str, password: str) -> None:
        await self.post("/api/staff/sessions", {"staff_no": staff_no, "password": password})

    async def act(self, case_id: str, act: str, body: Mapping[str, Any] | None = None) -> Any:
        return await self.post(f"/api/staff/cases/{case_id}/{act}", body)

    async def approve(self, case_id: str, facts: Mapping[str, Any] | None = None) -> Any:
        """Approve with the drafted facts, completed by `facts`."""
        draft = await self.get(f"/api/staff/cases/{case_id}/licence-draft")
        drafted = {
            field["key"]: field["value"]
            for field in draft.get("fields") or []
            if field["value"] is not None
        }
        body = {"opinion": "同意", "facts": {**drafted, **(facts or {})}}
        return await self.act(case_id, "approval", body)


class CounterDevice(Actor):
    """A counter's browser with a key of its own."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = ""

    async def enrol(self, code: str) -> None:
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        body = {"code": code, "public_key": url64(point), "label": "1 号窗口"}
        self._id = (await self.post("/api/counter/enrolments", body))["counter_id"]

    async def signed(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else b""
        headers = {**self.signed_headers(method, path, data), "Content-Type": "application/json"}
        return await self.call(method, path, data=data, headers=headers)

    async def verify(self, code: str, *, purpose: str = "窗口办事核验") -> dict[str, Any]:
        body = {"code": code, "purpose": purpose, "item_code": None}
        verdict: dict[str, Any] = await self.signed("POST", "/api/counter/verifications", body)
        return verdict

    def signed_headers(self, method: str, path: str, data: bytes) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_urlsafe(16)
        text = signed_text(method, path, at, nonce, data)
        r, s = decode_dss_signature(self._key.sign(text, ec.ECDSA(hashes.SHA256())))
        return {
            "X-Counter-Id": self._id,
            "X-Counter-Time": at,
            "X-Counter-Nonce": nonce,
            "X-Counter-Signature": url64(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
        }


class Enterprise(Actor):
    def __init__(self, address: str, *, client_id: str, secret: str) -> None:
        super().__init__(address)
        self._client_id, self._secret = client_id, secret

    async def verify(self, document: bytes) -> dict[str, Any]:
        path = "/api/enterprise/v1/seal-verifications"
        headers = self.headers("POST", path, document)
        report: dict[str, Any] = await self.call("POST", path, data=document, headers=headers)
        return report

    def headers(self, method: str, path: str, data: bytes) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_urlsafe(16)
        text = signed_text(method, path, at, nonce, data)
        return {
            "X-Client-Id": self._client_id,
            "X-Client-Time": at,
            "X-Client-Nonce": nonce,
            "X-Client-Signature": hmac.new(self._secret.encode(), text, hashlib.sha256).hexdigest(),
            "Content-Type": "application/octet-stream",
        }


def signed_text(method: str, path: str, at: str, nonce: str, data: bytes) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    return f"{method}\n{path}\n{at}\n{nonce}\n{digest}".encode()


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def photograph(*, seed: int = 7, size: tuple[int, int] = (800, 600)) -> bytes:
    """A JPEG with something on it: a picture that is all one colour counts as blank."""
    picture = Image.effect_noise(size, 60 + seed).convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def a_pdf() -> bytes:
    """A document of one page with a line of text on it."""
    page = Image.effect_noise((620, 877), 50).convert("RGB")
    buffer = io.BytesIO()
    page.save(buffer, "PDF", resolution=75)
    return buffer.getvalue()
