"""A signed-in applicant and officers at work over HTTP, for the handlers of cases."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from identity.staff.roles import Role
from services.guides import catalogue
from tests import secrets_watch
from tests.api import people
from tests.cases.factories import ANSWERS, ITEM, PHOTO, photo
from tests.identity import factories

TUS = {"Tus-Resumable": "1.0.0"}
OFFSET = {"Content-Type": "application/offset+octet-stream"}


@dataclass
class Caller:
    """One browser; answers as (status, decoded body)."""

    http: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, body: object | None = None, **options: Any
    ) -> tuple[int, Any]:
        if body is not None:
            options["json"] = body
        async with self.http.request(method, path, **options) as response:
            if response.status >= 400:
                secrets_watch.check(await response.text())
            is_json = "json" in (response.content_type or "")
            return response.status, await response.json(content_type=None) if is_json else None

    async def ok(self, method: str, path: str, body: object | None = None, **options: Any) -> Any:
        status, answer = await self.call(method, path, body, **options)
        assert status < 300, answer
        return answer

    async def refused(
        self, method: str, path: str, body: object | None = None, **options: Any
    ) -> tuple[int, str]:
        """Status and slug of a refusal."""
        status, problem = await self.call(method, path, body, **options)
        assert status >= 400, problem
        return status, problem["slug"]


@dataclass
class Applicant(Caller):
    """A citizen with cases."""

    async def draft(self, item: str = ITEM, answers: Mapping[str, Any] = ANSWERS) -> Any:
        body = {"item_code": item, "answers": answers}
        return await self.ok("POST", "/api/citizen/cases", body)

    async def upload(
        self, case_id: str, data: bytes | None = None, code: str = PHOTO, name: str = "照片.jpg"
    ) -> Any:
        """A small file, as a mini-app sends it."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", photo() if data is None else data, filename=name)
        path = f"/api/citizen/cases/{case_id}/materials/{code}/file"
        return await self.ok("POST", path, data=form)

    async def submitted(self, **values: str) -> Any:
        """`values` for what nobody knows of the applicant yet."""
        case = await self.draft()
        path = f"/api/citizen/cases/{case['id']}"
        filled = {"bank": "上海银行", **values}
        body = {"form_revision": case["form_revision"], "values": filled}
        await self.ok("PUT", f"{path}/form", body)
        await self.upload(case["id"])
        return await self.ok("POST", f"{path}/submission")

    async def accepted(self, officer: Caller) -> Any:
        case = await self.submitted()
        await officer.ok("POST", f"/api/staff/cases/{case['id']}/acceptance")
        return await self.ok("GET", f"/api/citizen/cases/{case['id']}")


def tus_headers(case_id: str, length: int, *, code: str = PHOTO, **more: str) -> dict[str, str]:
    """The headers that begin an upload."""
    metadata = {"case_id": case_id, "material_code": code, "filename": "照片.jpg", **more}
    pairs = (f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in metadata.items())
    return {**TUS, "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}


@asynccontextmanager
async def browser(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser of its own, so that people do not share cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"X-Requested-With": "yunjian"}
    async with aiohttp.ClientSession(address, cookie_jar=jar, headers=headers) as session:
        yield session


async def sign_in(session: aiohttp.ClientSession, resources: Any, **who: str) -> Applicant:
    """A person with the catalogue at hand."""
    await catalogue.load()
    await people.citizen(session, resources, await factories.person(**who))
    return Applicant(session)


async def sign_in_officer(
    session: aiohttp.ClientSession,
    staff_no: str = "RSJ-01",
    *,
    department: str = "RSJ",
    roles: tuple[Role, ...] = (Role.REVIEWER,),
) -> Caller:
    await factories.officer(staff_no, roles=roles, key=department)
    body = {"staff_no": staff_no, "password": factories.PASSWORD}
    async with session.post("/api/staff/sessions", json=body) as response:
        assert response.status == 201, await response.text()
    return Caller(session)
