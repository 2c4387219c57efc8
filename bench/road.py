"""Road: whole journeys a second by HTTP on PostgreSQL and Valkey.

One journey is a draft, a form, two photographs, a submission, an acceptance, an approval, the
sealed licence heard of on the live socket, a code shown and a counter's verdict. The limit is what
the same server does when it answers as many empty requests instead.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import aiohttp

from bench.result import Result, percentile
from bench.stack import running
from tests.installation import Installation
from tests.journeys import plausible
from tests.journeys.actors import Citizen, CounterDevice, Officer
from tests.journeys.test_road import RESIDENCE_PERMIT, prepare

PEOPLE = ("zhang", "li", "zhao", "sun")
"""As many journeys at a time."""
JOURNEYS_EACH = 5
EMPTY_REQUESTS = 4000


class Tally:
    """Counts the requests that journeys make."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()

    def watch(self, session: aiohttp.ClientSession) -> None:
        config = aiohttp.TraceConfig()

        async def ended(*_: object) -> None:
            self.requests["all"] += 1

        config.on_request_end.append(ended)
        config.freeze()
        session.trace_configs.append(config)


async def journey(citizen: Citizen, officer: Officer, counter: CounterDevice) -> None:
    async with citizen.live() as live:
        await live.next()
        case = await prepare(citizen, RESIDENCE_PERMIT)
        await citizen.post(f"/api/citizen/cases/{case['id']}/submission")
        await officer.act(case["id"], "acceptance")
        draft = await officer.get(f"/api/staff/cases/{case['id']}/licence-draft")
        await officer.approve(case["id"], plausible.facts(draft))
        issued = await live.until("licence-issued", seconds=60)
        path = f"/api/citizen/licences/{issued['data']['licence_id']}/presentations"
        verdict = await counter.verify((await citizen.post(path))["code"])
        if verdict["verdict"] != "valid":
            raise RuntimeError(f"a licence just issued is {verdict}")


async def walk(
    installation: Installation, person: str, counter: CounterDevice, tally: Tally
) -> list[float]:
    """One person's journeys, one after another; seconds of each."""
    spent = []
    async with Citizen(installation.address) as citizen, Officer(installation.address) as officer:
        tally.watch(citizen.http)
        tally.watch(officer.http)
        await citizen.sign_in(person)
        await officer.sign_in("GA-01", installation.password("GA-01"))
        for _ in range(JOURNEYS_EACH):
            began = time.perf_counter()
            await journey(citizen, officer, counter)
            spent.append(time.perf_counter() - began)
    return spent


async def empty_requests_per_second(address: str) -> float:
    """The cheapest answer of the same server, as many at a time as there are journeys."""
    async with aiohttp.ClientSession(address) as http:

        async def ask(count: int) -> None:
            for _ in range(count):
                async with http.get("/api/status") as response:
                    await response.read()

        began = time.perf_counter()
        await asyncio.gather(*(ask(EMPTY_REQUESTS // len(PEOPLE)) for _ in PEOPLE))
        return EMPTY_REQUESTS / (time.perf_counter() - began)


async def measure(installation: Installation) -> Result:
    tally = Tally()
    async with CounterDevice(installation.address) as counter:
        tally.watch(counter.http)
        await counter.enrol(installation.enrolment_code())
        began = time.perf_counter()
        walks = [walk(installation, person, counter, tally) for person in PEOPLE]
        spent = [each for walked in await asyncio.gather(*walks) for each in walked]
        wall = time.perf_counter() - began
    empty = await empty_requests_per_second(installation.address)
    requests = tally.requests["all"] / len(spent)
    return Result(
        bench="road",
        figure=len(spent) / wall,
        unit="journeys/s",
        limit=empty / requests,
        limit_is=f"the same server answering {requests:.0f} empty requests",
        details={
            "journeys": len(spent),
            "at_a_time": len(PEOPLE),
            "requests_per_journey": requests,
            "journey_p50_s": percentile(spent, 0.5),
            "journey_max_s": max(spent),
            "empty_requests_per_s": empty,
        },
    )


def run() -> Result:
    with running() as installation:
        return asyncio.run(measure(installation))
