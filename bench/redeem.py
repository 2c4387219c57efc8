"""Redeem: codes read at counters a second, from HTTP to verdict, on PostgreSQL and Valkey.

Two workers; the load generator and both servers share the machine's cores. Every code belongs to
a licence of one of many holders, was opened by its holder (who thereby had the seal checked), and
is read once. Beside it the same server's empty handler, the bare statements of one verdict on the
same database, and the time of a reading at half the load.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench import redeem_database
from bench.raw_http import Connection, at_full_load, at_rate, request_bytes
from bench.redeem_city import HOLDERS, Shown, build
from bench.result import Result, percentile
from bench.stack import running
from core.outbox import OutboxMessage
from identity import demo
from identity.systems import counters
from resources import Resources, open_resources
from tests.identity.factories import CounterDevice
from tests.installation import Installation
from wallet.seal import checks
from wallet.show import present
from wallet.types import codes

WORKERS = 2
COUNTERS = 16
READINGS = 2_400
HALF_SECONDS = 5
LONGEST_BACKLOG = 120.0
EMPTY_REQUESTS = 6_000
PATH = "/api/counter/verifications"


def run() -> Result:
    with running(workers=WORKERS) as installation:
        return asyncio.run(measure(installation))


@dataclass
class Bench:
    """Counters, connections and holders of one run."""

    installation: Installation
    resources: Resources
    counters: list[CounterDevice]
    connections: list[Connection]
    shown: list[Shown]

    @property
    def host(self) -> str:
        return urlsplit(self.installation.address).netloc

    async def requests(self, count: int) -> list[bytes]:
        """Readings of `count` fresh codes, signed by the counters in turn."""
        made = []
        for place in range(count):
            shown = self.shown[place % len(self.shown)]
            started = await present.start(
                shown.licence_id, person_id=shown.person_id, redis=self.resources.redis
            )
            text = codes.text_of(started.code, public_url=self.installation.address)
            made.append(self._reading(text, self.counters[place % len(self.counters)]))
        return made

    def _reading(self, text: str, counter: CounterDevice) -> bytes:
        body = json.dumps({"code": text, "purpose": "窗口办事核验"}).encode()
        headers = {
            **counter.headers("POST", PATH, body),
            "Content-Type": "application/json",
        }
        return request_bytes("POST", PATH, host=self.host, headers=headers, body=body)

    async def check_seals(self) -> None:
        """What opening the licence's page does."""
        for shown in self.shown:
            await checks.seal_checks(shown.document, desk=self.resources.desk)


async def measure(installation: Installation) -> Result:
    async with open_resources(installation.settings) as resources:
        shown = await build(resources)
        devices = [await enrolled() for _ in range(COUNTERS)]
        connections = [await Connection.open(installation.address) for _ in range(COUNTERS)]
        bench = Bench(installation, resources, devices, connections, shown)
        try:
            return await figures(bench)
        finally:
            for connection in connections:
                await connection.close()


async def enrolled() -> CounterDevice:
    """One more counter of the demo's hall."""
    device = CounterDevice()
    code = await demo.new_enrolment_code()
    known = await counters.enrol(code, public_key=device.public_key, name="综合窗口")
    device.counter_id = known.counter_id
    return device


async def figures(bench: Bench) -> Result:
    cold, seconds = await at_full_load(bench.connections, await bench.requests(HOLDERS))
    insist_on_valid([answer.body for answer in cold])
    cold_rate = len(cold) / seconds
    await bench.check_seals()
    answers, seconds = await at_full_load(bench.connections, await bench.requests(READINGS))
    insist_on_valid([answer.body for answer in answers])
    rate = len(answers) / seconds
    backlog_seconds = await settled()
    half = await bench.requests(int(rate / 2 * HALF_SECONDS))
    calm = await at_rate(bench.connections, half, per_second=rate / 2)
    insist_on_valid([answer.body for answer in calm])
    empty = request_bytes("GET", "/api/status", host=bench.host, headers={})
    emptied, empty_seconds = await at_full_load(bench.connections, [empty] * EMPTY_REQUESTS)
    empty_rate = len(emptied) / empty_seconds
    statements = await redeem_database.bare_rate(bench.installation.settings, bench.shown)
    return Result(
        bench="redeem",
        figure=rate,
        unit="readings/s",
        limit=statements,
        limit_is="the bare statements of one verdict on the same PostgreSQL",
        details={
            "readings": len(answers),
            "workers": WORKERS,
            "counters_at_a_time": COUNTERS,
            "p50_ms": percentile([one.seconds for one in answers], 0.5) * 1000,
            "p99_ms": percentile([one.seconds for one in answers], 0.99) * 1000,
            "half_load_p50_ms": percentile([one.seconds for one in calm], 0.5) * 1000,
            "half_load_p99_ms": percentile([one.seconds for one in calm], 0.99) * 1000,
            "seconds_until_all_holders_were_told": backlog_seconds,
            "empty_requests_per_s": empty_rate,
            "ratio_to_empty_requests": rate / empty_rate,
            "readings_per_s_with_seals_not_checked_before": cold_rate,
        },
    )


async def settled() -> float:
    """Wait until every holder has been told: at half the load nobody works off a full one."""
    began = time.perf_counter()
    while await OutboxMessage.filter(done_at=None).exists():
        if time.perf_counter() - began > LONGEST_BACKLOG:
            raise RuntimeError("holders are not told of readings")
        await asyncio.sleep(0.1)
    return time.perf_counter() - began


def insist_on_valid(bodies: list[bytes]) -> None:
    """A quick refusal is no verdict: raises RuntimeError unless every reading was valid."""
    found: Counter[Any] = Counter(json.loads(body).get("verdict") for body in bodies)
    if found != {"valid": len(bodies)}:
        raise RuntimeError(f"readings that were not valid: {found}, the first {bodies[0][:300]!r}")
