"""The logs over HTTP: proofs for anybody, exports for holders, copies for reviewers, batches."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from core import clock
from core.protection.audit import AuditRecord
from identity.staff.roles import Role
from services.cases.lifecycle import CaseState
from services.cases.models import Case
from tests.api.applicants import Applicant, Caller, browser, sign_in, sign_in_officer
from tests.conftest import everything_told
from tests.identity import factories
from tests.identity.factories import ClientSystem
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from tests.wallet.taking_in import residence
from tools import log_commands
from wallet.log import log_export, merkle, transparency
from wallet.models import Licence, LogTile

Client = aiohttp.ClientSession
SEALS = "/api/enterprise/v1/seal-verifications"


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def zhang(city: City, client: Client, resources: Any) -> Applicant:
    return await sign_in(client, resources)


async def keeper(http: Client, *, key: str = "GA") -> Caller:
    await factories.officer(f"{key}-91", roles=(Role.SEAL_KEEPER,), key=key)
    body = {"staff_no": f"{key}-91", "password": factories.PASSWORD}
    async with http.post("/api/staff/sessions", json=body) as response:
        assert response.status == 201
    return Caller(http)


def decoded(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]


async def test_report_of_a_licence_carries_its_inclusion_proof(
    city: City, client: Client, resources: Any
) -> None:
    licence = await stored_licence(city)
    await transparency.integrate(keys=resources.keys)
    document, system = await city.blobs.get(licence.document), ClientSystem()
    await system.register()
    headers = system.headers("POST", SEALS, document)
    headers["Content-Type"] = "application/ofd"

    async with client.post(SEALS, data=document, headers=headers) as response:
        assert response.status == 200, await response.text()
        proof = (await response.json())["log_proof"]

    checkpoint = proof["checkpoint"]
    assert merkle.verify_inclusion(
        merkle.leaf_hash(proof["data"].encode()),
        proof["position"],
        checkpoint["size"],
        decoded(proof["path"]),
        base64.b64decode(checkpoint["root"]),
    )


async def test_anybody_reads_checkpoint_leaves_and_proofs(
    city: City, client: Client, resources: Any
) -> None:
    visitor = Caller(client)
    assert (await visitor.ok("GET", "/api/transparency/checkpoint"))["checkpoint"] is None
    await transparency.integrate(keys=resources.keys)

    latest = (await visitor.ok("GET", "/api/transparency/checkpoint"))["checkpoint"]
    leaves = (await visitor.ok("GET", "/api/transparency/leaves?limit=1024"))["leaves"]
    query = {"leaf_hash": leaves[1], "size": latest["size"]}
    found = await visitor.ok("GET", "/api/transparency/inclusion", params=query)

    assert (len(leaves), found["position"]) == (latest["size"], 1)
    for bad, slug in (
        ({**query, "size": 9_999}, "log-size-unknown"),
        ({**query, "leaf_hash": base64.b64encode(bytes(32)).decode()}, "log-entry-not-found"),
        ({**query, "leaf_hash": "!" * 44}, "invalid-hash"),
    ):
        refused = await visitor.refused("GET", "/api/transparency/inclusion", params=bad)
        assert refused[1] == slug


async def test_auditor_follows_the_running_server(
    city: City, address: str, resources: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    for _ in range(2):
        await stored_licence(city)
        await transparency.integrate(keys=resources.keys)
        await log_commands.audit_log(address, state)
    size = (await transparency.latest()).size  # type: ignore[union-attr]
    assert f"size {size}, 1 new entries" in capsys.readouterr().out

    await LogTile.all().update(hashes=bytes(32 * size))
    await stored_licence(city)
    await transparency.integrate(keys=resources.keys)
    with pytest.raises(SystemExit, match="refused"):
        await log_commands.audit_log(address, state)


async def test_holder_exports_and_complains(city: City, zhang: Applicant, address: str) -> None:
    licence = await stored_licence(city)
    await zhang.ok("POST", f"/api/citizen/licences/{licence.id}/reveal")
    exported = await zhang.ok("GET", "/api/citizen/uses/export")
    assert log_export.check(exported) == 1

    (use,) = (await zhang.ok("GET", "/api/citizen/uses"))["uses"]
    path = f"/api/citizen/uses/{use['id']}/complaint"
    await zhang.ok("POST", path, {"text": "这不是我"})
    assert await zhang.refused("POST", path, {"text": "再问"}) == (409, "already-complained")
    (complaint,) = (await zhang.ok("GET", "/api/citizen/complaints"))["complaints"]
    assert complaint["state"] == "open"


async def test_reviewer_gets_the_copy_and_never_the_original(
    city: City, zhang: Applicant, address: str, resources: Any
) -> None:
    """Endorsing a residence permit (居住证签注) takes the permit from the wallet."""
    licence, code = await stored_licence(city), "SJ-GA-02-M02"
    case = await zhang.draft("SJ-GA-02", {})
    path = f"/api/citizen/cases/{case['id']}/materials/{code}/licence"
    await zhang.ok("POST", path, {"licence_id": str(licence.id)})
    await everything_told()
    assert (await zhang.ok("GET", "/api/citizen/savings"))["materials"] == 1
    await Case.filter(id=case["id"]).update(
        state=CaseState.SUBMITTED, submitted_at=clock.now(), short_no="SJ20261125-0001-K"
    )
    copy_path = f"/api/staff/cases/{case['id']}/materials/{code}/licence-copy"

    async with browser(address) as http:
        reviewer = await sign_in_officer(http, "GA-01", department="GA")
        page = await reviewer.ok("GET", f"/api/staff/cases/{case['id']}")
        await reviewer.ok("GET", f"/api/staff/cases/{case['id']}/licence-draft")
        copy = await reviewer.ok("POST", copy_path)
        async with http.get(copy["document_url"]) as response:
            document = await response.read()
        original = await reviewer.call("GET", f"/api/citizen/licences/{licence.id}/document")
    async with browser(address) as http:
        clerk = await sign_in_officer(http, "GA-11", department="GA", roles=(Role.WINDOW,))
        assert (await clerk.ok("POST", copy_path))["id"] == copy["id"]
    async with browser(address) as http:
        stranger = await sign_in_officer(http, "WJW-01", department="WJW")
        refused = await stranger.refused("POST", copy_path)

    (face,) = [one["licence"]["face"] for one in page["materials"] if one["code"] == code]
    assert {"label": "姓名", "value": "张演示"} in face
    read = AuditRecord.filter(actor__startswith="officer:", action__endswith=".read")
    targets = {f"case:{case['id']}", f"licence:{licence.id}"}
    assert {row.target for row in await read} == targets
    assert [field["label"] for field in copy["fields"]][:2] == ["姓名", "公民身份号码"]
    assert any("SJ20261125-0001-K" in line for line in copy["annotation"])
    assert document != await city.blobs.get(licence.document)
    assert original[0] == 401
    assert refused == (404, "case-not-found")
    uses = (await zhang.ok("GET", f"/api/citizen/licences/{licence.id}/uses"))["uses"]
    kinds = [use["kind"] for use in uses]
    assert kinds == ["copy", "copy", "copy", "office", "case", "prefill"]
    await Case.filter(id=case["id"]).update(state=CaseState.CLOSED)
    async with browser(address) as http:
        reviewer = await sign_in_officer(http, "GA-02", department="GA")
        assert await reviewer.refused("POST", copy_path) == (409, "copy-not-available")


async def vouch(address: str, batch_id: str) -> None:
    """A colleague of the sender looks at the first lines and stands for the batch."""
    async with browser(address) as http:
        colleague = await sign_in_officer(http, "GA-02", department="GA")
        path = f"/api/staff/intakes/{batch_id}"
        assert (await colleague.ok("GET", path))["may_approve"] is True
        sample = await colleague.ok("GET", f"{path}/sample")
        assert sample["lines"][0]["holder_name"] == "张演示"
        await colleague.ok("POST", f"{path}/approval")
        assert (await colleague.refused("POST", f"{path}/approval"))[0] == 409


async def test_batch_is_sent_read_and_reported(city: City, address: str, resources: Any) -> None:
    lines = [residence(1), {"broken": True}, residence(2)]
    data = b"\n".join(msgspec.json.encode(line) for line in lines)
    path = "/api/staff/intakes?batch_no=2026-1&form=lines"
    async with browser(address) as http:
        officer = await keeper(http)
        sent = await officer.ok("POST", path, data=data)
        again = await officer.ok("POST", path, data=data)
        assert (sent["state"], again["id"]) == ("waiting", sent["id"])
        approval = f"/api/staff/intakes/{sent['id']}/approval"
        assert await officer.refused("POST", approval) == (409, "second-person-needed")
        assert await officer.refused("POST", path, data=data + b"\n{}") == (
            409,
            "intake-batch-number-reused",
        )
        await everything_told()
        assert await Licence.all().count() == 0
        await vouch(address, sent["id"])
        await everything_told()

        batch = await officer.ok("GET", f"/api/staff/intakes/{sent['id']}")
        report = await officer.ok("GET", f"/api/staff/intakes/{sent['id']}/lines")

    assert (batch["state"], batch["taken"], batch["invalid"]) == ("finished", 2, 1)
    assert [(one["line"], one["outcome"]) for one in report["lines"]] == [(2, "invalid")]


async def test_licence_taken_in_is_opened_and_shown(
    city: City, zhang: Applicant, address: str, resources: Any
) -> None:
    async with browser(address) as http:
        officer = await keeper(http)
        path = "/api/staff/intakes?batch_no=1&form=lines"
        sent = await officer.ok("POST", path, data=msgspec.json.encode(residence(1)))
    await vouch(address, sent["id"])
    await everything_told()
    (row,) = await Licence.all()

    page = await zhang.ok("GET", f"/api/citizen/licences/{row.id}")
    shown = await zhang.ok("POST", f"/api/citizen/licences/{row.id}/presentations")

    assert page["seal"]["verdict"] == "valid"
    assert (page["only_data"], page["origin_text"]) == (False, "由发证部门以数据方式归集")
    assert shown["code"]


async def test_shared_link_is_opened_over_http(city: City, zhang: Applicant, address: str) -> None:
    licence = await stored_licence(city)
    path = f"/api/citizen/licences/{licence.id}/shares"
    terms = {"fields": ["name"], "purpose": "租房", "ends_at": "2099-01-01T00:00:00Z"}
    assert await zhang.refused("POST", path, terms) == (422, "authorisation-invalid")
    ends_at = (clock.now() + timedelta(days=1)).isoformat()
    link = await zhang.ok("POST", path, {**terms, "ends_at": ends_at})
    token = link["url"].rpartition("/")[2]
    async with browser(address) as http:
        visitor = Caller(http)
        seen = await visitor.ok("POST", "/api/shared", {"token": token, "code": link["code"]})
        refused = await visitor.refused(
            "POST", "/api/shared", {"token": token, "code": link["code"]}
        )

    assert seen["fields"] == [{"label": "姓名", "value": "张演示"}]
    assert refused == (403, "share-code-refused")
