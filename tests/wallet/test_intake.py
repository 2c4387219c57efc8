"""Batches of existing licences: taken once, checked line by line, resumed after a break."""

import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from tests.identity.factories import credit_code
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE, desk, issue_licence, stored_licence
from tests.wallet.taking_in import go_on, keeper, residence, second, send, written
from wallet.errors import (
    BatchNotFound,
    BatchNumberReused,
    BatchUnreadable,
)
from wallet.intake import batches, upstream
from wallet.intake.shapes import LineView
from wallet.intake.upstream import StandIn
from wallet.issue import late_documents
from wallet.log import transparency
from wallet.models import Licence, LogEntry
from wallet.register import queries
from wallet.types import identifier as identifiers


async def test_good_lines_are_taken_and_bad_ones_reported(city: City, tmp_path: Path) -> None:
    facts = {**RESIDENCE, "birth_date": "gestern"}
    batch = await send(
        city,
        written(
            tmp_path,
            residence(1),
            b"{broken",
            residence(2, facts=facts),
            residence(3, number="XX"),
            residence(4, type="FOOD", number="JY23101170000012"),
            residence(5, state="revoked"),
            residence(6, issued_on="2030-01-01"),
            residence(7, holder={"name": "张演示", "id_no": "310199199003071018"}),
            residence(8, identifier="1.2.156.3005.2.X"),
            residence(1),
            residence(1, issued_on="2026-11-24"),
            residence(9),
        ),
    )

    assert (batch.state, batch.lines, batch.taken) == ("finished", 12, 2)
    assert (batch.duplicates, batch.conflicts, batch.invalid) == (1, 1, 8)
    report = await batches.list_lines(batch.id, by=keeper(city))
    assert [row.line for row in report] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert {row.outcome for row in report[8:]} == {"duplicate", "conflict"}
    assert all("310199" not in row.message for row in report)
    assert await Licence.all().count() == 2
    assert await AuditRecord.filter(action="intake.piece").count() == 1


async def test_licence_taken_in_lies_in_its_holders_wallet(city: City, tmp_path: Path) -> None:
    await send(city, written(tmp_path, residence(1)))

    (summary,) = await queries.list_licences(city.zhang)
    row = await Licence.get(id=summary.id)
    assert (summary.type, summary.showable, row.department) == ("RES", True, "GA")
    assert identifiers.parse(row.identifier) is not None
    assert await LogEntry.filter(ref=transparency.ref_of(row.identifier)).count() == 1


async def test_unknown_holders_become_known(city: City, tmp_path: Path) -> None:
    line = residence(1, holder={"name": "新主体公司", "id_type": "001", "id_no": credit_code(9)})

    batch = await send(city, written(tmp_path, line, residence(2, holder=line["holder"])))

    assert batch.taken == 2
    owners = {row.subject_id for row in await Licence.all()}
    assert len(owners) == 1
    assert owners.isdisjoint({city.zhang, city.li, city.company})


async def test_same_file_again_is_the_same_batch(city: City, tmp_path: Path) -> None:
    path = written(tmp_path, residence(1), residence(2))
    first = await send(city, path)
    again = await send(city, path)
    other_number = await send(city, path, batch_no="2026-2")

    assert first == again
    assert (other_number.taken, other_number.duplicates) == (0, 2)
    assert await Licence.all().count() == 2
    with pytest.raises(BatchNumberReused):
        await send(city, written(tmp_path, residence(3)))
    assert await OutboxMessage.filter(name="IntakeReceived").count() == 2


async def test_reading_goes_on_where_it_broke_off(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "PIECE", 2)
    path = written(tmp_path, *(residence(serial) for serial in range(1, 8)))
    batch_id = await batches.receive(
        path, batch_no="1", form="lines", by=keeper(city), department="GA", blobs=city.blobs
    )
    await batches.approve(batch_id, by=second(city))
    store, pieces = batches._store, []

    async def break_off(*arguments: Any, **more: Any) -> None:
        if len(pieces) == 2:
            raise OSError("the machine stops here")
        pieces.append(1)
        await store(*arguments, **more)

    monkeypatch.setattr(batches, "_store", break_off)
    with pytest.raises(OSError, match="stops here"):
        await go_on(city, batch_id, tmp_path)
    half = await batches.get_batch(batch_id, by=keeper(city))
    monkeypatch.setattr(batches, "_store", store)
    await go_on(city, batch_id, tmp_path)

    whole = await batches.get_batch(batch_id, by=keeper(city))
    assert (half.state, half.taken) == ("running", 4)
    assert 0 < half.progress < 1
    assert (whole.state, whole.taken, whole.duplicates, whole.progress) == ("finished", 7, 0, 1.0)


