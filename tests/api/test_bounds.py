"""What a request may bring has an end, and a refusal is small, early and never a crash."""

import io
import json
from typing import Any

import aiohttp
import msgspec
import pytest

from core import ids
from tests.api import people
from tests.api.applicants import Applicant, Caller

Client = aiohttp.ClientSession
JSON = {"Content-Type": "application/json"}
GUIDE = "/api/catalogue/items/SJ-GA-01/guide"


async def refusal(session: Client, method: str, path: str, **more: Any) -> tuple[int, str, int]:
    """Status, slug and size of a refusal."""
    async with session.request(method, path, **more) as response:
        data = await response.read()
        return response.status, json.loads(data)["slug"], len(data)


class TestBodies:
    async def test_body_beyond_the_limit_is_refused_before_it_is_read(self, client: Client) -> None:
        body = b'{"answers":{' + b",".join(b'"k%d":["a"]' % n for n in range(1_500_000)) + b"}}"
        assert len(body) > 20_000_000

        found = await refusal(client, "POST", GUIDE, data=io.BytesIO(body), headers=JSON)

        assert found[:2] == (413, "body-too-large")

    async def test_chunked_body_is_refused_once_it_is_too_large(self, client: Client) -> None:
        async def endless() -> Any:
            for _ in range(100):
                yield b" " * 10_000

        found = await refusal(client, "POST", GUIDE, data=endless(), headers=JSON)

        assert found[:2] == (413, "body-too-large")

    async def test_body_of_the_limit_is_read(self, client: Client) -> None:
        body = b'{"answers":{}}'.ljust(64 * 1024)

        found = await refusal(client, "POST", "/api/shared", data=body, headers=JSON)

        assert found[:2] == (422, "invalid-body")

    async def test_stranger_is_refused_before_the_body_is_asked_for(self, client: Client) -> None:
        """With `Expect: 100-continue` a client sends nothing until it is told to go on."""
        body = b"x" * 60_000

        found = await refusal(
            client, "PUT", "/api/citizen/notices", data=body, headers=JSON, expect100=True
        )

        assert found[:2] == (401, "sign-in-required")

    @pytest.mark.parametrize(
        "path", ["/api/counter/verifications", "/api/enterprise/v1/seal-verifications/"]
    )
    async def test_unknown_signer_is_refused_before_the_body(
        self, client: Client, path: str
    ) -> None:
        prefix = "X-Counter" if "counter" in path else "X-Client"
        headers = {
            f"{prefix}-Id": str(ids.new_id()),
            f"{prefix}-Time": "1795000000",
            f"{prefix}-Nonce": "n" * 20,
            f"{prefix}-Signature": "AA",
        }

        found = await refusal(
            client, "POST", path, data=io.BytesIO(b"x" * 31_000_000), headers=headers
        )

        assert found[:2] == (401, "invalid-request-signature")

    async def test_callback_has_a_limit(self, client: Client) -> None:
        body = b"<xml>" + b"<a>b</a>" * 1_000_000 + b"</xml>"

        found = await refusal(
            client,
            "POST",
            "/api/callbacks/wechat",
            data=io.BytesIO(body),
            headers={"Content-Type": "text/xml"},
        )

        assert found[:2] == (413, "body-too-large")


class TestCollections:
    async def test_unknown_keys_give_a_small_answer(self, applicant: Applicant) -> None:
        case = await applicant.draft()
        values = {f"k{n}": 1 for n in range(200)}

        status, slug, size = await refusal(
            applicant.http,
            "PUT",
            f"/api/citizen/cases/{case['id']}/form",
            json={"form_revision": case["form_revision"], "values": values},
        )

        assert (status, slug) == (422, "invalid-form")
        assert size < 20_000

    @pytest.mark.parametrize(
        ("values", "slug"),
        [
            ({f"k{n}": 1 for n in range(201)}, "invalid-body"),
            ({"k" * 65: 1}, "invalid-body"),
            ({"k": "长" * 4001}, "too-much-content"),
            ({"k": 10**17}, "too-much-content"),
            ({"k": -(10**30)}, "too-much-content"),
            ({"k": [[[[[[[1]]]]]]]}, "too-much-content"),
            ({"k": {"x" * 65: 1}}, "too-much-content"),
            ({f"k{n}": [1] * 100 for n in range(21)}, "too-much-content"),
        ],
        ids=["keys", "key", "text", "number", "big", "depth", "inner key", "values"],
    )
    async def test_form_values_are_bounded(
        self, applicant: Applicant, values: dict[str, Any], slug: str
    ) -> None:
        case = await applicant.draft()

        found = await refusal(
            applicant.http,
            "PUT",
            f"/api/citizen/cases/{case['id']}/form",
            json={"form_revision": case["form_revision"], "values": values},
        )

        assert found[:2] == (422, slug)

    async def test_long_unknown_name_is_not_said_again(self, client: Client) -> None:
        body = {"token": "t", "code": "c", "x" * 50_000: 1}

        status, slug, size = await refusal(client, "POST", "/api/shared", json=body)

        assert (status, slug) == (422, "invalid-body")
        assert size < 2000

    @pytest.mark.parametrize("depth", [100, 20_000])
    async def test_deep_json_is_refused(self, applicant: Applicant, depth: int) -> None:
        case = await applicant.draft()
        revision = msgspec.json.encode(case["form_revision"])
        head = b'{"form_revision":' + revision + b',"values":{"k":'
        body = head + b"[" * depth + b"]" * depth + b"}}"

        status, slug, _ = await refusal(
            applicant.http,
            "PUT",
            f"/api/citizen/cases/{case['id']}/form",
            data=body,
            headers=JSON,
        )

        assert 400 <= status < 500
        assert slug in {"too-much-content", "malformed-json"}


