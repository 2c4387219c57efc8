"""Batches of existing licences, sent and approved in one line each."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from identity.principal import Principal
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE
from wallet.intake import batches


def residence(serial: int, **changes: Any) -> dict[str, Any]:
    """A line about zhang's residence permit with a number of its own."""
    line = {
        "type": "RES",
        "number": f"JZ310117{serial:08d}",
        "holder": {"name": "张演示", "id_type": "111", "id_no": RESIDENCE["id_no"]},
        "facts": RESIDENCE,
        "issued_on": "2026-11-25",
        "valid_to": "2027-11-24",
    }
    return {**line, **changes}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "batch.jsonl"
    texts = [line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines]
    path.write_bytes(b"\n".join(texts) + b"\n")
    return path


def keeper(city: City, department: str = "GA") -> Principal:
    return city.officer("seal_keeper", department=department)


def second(city: City, department: str = "GA") -> Principal:
    """Another officer of the department."""
    officer = city.officer("reviewer", department=department)
    return replace(officer, id=uuid4(), name="赵复核")


async def send(city: City, path: Path, *, batch_no: str = "2026-1", form: str = "lines") -> Any:
    batch_id = await batches.receive(
        path,
        batch_no=batch_no,
        form=form,
        by=keeper(city),
        department="GA",
        blobs=city.blobs,
    )
    if (await batches.get_batch(batch_id, by=keeper(city))).state == "waiting":
        await batches.approve(batch_id, by=second(city))
    await go_on(city, batch_id, path.parent)
    return await batches.get_batch(batch_id, by=keeper(city))


async def go_on(city: City, batch_id: Any, folder: Path) -> None:
    await batches.process(batch_id, trust=city.authority.trust, blobs=city.blobs, folder=folder)
