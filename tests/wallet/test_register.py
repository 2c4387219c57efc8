"""The register says what the sealed documents say; who changes a row is found, and not believed."""

import logging
from datetime import date
from typing import Any

import pytest
from redis.asyncio import Redis
from tortoise import connections

from core import database
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import FOOD, RESIDENCE, URL, desk, issue_licence, stored_licence
from tests.wallet.test_status import PAPER
from wallet.check import at_counter, documents
from wallet.check.at_counter import CodeAnswer, Errand
from wallet.log import alarms
from wallet.models import Licence, LogAlarm, Patrol, PrintedCode, StateChange
from wallet.patrol import nightly
from wallet.register import status
from wallet.seal import checks
from wallet.show import present, printed
from wallet.types import codes
from wallet.types.validity import LicenceState


async def read(city: City, redis: Redis, licence: Licence) -> CodeAnswer:
    """A counter reads a fresh code of the licence."""
    running = await present.start(licence.id, person_id=city.zhang, redis=redis)
    text = codes.text_of(running.code, public_url=URL)
    by = await city.counter()
    return await at_counter.verify_code(
        text, errand=Errand(purpose="核验"), by=by, desk=desk(city, redis)
    )


async def change(licence: Licence, **columns: Any) -> None:
    """As who keeps the database does: past the program."""
    licence.update_from_dict(columns)
    await licence.save(update_fields=list(columns))


@pytest.mark.parametrize(
    "columns",
    [
        {"holder_name": "伪造的持证人"},
        {"holder_id_no": "310199198511201020"},
        {"number": "JZ31011700099999"},
        {"facts": '{"name": "别人"}'},
        {"valid_to": date(2099, 1, 1)},
        {"issued_on": date(2020, 1, 1)},
    ],
    ids=lambda columns: next(iter(columns)),
)
async def test_changed_row_is_never_judged_valid(
    city: City, redis: Redis, columns: dict[str, Any]
) -> None:
    licence = await stored_licence(city)
    assert (await read(city, redis, licence)).verdict.verdict == "valid"

    await change(licence, **columns)
    answer = await read(city, redis, licence)

    assert answer.verdict.verdict == "cannot_tell"
    assert answer.verdict.reasons == ("register-in-doubt",)
    assert answer.licence is None
    (alarm,) = await alarms.list_open()
    assert (alarm.kind, alarm.about) == ("register", f"licence:{licence.id}")


async def test_document_of_another_licence_is_found(city: City, redis: Redis) -> None:
    licence, other = await stored_licence(city), await stored_licence(city, "FOOD")

    await change(licence, document=other.document)

    assert (await read(city, redis, licence)).verdict.verdict == "cannot_tell"


async def test_alarm_holds_at_every_online_reader(city: City, redis: Redis) -> None:
    licence = await Licence.get(id=await issue_licence(city))
    short = await PrintedCode.get(licence_id=licence.id)
    assert short
    text = printed.text_of(licence.identifier, public_url=URL)
    await alarms.sound(
        alarms.STATE, about=f"licence:{licence.id}", detail="state", licence_id=licence.id
    )
    at = desk(city, redis)

    by = await city.counter()
    on_paper = await at_counter.verify_code(text, errand=Errand(purpose="核验"), by=by, desk=at)
    posted = await documents.verify_document(
        await city.blobs.get(licence.document), by=city.client, trust=city.authority.trust
    )
    values = await documents.verify_values(
        identifier=licence.identifier,
        number=licence.number,
        holder_name=licence.holder_name,
        by=city.client,
    )
    public = await checks.verdict_of(licence, desk=desk(city, redis))

    for found in (
        await read(city, redis, licence), on_paper, posted, values
    ):  # fmt: skip
        assert "register-in-doubt" in found.verdict.reasons
        assert found.verdict.verdict == "cannot_tell"
    assert public.verdict == "cannot_tell"


@pytest.mark.parametrize("licence_type", ["RES", "FOOD"])
async def test_issued_and_taken_in_licences_agree(
    city: City, redis: Redis, licence_type: str
) -> None:
    await issue_licence(city, licence_type, facts={"RES": RESIDENCE, "FOOD": FOOD}[licence_type])
    await stored_licence(city, licence_type)

    done = await nightly.go_on(blobs=city.blobs)

    assert (done.seen, done.differing, done.ended) == (2, 0, True)
    assert await alarms.list_open() == []


