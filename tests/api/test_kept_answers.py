"""What is personal is kept by no browser and no proxy; cookies belong to this host."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests.api import people
from tests.api.applicants import Applicant, browser, sign_in
from tests.conftest import running_app, serving
from tests.identity import factories

Client = aiohttp.ClientSession


@pytest.fixture
async def zhang(client: Client, resources: Any) -> Applicant:
    return await sign_in(client, resources)


async def test_personal_answers_are_kept_by_nobody(zhang: Applicant) -> None:
    for path in (
        "/api/citizen/me",
        "/api/citizen/cases",
        "/api/citizen/licences",
        "/api/citizen/inbox",
        "/api/citizen/authorisations/given",
        "/api/citizen/authorisations/received",
        "/api/citizen/nowhere",
        "/api/staff/me",
    ):
        async with zhang.http.get(path) as response:
            kept = response.headers.get("Cache-Control", "")
            assert "no-store" in kept, (path, response.status, kept)


async def test_public_answers_may_be_kept(client: Client) -> None:
    async with client.get("/api/status") as response:
        assert "no-store" not in response.headers.get("Cache-Control", "")


@pytest.mark.parametrize("named", ["evil <b>", "A" * 65, "kurz", "a b c d e f", "ü" * 10])
async def test_request_is_not_named_by_just_anything(client: Client, named: str) -> None:
    async with client.get("/api/health", headers={"X-Request-ID": named}) as response:
        given = response.headers["X-Request-Id"]
    assert len(given) == 36
    assert given != named


async def test_proxy_may_name_a_request(client: Client) -> None:
    async with client.get("/api/health", headers={"X-Request-ID": "proxy-1234.abc"}) as response:
        assert response.headers["X-Request-Id"] == "proxy-1234.abc"


@pytest.fixture
async def secure(settings: Any, resources: Any) -> AsyncIterator[Client]:
    """A server that is reached over TLS, which ends in front of it."""
    async with serving(settings, resources) as address, browser(address) as http:
        told = replace(resources, settings=replace(settings, public_url="https://zwfw.example.cn"))
        app = running_app()
        app.ctx.resources = told
        yield http


async def test_session_over_tls_is_bound_to_the_host(secure: Client, resources: Any) -> None:
    code = await people.sandbox_code(resources, await factories.person())
    body = {"platform": "sandbox", "code": code}
    async with secure.post("/api/citizen/sessions", json=body) as response:
        assert response.status == 201
        said = response.headers["Set-Cookie"]
        token = (await response.json())["token"]

    assert said.startswith("__Host-yj_session=")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
        assert word in said
    assert "Domain" not in said
    for name, status in (
        ("__Host-yj_session", 200),
        ("yj_session", 401),
        ("__Secure-yj_session", 401),
    ):
        cookie = {"Cookie": f"{name}={token}"}
        async with secure.get("/api/citizen/me", headers=cookie) as response:
            assert response.status == status, name
