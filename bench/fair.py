"""A counter's verdict while one citizen floods the server with pictures and hostile documents.

The flood is three documents of one MiB that made a parser look back from each of 60,000 streams,
and sixty requests for the corners of a photograph of 50 megapixels, all at once. The limit is the
99th percentile of the same verdicts on the quiet server, in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections import Counter
from typing import Any
from uuid import UUID

from PIL import Image

from bench.result import Result
from bench.stack import running
from core.protection import protect
from core.valkey import redis_client
from tests.installation import Installation
from tests.journeys.actors import Citizen, CounterDevice, Enterprise
from wallet.show import present
from wallet.types import codes

VERDICTS = 100
DOCUMENTS = 3
CORNERS = 60
ITEM, MATERIAL = "SJ-RSJ-01", "SJ-RSJ-01-M04"
ANSWERS = {"S1": ["local"], "S2": ["self"], "S3": ["no"]}
HOSTILE = b"%PDF-1.7\n1 0 obj<<>>\n" + (b"stream\nendstream\n" + b"#41" * 11) * 20_000 + b"%%EOF"


def run() -> Result:
    with running() as installation:
        return asyncio.run(measure(installation))


async def measure(installation: Installation) -> Result:
    """Verdicts and verifications, quiet and flooded, on a server that runs with demo data."""
    protect.use(installation.settings.secret_key)
    assert installation.settings.redis_url is not None
    redis = redis_client.connect(installation.settings.redis_url)
    client_id, secret = installation.client()
    async with (
        Citizen(installation.address) as holder,
        Citizen(installation.address) as flooder,
        CounterDevice(installation.address) as counter,
        Enterprise(installation.address, client_id=client_id, secret=secret) as enterprise,
    ):
        await counter.enrol(installation.enrolment_code())
        await holder.sign_in("zhang")
        asking = Asking(holder, counter, enterprise, redis)
        await asking.prepare()
        quiet = await asking.until(VERDICTS)
        flood = Flood(flooder)
        await flood.prepare("zhao")
        task = asyncio.create_task(flood.run())
        flooded = await asking.until(VERDICTS, or_longer=task)
        answers = await task
    await redis.aclose()
    asked = {name: (quiet[name], flooded[name]) for name in quiet}
    return Result(
        bench="fair",
        figure=percentile(flooded["verdict"], 99) * 1000,
        unit="ms p99 of a counter's verdict in the flood",
        limit=percentile(quiet["verdict"], 99) * 1000,
        limit_is="p99 of the quiet server",
        details={
            **{f"{name}_ms": spread(*samples) for name, samples in asked.items()},
            "flood_seconds": flood.seconds,
            "answers_to_the_flood": dict(answers),
        },
    )


def spread(quiet: list[float], flooded: list[float]) -> dict[str, float]:
    """Median and p99 in milliseconds, quiet and in the flood."""
    return {
        "quiet_p50": percentile(quiet, 50) * 1000,
        "quiet_p99": percentile(quiet, 99) * 1000,
        "flooded_p50": percentile(flooded, 50) * 1000,
        "flooded_p99": percentile(flooded, 99) * 1000,
        "samples": len(quiet) + len(flooded),
    }


class Asking:
    """A counter and an enterprise that ask one thing after the other and look at the clock."""

    def __init__(
        self, holder: Citizen, counter: CounterDevice, enterprise: Enterprise, redis: Any
    ) -> None:
        self._holder, self._counter, self._enterprise = holder, counter, enterprise
        self._redis = redis

    async def prepare(self) -> None:
        self._person = UUID((await self._holder.get("/api/citizen/me"))["id"])
        shown = [one for one in await self._holder.licences() if one["showable"]]
        self._licence = UUID(shown[0]["id"])
        path = f"/api/citizen/licences/{shown[0]['id']}/document"
        async with self._holder.http.get(path) as answer:
            self._document = await answer.read()
        for _ in range(5):
            await self._verdict()
            await self._enterprise.verify(self._document)

    async def until(
        self, count: int, *, or_longer: asyncio.Task[Any] | None = None
    ) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {"verdict": [], "verification": []}
        while len(found["verdict"]) < count or (or_longer is not None and not or_longer.done()):
            found["verdict"].append(await self._verdict())
            if len(found["verdict"]) % 4 == 0:  # its client has a quota
                began = time.perf_counter()
                await self._enterprise.verify(self._document)
                found["verification"].append(time.perf_counter() - began)
        return found

    async def _verdict(self) -> float:
        code = await present.start(self._licence, person_id=self._person, redis=self._redis)
        text = codes.text_of(code.code, public_url=self._counter.address)
        began = time.perf_counter()
        answer = await self._counter.verify(text)
        assert answer["verdict"] == "valid", answer
        return time.perf_counter() - began


class Flood:
    """One citizen with one phone and no manners."""

    def __init__(self, citizen: Citizen) -> None:
        self._citizen = citizen
        self.seconds = 0.0

    async def prepare(self, who: str) -> None:
        await self._citizen.sign_in(who)
        self._case = await self._citizen.open_case(ITEM, ANSWERS)
        noise = Image.effect_noise((1750, 1750), 90).resize((7000, 7000)).convert("RGB")
        buffer = io.BytesIO()
        noise.save(buffer, "JPEG", quality=35)
        await self._citizen.upload(self._case, MATERIAL, buffer.getvalue())
        case = await self._citizen.case(self._case["id"])
        material = next(one for one in case["materials"] if one["code"] == MATERIAL)
        at = f"/api/citizen/cases/{case['id']}/materials/{MATERIAL}/files"
        self._corners = f"{at}/{material['files'][0]['id']}/corners"

    async def run(self) -> Counter[int]:
        began = time.perf_counter()
        asked = [self._ask() for _ in range(CORNERS)] + [self._send() for _ in range(DOCUMENTS)]
        answers = Counter(await asyncio.gather(*asked))
        self.seconds = time.perf_counter() - began
        return answers

    async def _ask(self) -> int:
        async with self._citizen.http.get(self._corners) as answer:
            return answer.status

    async def _send(self) -> int:
        location = await self._citizen.create_upload(
            self._case["id"],
            MATERIAL,
            size=len(HOSTILE),
            name="a.pdf",
            media_type="application/pdf",
        )
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        with contextlib.suppress(ConnectionError):
            async with self._citizen.http.patch(
                location, data=io.BytesIO(HOSTILE), headers=headers
            ) as answer:
                return answer.status
        return 0


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
