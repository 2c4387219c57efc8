"""Lists over HTTP: `next` of a page is `after` of the next one, until nothing is left."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from core import clock, ids
from identity.models import SignInRecord
from identity.staff.roles import Role
from tests import plans
from tests.api.applicants import Applicant, Caller, browser, sign_in
from tests.identity import factories
from tests.identity.factories import CounterDevice
from tests.wallet import city as small_city
from tests.wallet import many
from tests.wallet.city import City
from wallet.log_models import ComplaintState
from wallet.models import Authorisation, Verification, VerificationKind
from wallet.share_models import AuthorisationState

Client = aiohttp.ClientSession
Get = Callable[[str], Awaitable[Any]]
WRONG = "after=bm90aGluZw"


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def zhang(city: City, client: Client, resources: Any) -> Applicant:
    return await sign_in(client, resources)


@pytest.fixture
async def supervisor(city: City, address: str) -> AsyncIterator[Caller]:
    """Of all departments."""
    async with browser(address) as http:
        await factories.officer("ZWB-90", roles=(Role.SUPERVISOR,), key=None)
        caller = Caller(http)
        body = {"staff_no": "ZWB-90", "password": factories.PASSWORD}
        await caller.ok("POST", "/api/staff/sessions", body)
        yield caller


async def whole(get: Get, path: str, name: str) -> list[Any]:
    """Every row of a list, seven at a time; none comes twice."""
    rows: list[Any] = []
    after = ""
    while True:
        page = await get(f"{path}?limit=7{after}")
        rows += page[name]
        assert len(page[name]) == 7 or page["next"] is None
        if page["next"] is None:
            assert len({str(row) for row in rows}) == len(rows)
            return rows
        after = f"&after={page['next']}"


def getting(caller: Caller) -> Get:
    return lambda path: caller.ok("GET", path)


async def test_citizen_reads_lists_to_their_ends(zhang: Applicant, city: City) -> None:
    asked = await many.complained(city, 30)
    given = await many.authorised(city, 30, grantee_subject_id=city.li)
    received = await many.authorised(city, 30, grantee_subject_id=city.zhang)
    await Authorisation.filter(id__in=[row.id for row in received]).update(subject_id=city.li)
    kept = [row for row in received if row.state in ("offered", "accepted")]
    get = getting(zhang)

    for path, name, count in (
        ("complaints", "complaints", len(asked)),
        ("authorisations/given", "authorisations", len(given)),
        ("authorisations/received", "authorisations", len(kept)),
    ):
        assert len(await whole(get, f"/api/citizen/{path}", name)) == count
        refused = await zhang.refused("GET", f"/api/citizen/{path}?{WRONG}")
        assert refused == (422, "wrong-place-in-list")


async def test_person_reads_sign_ins_of_half_a_year(
    zhang: Applicant, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person, count in ((city.zhang, 40), (city.li, 5)):
        await SignInRecord.bulk_create(
            [
                SignInRecord(
                    id=ids.new_id(), person_id=person, via="sms", channel="", device="安卓手机",
                    address="", at=clock.now() - timedelta(minutes=n // 2),
                )
                for n in range(count)
            ]
        )  # fmt: skip
    sections = plans.watch(monkeypatch)

    rows = await whole(getting(zhang), "/api/citizen/sign-ins", "sign_ins")

    assert len(rows) == 41, "and the one of now"
    times = [row["at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert await plans.faults(sections[0]) == []
    assert (await zhang.ok("GET", "/api/citizen/sign-ins"))["devices"][0]["this_one"]


async def test_supervisor_of_all_reads_lists_to_their_ends(supervisor: Caller, city: City) -> None:
    asked = await many.complained(city, 60)
    wishes = await many.proposed(city, 30)
    batches = await many.sent(30)
    await many.reported(batches[0], range(1, 31))
    alarms = await many.sounded(60)
    get = getting(supervisor)

    for path, name, count in (
        ("complaints", "complaints", sum(row.state is ComplaintState.OPEN for row in asked)),
        ("seal-proposals", "proposals", len(wishes)),
        ("intakes", "batches", len(batches)),
        (f"intakes/{batches[0].id}/lines", "lines", 30),
        ("logs", "alarms", sum(row.resolved_at is None for row in alarms)),
    ):
        assert len(await whole(get, f"/api/staff/{path}", name)) == count
        refused = await supervisor.refused("GET", f"/api/staff/{path}?{WRONG}")
        assert refused == (422, "wrong-place-in-list")


async def test_counter_reads_lists_to_their_ends(client: Client, city: City) -> None:
    device = await CounterDevice().enrol()
    mine = await many.authorised(city, 40, grantee_department="SCJG")
    kept = (AuthorisationState.OFFERED, AuthorisationState.ACCEPTED)
    await Verification.bulk_create(
        [
            Verification(
                id=ids.new_id(), kind=VerificationKind.CODE, at=at, verdict="invalid", reasons=[],
                checks=[], reader=f"counter:{device.counter_id}", reader_name="",
            )
            for at in [clock.now()] * 30
        ]
    )  # fmt: skip

    async def get(path: str) -> Any:
        async with client.get(path, headers=device.headers("GET", path)) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    granted = await whole(get, "/api/counter/authorisations", "authorisations")
    assert len(granted) == sum(row.state in kept for row in mine)
    read = await whole(get, "/api/counter/verifications", "verifications")
    assert len(read) == 30
    path = f"/api/counter/verifications?{WRONG}"
    async with client.get(path, headers=device.headers("GET", path)) as response:
        assert response.status == 422
