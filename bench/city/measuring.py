"""`python -m bench city`: how fast the product's pages and timers are in a city of a million."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import asyncpg

import timers
from bench.city import guests, keeping, postgres
from bench.city.guests import Visit
from bench.city.keeping import City
from bench.city.statements import Fault, faults, heard, recording_connections
from bench.result import Result, percentile
from resources import Resources, open_resources
from services.cases.models import Case
from tests import services
from tests.conftest import serving
from tests.installation import SECRET_FILE, Installation
from tools.setup_commands import opened

MILLION = 1_000_000
ROUNDS = 96
"""Requests of a visit, in turns over those who make it."""
WARM = 2
DEEP_PAGES = 40
"""Of a hundred cases each."""
TIMER_ROUNDS = 5
TIMER_AIM = 5.0
ON_SQLITE = 3.0
"""SQLite with a tenth of the people may take so many times as long."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Milliseconds of one visit or timer."""

    name: str
    p50: float
    p99: float
    aim: float | None
    aim_p99: float | None = None
    wrong: str = ""
    """What an answer said that was none."""

    @property
    def missed(self) -> bool:
        late = self.aim_p99 is not None and self.p99 > self.aim_p99
        return late or bool(self.wrong) or (self.aim is not None and self.p50 > self.aim)

    def __str__(self) -> str:
        said = f"{self.p50:.1f} / {self.p99:.1f} ms"
        if self.aim is not None:
            said += f", aim {self.aim:g}" + (f" / {self.aim_p99:g}" if self.aim_p99 else "")
        return f"{said}{', MISSED' if self.missed else ''}{' ' + self.wrong if self.wrong else ''}"


def run(*, people: int = MILLION, on: str = "postgres", again: bool = False) -> Result:
    """Make or find the city, measure everything, and look at the plans (PostgreSQL)."""
    with (
        services.valkey() as redis_url,
        keeping.opened(people=people, redis_url=redis_url, on=on, again=again) as city,
    ):
        slack = ON_SQLITE if on == "sqlite" else 1.0
        who = asyncio.run(_invite(city))
        pages = _serve_and_ask(city, guests.visits(who), slack)
        clocks = asyncio.run(_time_timers(city, slack))
        bare = asyncio.run(_bare(city)) if on == "postgres" else 0.0
        bad = asyncio.run(_look_at_plans(city, guests.visits(who))) if on == "postgres" else {}
    return _result(city, pages, clocks, bare, bad, on)


def _result(
    city: City,
    pages: Sequence[Timed],
    clocks: Sequence[Timed],
    bare: float,
    bad: dict[str, list[Fault]],
    on: str,
) -> Result:
    worklist = next(one for one in pages if one.name == "worklist")
    empty = next(one for one in pages if one.name == "empty request")
    details: dict[str, object] = {"people": city.people, "on": on, "made_in_s": city.seconds}
    times = {one.name: one.p50 / empty.p50 for one in pages}
    details |= {one.name: f"{one}; {times[one.name]:.1f} empty requests" for one in pages}
    details |= {f"timer {one.name}": str(one) for one in clocks}
    details["missed"] = [one.name for one in (*pages, *clocks) if one.missed]
    details["bare indexed statement, ms"] = bare
    details |= {
        f"plan of {name}": "; ".join(str(fault) for fault in found) for name, found in bad.items()
    }
    return Result(
        bench="city",
        figure=worklist.p50,
        unit="ms, a page of a worklist",
        limit=empty.p50 + bare,
        limit_is="an empty request of the same server and one bare statement by a key",
        details=details,
    )


async def _invite(city: City) -> guests.Guests:
    async with opened(city.settings):
        return await guests.invite(city.people)


def _serve_and_ask(city: City, visits: Sequence[Visit], slack: float) -> list[Timed]:
    """By HTTP, of a server in a process of its own."""
    folder = city.settings.var_dir.parent
    (folder / SECRET_FILE).write_bytes(base64.b64encode(city.settings.secret_key))
    server = Installation(
        folder,
        redis_url=city.settings.redis_url,
        database_url=city.settings.database_url,
        more={"YUNJIAN_BLOB_URL": city.settings.blob_url},
    )
    try:
        server.start("serve")
        return asyncio.run(_ask_all(server.address, visits, slack))
    finally:
        server.stop()


async def _ask_all(address: str, visits: Sequence[Visit], slack: float) -> list[Timed]:
    empty = Visit(name="empty request", calls=[("", "/api/status")])
    async with aiohttp.ClientSession(address) as http:
        first = next(visit for visit in visits if visit.name == "worklist")
        deep = await _deep(http, first.calls[0][0])
        return [await _ask(http, visit, slack) for visit in (empty, *visits, deep)]