class TestNul:
    async def test_nul_in_a_body_is_refused(self, client: Client) -> None:
        body = b'{"staff_no":"a\\u0000","password":"x"}'

        found = await refusal(client, "POST", "/api/staff/sessions", data=body, headers=JSON)

        assert found[:2] == (422, "text-with-nul")

    async def test_written_backslash_is_no_nul(self, client: Client) -> None:
        body = b'{"staff_no":"a\\\\u0000","password":"x"}'

        found = await refusal(client, "POST", "/api/staff/sessions", data=body, headers=JSON)

        assert found[:2] == (401, "wrong-credentials")

    async def test_nul_in_a_query_is_refused(self, client: Client) -> None:
        url = "/api/catalogue/items?q=%00"

        found = await refusal(client, "GET", url)

        assert found[:2] == (422, "text-with-nul")

    @pytest.mark.parametrize("path", ["/api/catalogue/items/%00", "/problems/a%00", "/L/%00"])
    async def test_nul_in_a_path_is_not_there(self, client: Client, path: str) -> None:
        async with client.get(path) as response:
            assert response.status == 404


class TestNumbers:
    @pytest.mark.parametrize(
        "number", [2**31, 2**63, 10**19, 10**400], ids=["int", "long", "longer", "longest"]
    )
    async def test_number_beyond_its_column_is_refused(
        self, applicant: Applicant, number: int
    ) -> None:
        case = await applicant.draft()
        for path in (
            f"/api/citizen/cases/{case['id']}/messages?after={number}",
            f"/api/citizen/uses?offset={number}",
        ):
            found = await refusal(applicant.http, "GET", path)
            assert found[:2] == (422, "invalid-query"), path

        found = await refusal(
            applicant.http,
            "POST",
            f"/api/citizen/cases/{case['id']}/messages/read-mark",
            json={"up_to": number},
        )
        assert found[0] == 422

    @pytest.mark.parametrize(
        "number",
        [str(2**53), "1" * 30, "1" * 5000, "-1", "٣"],
        ids=["double", "long", "endless", "negative", "arabic"],
    )
    async def test_number_in_a_path_beyond_all_is_not_there(
        self, client: Client, number: str
    ) -> None:
        for path in (f"/api/status-lists/{number}", f"/api/files/{ids.new_id()}/{number}/x"):
            async with client.get(path) as response:
                assert response.status in (403, 404), path

    @pytest.mark.parametrize("at", ["99999999999999", "-99999999999", "1" * 40])
    async def test_moment_beyond_the_calendar_is_refused(self, client: Client, at: str) -> None:
        async with client.get(f"/api/status-lists/1?time={at}") as response:
            assert 400 <= response.status < 500


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("X-Client-Id", "a" * 300),
            ("X-Client-Signature", "é"),
            ("X-Client-Signature", "a" * 600),
            ("X-Client-Time", "999999999999"),
            ("X-Client-Nonce", "n" * 100),
        ],
    )
    async def test_signed_request_with_strange_claims_is_refused(
        self, client: Client, name: str, value: str
    ) -> None:
        headers = {
            "X-Client-Id": "bank",
            "X-Client-Time": "1795000000",
            "X-Client-Nonce": "n" * 20,
            "X-Client-Signature": "AA",
            name: value,
        }

        found = await refusal(client, "GET", "/api/enterprise/v1/me", headers=headers)

        assert found[:2] == (401, "invalid-request-signature")

    async def test_header_that_is_not_utf8_is_refused(self, address: str) -> None:
        answer = await people.exchange(
            address,
            b"GET /api/citizen/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n"
            b"Connection: close\r\n\r\n",
        )

        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"unreadable-header" in answer

    @pytest.mark.parametrize("given", ["evil <b>" + "A" * 3000, "a b", "", "x" * 65])
    async def test_strange_request_id_is_replaced(self, client: Client, given: str) -> None:
        async with client.get("/api/health", headers={"X-Request-Id": given}) as response:
            assert response.headers["X-Request-Id"] != given
            assert len(response.headers["X-Request-Id"]) == 36

    async def test_plain_request_id_is_kept(self, client: Client) -> None:
        async with client.get("/api/health", headers={"X-Request-Id": "proxy-7.a"}) as response:
            assert response.headers["X-Request-Id"] == "proxy-7.a"


class TestTexts:
    """Longer than the column: refused by the declaration, or by the database's own answer."""

    async def test_long_searches_are_refused_or_find_nothing(self, officer: Caller) -> None:
        for path in (
            "/api/staff/cases?q=" + "a" * 60,
            "/api/staff/licences?number=" + "a" * 80,
            "/api/staff/messaging/deliveries?channel=" + "a" * 60,
            f"/api/staff/departments/{'a' * 90}/webhooks",
        ):
            async with officer.http.get(path) as response:
                assert response.status < 500, path
