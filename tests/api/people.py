"""Signing in over HTTP, as pages and mini-apps do."""

import asyncio
from typing import Any
from uuid import UUID

import aiohttp

from identity import sign_in
from identity.staff.roles import Role
from miniapp_bridge.platforms.sandbox import SandboxConnector
from tests.identity import factories


async def sandbox_code(resources: Any, person_id: UUID) -> str:
    """A fresh sandbox code of a person whose account is bound."""
    sandbox = resources.connectors["sandbox"]
    assert isinstance(sandbox, SandboxConnector)
    await sign_in.bind(person_id, platform="sandbox", user_id=str(person_id))
    return await sandbox.new_code(str(person_id))


async def citizen(client: aiohttp.ClientSession, resources: Any, person_id: UUID) -> dict[str, Any]:
    """Sign a person in; the client's cookie jar keeps the session."""
    body = {"platform": "sandbox", "code": await sandbox_code(resources, person_id)}
    async with client.post("/api/citizen/sessions", json=body) as response:
        assert response.status == 201, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def officer(
    client: aiohttp.ClientSession, *, roles: tuple[Role, ...] = (Role.REVIEWER,)
) -> dict[str, Any]:
    """Make an officer of SCJG and sign in."""
    await factories.officer(roles=roles)
    body = {"staff_no": "SCJG-01", "password": factories.PASSWORD}
    async with client.post("/api/staff/sessions", json=body) as response:
        assert response.status == 201, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def problem(response: aiohttp.ClientResponse) -> str:
    """The slug of a problem+json answer."""
    assert response.content_type == "application/problem+json", await response.text()
    slug: str = (await response.json())["slug"]
    return slug


async def exchange(address: str, sent: bytes) -> bytes:
    """What a server answers to these very bytes, until it ends the connection."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()