async def _deep(http: aiohttp.ClientSession, token: str) -> Visit:
    """The closed cases of the largest department, thousands behind the newest."""
    path = "/api/staff/cases?state=closed"
    place = ""
    for _ in range(DEEP_PAGES):
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{path}&limit=100{place}", headers=headers) as response:
            following = (await response.json()).get("next")
        if following is None:
            break
        place = f"&after={following}"
    calls = [(token, f"{path}&limit=20{place}")]
    return Visit(name="worklist, thousands behind", calls=calls, aim=10, aim_p99=60)


async def _ask(http: aiohttp.ClientSession, visit: Visit, slack: float) -> Timed:
    spent, wrong, calls = [], "", list(visit.calls)
    rounds = max(ROUNDS // max(len(calls), 1), 1) + 1
    for turn in range(rounds):
        for token, path in calls:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            began = time.perf_counter()
            async with http.get(path, headers=headers) as response:
                body = await response.read()
            took = (time.perf_counter() - began) * 1000
            if response.status != 200:
                wrong = f"{response.status} {body[:120].decode(errors='replace')}"
            if turn:  # the first round fills caches
                spent.append(took)
    return Timed(
        name=visit.name,
        p50=percentile(spent, 0.5) if spent else 0.0,
        p99=percentile(spent, 0.99) if spent else 0.0,
        aim=visit.aim * slack if visit.aim else None,
        aim_p99=visit.aim_p99 * slack if visit.aim_p99 else None,
        wrong=wrong if calls else "nobody asked",
    )


async def _time_timers(city: City, slack: float) -> list[Timed]:
    """Every timer of the schedule with nothing due, after it has caught up once."""
    found = []
    async with open_resources(city.settings) as resources:
        for timer in timers.SCHEDULE:
            found.append(await _time(timer, resources, slack))
    return found


async def _time(timer: timers.Timer, resources: Resources, slack: float) -> Timed:
    spent = []
    for turn in range(WARM + TIMER_ROUNDS):
        began = time.perf_counter()
        await timer.act(resources)
        if turn >= WARM:
            spent.append((time.perf_counter() - began) * 1000)
    return Timed(
        name=timer.name,
        p50=percentile(spent, 0.5),
        p99=max(spent),
        aim=TIMER_AIM * slack,
    )


async def _bare(city: City) -> float:
    """A case by its key: the cheapest thing that a page can ask; milliseconds at the median."""
    async with opened(city.settings):
        keys = await Case.all().limit(ROUNDS).values_list("id", flat=True)
    link = await asyncpg.connect(postgres.plain(city.settings.database_url))
    try:
        spent = []
        for key in keys:
            began = time.perf_counter()
            await link.fetchrow("SELECT * FROM cases_case WHERE id = $1", key)
            spent.append((time.perf_counter() - began) * 1000)
        return percentile(spent, 0.5)
    finally:
        await link.close()


def plans(city: City, *, small: bool) -> dict[str, list[Fault]]:
    """Page or timer → its statements whose plans grow with the city (PostgreSQL)."""
    return asyncio.run(_look_at_plans(city, guests.visits(asyncio.run(_invite(city))), small))


async def _look_at_plans(
    city: City, visits: Sequence[Visit], small: bool = False
) -> dict[str, list[Fault]]:
    found: dict[str, list[Fault]] = {}
    link = await asyncpg.connect(postgres.plain(city.settings.database_url), command_timeout=600)
    try:
        with recording_connections():
            async with open_resources(city.settings) as resources:
                for timer in timers.SCHEDULE:
                    with heard() as asked:
                        await timer.act(resources)
                    found[f"timer {timer.name}"] = await faults(link, asked, small=small)
                async with serving(city.settings, resources) as address:
                    found |= await _plans_of_pages(address, visits, link, small)
    finally:
        await link.close()
    return {name: bad for name, bad in found.items() if bad}


async def _plans_of_pages(
    address: str, visits: Sequence[Visit], link: asyncpg.Connection, small: bool
) -> dict[str, list[Fault]]:
    found = {}
    async with aiohttp.ClientSession(address) as http:
        for visit in visits:
            with heard() as asked:
                for token, path in visit.calls[:8]:
                    headers = {"Authorization": f"Bearer {token}"} if token else {}
                    async with http.get(path, headers=headers) as response:
                        await response.read()
            found[visit.name] = await faults(link, asked, small=small)
    return found
