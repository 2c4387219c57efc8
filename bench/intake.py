"""Take 100,000 existing licences in from one file on PostgreSQL: seconds, and memory of the server.

The process that reads the batch is a fresh one, as a worker would be; its helper process for checks
is counted too. The limit is COPY alone of as many bare rows.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from tortoise import Tortoise, connections

from bench.result import Result
from bench.verify_large import peak_mib
from core import database, offload
from core.files.blobs import Blobs
from core.protection import audit, protect
from identity.principal import Principal, PrincipalKind
from resources import PACKAGES
from signing import TrustList
from signing.dev import devca
from tests import services
from tests.wallet import city as small_city
from tests.wallet.factories import RESIDENCE
from wallet.intake import batches
from wallet.seal import seals
from wallet.types.check_digits import identity_digit

LINES = 100_000
HOLDERS = 40_000
SECRET = bytes(range(32))


def run() -> Result:
    """Figure: licences a second, everything included but the writing of the file."""
    with services.postgres() as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.jsonl"
        write_batch(path)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            found = pool.submit(in_child, url, path).result()
    return Result(
        bench="intake",
        figure=LINES / found["seconds"],
        unit="licences/s",
        limit=found["copied_per_second"],
        limit_is="COPY alone of the same rows into a bare table",
        details=found,
    )


def write_batch(path: Path, lines: int = LINES) -> None:
    """One line for each licence; two in five holders have several."""
    with path.open("wb") as file:
        for serial in range(lines):
            id_no = holder_number(serial % HOLDERS)
            line = {
                "type": "RES",
                "number": f"JZ310117{serial:08d}",
                "holder": {"name": "张演示", "id_type": "111", "id_no": id_no},
                "facts": {**RESIDENCE, "id_no": id_no},
                "issued_on": "2026-11-25",
                "valid_to": "2027-11-24",
            }
            file.write(msgspec.json.encode(line) + b"\n")


def holder_number(serial: int) -> str:
    """A synthetic identity number of a division that is not in use."""
    day, order = divmod(serial, 999)
    body = f"310199{1950 + day % 60}{1 + day % 12:02d}{1 + day % 28:02d}{order + 1:03d}"
    return body + identity_digit(body)


def in_child(url: str, path: Path) -> dict[str, Any]:
    return asyncio.run(take_in(url, path))


OFFICER = Principal(
    kind=PrincipalKind.OFFICER,
    id=uuid4(),
    name="钱印章",
    roles=frozenset({"seal_keeper"}),
    department="GA",
)
SECOND = replace(OFFICER, id=uuid4(), name="赵复核", roles=frozenset({"reviewer"}))


async def prepare(url: str, folder: Path) -> Blobs:
    """An installation with the city's seals in this process, on the empty database at `url`."""
    protect.use(SECRET)
    await database.open_database(url, PACKAGES)
    await Tortoise.generate_schemas(safe=False)
    await audit.prepare()
    blobs = Blobs.open(f"file://{folder}/blobs")
    authority = devca.make(
        organisation="云间市",
        departments=seals.departments(),
        at=datetime(2020, 1, 1, tzinfo=UTC),
        years=30,
    )
    await small_city.build(authority, blobs)
    return blobs


async def approved(path: Path, blobs: Blobs) -> UUID:
    """The batch sent by one officer and vouched for by another: it may be read."""
    batch_id = await batches.receive(
        path, batch_no="1", form="lines", by=OFFICER, department="GA", blobs=blobs
    )
    await batches.approve(batch_id, by=SECOND)
    return batch_id


async def take_in(url: str, path: Path) -> dict[str, Any]:
    """Prepare an installation, take the batch in, and copy the same rows bare."""
    blobs = await prepare(url, path.parent)
    began, cpu = time.perf_counter(), time.process_time()
    batch_id = await approved(path, blobs)
    await batches.process(batch_id, trust=TrustList.of(), blobs=blobs, folder=path.parent)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    batch = await batches.get_batch(batch_id, by=OFFICER)
    helper = await offload.run(peak_mib)
    offload.shut_down()
    copied = await copy_alone()
    await database.close_database()
    return {
        "seconds": seconds,
        "cpu_seconds_of_the_worker": spent,
        "taken": batch.taken,
        "invalid": batch.invalid,
        "peak_mib_of_the_worker": peak_mib(),
        "peak_mib_of_a_helper": helper,
        "batch_mb": path.stat().st_size / 1e6,
        "copied_per_second": copied,
    }


async def copy_alone() -> float:
    """Rows a second of COPY, the same rows into a table without indexes."""
    connection: Any = connections.get(database.CONNECTION)
    await connection.execute_script("CREATE TABLE bare AS SELECT * FROM wallet_licence WHERE false")
    stored = await connection.execute_query_dict("SELECT * FROM wallet_licence LIMIT 1")
    records = [tuple(stored[0].values())] * (LINES // 4)
    began = time.perf_counter()
    async with database.transaction() as transaction:
        driver: Any = transaction
        await driver._connection.copy_records_to_table("bare", records=records)
    return len(records) / (time.perf_counter() - began)