async def test_plain_text_in_a_protected_column_is_found_at_night(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    licence, other = await stored_licence(city), await stored_licence(city, "FOOD")
    connection = connections.get(database.CONNECTION)
    mark = ("$1", "$2") if database.dialect() == "postgres" else ("?", "?")
    await connection.execute_query(
        f"UPDATE wallet_licence SET holder_name = {mark[0]} WHERE id = {mark[1]}",
        ["伪造的持证人", str(licence.id)],
    )
    (stored,) = await connection.execute_query_dict(
        f"SELECT facts FROM wallet_licence WHERE id = {mark[0]}",
        [str(other.id)],
    )
    await connection.execute_query(
        f"UPDATE wallet_licence SET facts = {mark[0]} WHERE id = {mark[1]}",
        [stored["facts"], str(licence.id)],
    )

    with caplog.at_level(logging.CRITICAL):
        done = await nightly.go_on(blobs=city.blobs)

    assert done.differing == 1
    assert any(record.levelname == "CRITICAL" for record in caplog.records)
    (alarm,) = await alarms.list_open()
    assert alarm.about == f"licence:{licence.id}"
    assert "伪造" not in caplog.text


@pytest.mark.parametrize(
    "fault", ["set-back", "with-its-record", "without-a-change", "another-document"]
)
async def test_state_that_the_log_does_not_know_is_found(
    city: City, redis: Redis, fault: str
) -> None:
    licence = await stored_licence(city)
    if fault in ("set-back", "with-its-record"):
        await status.revoke(licence.id, by=city.officer("seal_keeper"), **PAPER)
        await change(licence, state=LicenceState.VALID)
    if fault == "with-its-record":
        await StateChange.all().delete()
    if fault == "without-a-change":
        await change(licence, state=LicenceState.REVOKED)
    if fault == "another-document":
        await change(licence, document="0" * 64)

    await nightly.go_on(blobs=city.blobs)

    assert await LogAlarm.filter(kind="state").count() == 1
    assert (await read(city, redis, licence)).verdict.verdict != "valid"


async def test_changes_that_the_log_knows_are_fine(city: City) -> None:
    licence = await stored_licence(city)
    officer = city.officer("seal_keeper")
    for act in (status.suspend, status.resume, status.revoke):
        await act(licence.id, by=officer, **PAPER)
        await nightly.go_on(blobs=city.blobs)

    assert await LogAlarm.all().count() == 0


async def test_alarm_stays_until_an_operator_has_resolved_it(city: City, redis: Redis) -> None:
    licence = await stored_licence(city)
    await change(licence, holder_name="伪造的持证人")
    await nightly.go_on(blobs=city.blobs)
    await nightly.go_on(blobs=city.blobs)
    assert await nightly.resolve(blobs=city.blobs, by="system:manage") == (0, 1)

    await change(licence, holder_name="张演示")
    await nightly.go_on(blobs=city.blobs)
    assert (await read(city, redis, licence)).verdict.verdict == "cannot_tell"

    assert await nightly.resolve(blobs=city.blobs, by="system:manage") == (1, 0)
    assert (await read(city, redis, licence)).verdict.verdict == "valid"
    assert await LogAlarm.filter(resolved_at=None).count() == 0


async def test_round_goes_on_where_it_was_interrupted(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "PIECE", 2)
    for _ in range(5):
        await stored_licence(city)

    seen = [await nightly.go_on(blobs=city.blobs, seconds=0) for _ in range(3)]

    assert [(one.seen, one.ended) for one in seen] == [(2, False), (2, False), (1, True)]
    assert (await Patrol.get(name="register")).seen == 5


async def test_timer_works_at_night_and_once_a_night(city: City, frozen_clock: FrozenClock) -> None:
    await stored_licence(city)
    await nightly.at_night(blobs=city.blobs)
    assert await Patrol.all().count() == 0

    frozen_clock.advance(hours=16)  # ten in the morning becomes two at night
    await nightly.at_night(blobs=city.blobs)
    first = await Patrol.get(name="register")
    frozen_clock.advance(hours=1)
    await nightly.at_night(blobs=city.blobs)

    assert (await Patrol.get(name="register")).begun_at == first.begun_at
    frozen_clock.advance(hours=24)
    await nightly.at_night(blobs=city.blobs)
    assert (await Patrol.get(name="register")).begun_at > first.begun_at