async def test_sealed_documents_speak_for_themselves(city: City, tmp_path: Path) -> None:
    licence = await stored_licence(city)
    document = await city.blobs.get(licence.document)
    await Licence.all().delete()
    path = tmp_path / "batch.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.ofd", document)
        archive.writestr("2.ofd", document[:-40] + bytes(40))
        archive.writestr("3.txt", b"no document")
        archive.writestr("4.ofd", document)

    batch = await send(city, path, form="documents")

    assert (batch.taken, batch.duplicates, batch.invalid) == (1, 1, 2)
    row = await Licence.all().get()
    assert (row.identifier, row.number, row.document) == (
        licence.identifier,
        licence.number,
        licence.document,
    )


async def test_an_entry_that_cannot_be_unpacked_holds_up_no_other(
    city: City, tmp_path: Path
) -> None:
    licence = await stored_licence(city)
    document = await city.blobs.get(licence.document)
    await Licence.all().delete()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("damaged", "locked", "strange", "good"):
            archive.writestr(f"{name}.ofd", document)
        starts = {entry.filename: entry.header_offset for entry in archive.infolist()}
    data = bytearray(packed.getvalue())
    listed = {name: data.rindex(name.encode()) - 46 for name in starts}
    data[starts["damaged.ofd"] + 60] ^= 1
    data[listed["locked.ofd"] + 8] |= 1
    data[starts["locked.ofd"] + 6] |= 1
    data[listed["strange.ofd"] + 10] = data[starts["strange.ofd"] + 8] = 97
    path = tmp_path / "batch.zip"
    path.write_bytes(data)

    batch = await send(city, path, form="documents")

    assert (batch.state, batch.taken, batch.invalid) == ("finished", 1, 3)


async def test_files_that_are_none_are_refused(city: City, tmp_path: Path) -> None:
    path = tmp_path / "batch"
    path.write_bytes(b"")
    with pytest.raises(BatchUnreadable):
        await send(city, path)
    path.write_bytes(b"no zip")
    with pytest.raises(BatchUnreadable):
        await send(city, path, form="documents")


async def test_other_departments_see_nothing(city: City, tmp_path: Path) -> None:
    batch = await send(city, written(tmp_path, residence(1), b"{"))

    stranger = keeper(city, "WJW")
    assert await batches.list_batches(by=stranger) == []
    with pytest.raises(BatchNotFound):
        await batches.get_batch(batch.id, by=stranger)
    with pytest.raises(BatchNotFound):
        await batches.list_lines(batch.id, by=stranger)


async def test_report_is_paged(city: City, tmp_path: Path) -> None:
    batch = await send(city, written(tmp_path, *([b"{"] * 5)))

    page = await batches.list_lines(batch.id, by=keeper(city), limit=2)
    rest = await batches.list_lines(batch.id, by=keeper(city), after=page.following, limit=2)

    assert [row.line for row in (*page, *rest)] == [1, 2, 3, 4]
    assert isinstance(page[0], LineView)


async def test_document_is_drawn_when_first_needed(city: City, tmp_path: Path) -> None:
    await send(city, written(tmp_path, residence(1)))
    (row,) = await Licence.all()
    assert row.document == ""
    for _ in range(2):
        await late_documents.ensure(row.id, by=city.citizen(city.zhang), desk=desk(city))

    document = await queries.get_document(row.id, by=city.citizen(city.zhang), blobs=city.blobs)
    assert "OFD.xml" in zipfile.ZipFile(io.BytesIO(document)).namelist()
    assert await AuditRecord.filter(action="licence.draw").count() == 1


async def test_upstream_is_asked_for_a_holder(city: City) -> None:
    foreign = residence(2, holder={"name": "李样例", "id_no": "310199198511201020"})
    library = StandIn(lines=[residence(1), residence(3, number="XX"), foreign])
    ask = {"id_type": "111", "id_no": RESIDENCE["id_no"], "department": "GA", "library": "city"}

    first = await upstream.take_holder(library, **ask)
    second = await upstream.take_holder(library, **ask)

    assert (first.taken, len(first.refused)) == (1, 1)
    assert (second.taken, second.duplicates) == (0, 1)


async def test_library_that_answers_with_others_licences_is_not_believed(city: City) -> None:
    class Careless(StandIn):
        async def query(self, *, id_type: str, id_no: str) -> list[bytes]:
            return [msgspec.json.encode(line) for line in self.lines]

    library = Careless(lines=[residence(1)])

    taken = await upstream.take_holder(
        library, id_type="111", id_no="310199198511201020", department="GA", library="city"
    )

    assert taken.taken == 0
    assert await Licence.all().count() == 0


async def test_intake_finds_what_we_issued_ourselves(city: City, tmp_path: Path) -> None:
    issued = await Licence.get(id=await issue_licence(city))

    batch = await send(city, written(tmp_path, residence(1, number=issued.number)))

    assert batch.duplicates + batch.conflicts == 1
