"""People in their own browsers."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.api.applicants import Applicant, Caller, browser, sign_in, sign_in_officer
from tests.identity import factories


@pytest.fixture
async def applicant(client: aiohttp.ClientSession, resources: Any) -> Applicant:
    """张演示, signed in, with the catalogue loaded."""
    return await sign_in(client, resources)


@pytest.fixture
async def stranger(address: str, resources: Any) -> AsyncIterator[Applicant]:
    """Another citizen."""
    async with browser(address) as session:
        yield await sign_in(session, resources, id_no=factories.LI, name="李样例")


@pytest.fixture
async def officer(address: str) -> AsyncIterator[Caller]:
    """A reviewer of the human resources bureau."""
    async with browser(address) as session:
        yield await sign_in_officer(session)
