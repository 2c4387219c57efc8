"""Who vouches for what was taken in, and how little it may do before."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.outbox import OutboxMessage
from identity.errors import RoleMissing
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE, desk
from tests.wallet.taking_in import go_on, keeper, residence, second, send, written
from tests.wallet.test_authorisations import terms
from wallet.check import documents
from wallet.errors import (
    BatchDecided,
    BatchNotFound,
    OnlyData,
    SecondPersonNeeded,
)
from wallet.intake import batches, upstream
from wallet.intake.upstream import StandIn
from wallet.issue import late_documents
from wallet.models import Licence
from wallet.register import queries, taken_in
from wallet.share import authorisations
from wallet.show import passes, present


async def test_one_officer_alone_makes_no_licence_by_sending_a_line(
    city: City, tmp_path: Path
) -> None:
    """The second door to what `issue_by_hand` asks two officers for."""
    path = written(tmp_path, residence(1))
    sender = keeper(city)
    batch_id = await batches.receive(
        path, batch_no="1", form="lines", by=sender, department="GA", blobs=city.blobs
    )
    assert await OutboxMessage.filter(name="IntakeReceived").count() == 0

    await go_on(city, batch_id, tmp_path)
    assert await Licence.all().count() == 0
    with pytest.raises(SecondPersonNeeded):
        await batches.approve(batch_id, by=sender)
    for by in (second(city, "SCJG"), city.officer("supervisor", department=None)):
        with pytest.raises((BatchNotFound, RoleMissing)):
            await batches.approve(batch_id, by=by)

    (line,) = await batches.sample(batch_id, by=second(city), blobs=city.blobs, folder=tmp_path)
    assert (line.licence_name, line.holder_name) == ("上海市居住证", "张演示")
    approver = second(city)
    await batches.approve(batch_id, by=approver)
    with pytest.raises(BatchDecided):
        await batches.approve(batch_id, by=second(city))
    await go_on(city, batch_id, tmp_path)

    row = await Licence.get()
    assert (row.taken_in_as, row.vouched_by) == ("data", approver.actor)
    (summary,) = await queries.list_licences(city.zhang)
    assert (summary.only_data, summary.origin_text) == (False, "由发证部门以数据方式归集")


async def test_a_batch_turned_down_takes_nothing_in(city: City, tmp_path: Path) -> None:
    path = written(tmp_path, residence(1))
    batch_id = await batches.receive(
        path, batch_no="1", form="lines", by=keeper(city), department="GA", blobs=city.blobs
    )
    await batches.refuse(batch_id, cause="与纸质档案不符", by=second(city))
    await go_on(city, batch_id, tmp_path)

    found = await batches.get_batch(batch_id, by=keeper(city))
    assert (found.state, found.note) == ("refused", "复核未通过：与纸质档案不符")
    assert await Licence.all().count() == 0


async def test_what_is_only_data_carries_no_power(city: City, tmp_path: Path, redis: Redis) -> None:
    """Lines of a library, and of batches before the rule: until somebody vouches for them."""
    library = StandIn(lines=[residence(1)])
    await upstream.take_holder(
        library, id_type="111", id_no=str(RESIDENCE["id_no"]), department="GA", library="city"
    )
    row, zhang = await Licence.get(), city.citizen(city.zhang)
    at = desk(city, redis)

    for attempt in (
        lambda: late_documents.ensure(row.id, by=zhang, desk=at),
        lambda: queries.get_document(row.id, by=zhang, blobs=city.blobs),
        lambda: present.open(row.id, by=zhang, desk=at),
        lambda: authorisations.share(row.id, terms=terms(), by=zhang),
        lambda: passes.make(row.id, fields=None, bound=False, by=zhang, desk=at),
    ):
        with pytest.raises(OnlyData):
            await attempt()
    assert await queries.find_reusable("RES", (), by=zhang) == []
    (summary,) = await queries.list_licences(city.zhang)
    assert (summary.only_data, summary.showable) == (True, False)
    assert "尚未复核" in summary.origin_text
    claimed = await documents.verify_values(
        identifier=row.identifier, number=row.number, holder_name="张演示", by=city.client
    )
    assert (claimed.verdict.verdict, claimed.verdict.reasons) == ("cannot_tell", ("no-seal",))

    batch = await send(city, written(tmp_path, residence(1)))
    assert batch.duplicates == 1
    assert await late_documents.ensure(row.id, by=zhang, desk=at)


async def test_holders_are_told_of_what_was_taken_in_a_few_at_a_time(
    city: City, tmp_path: Path
) -> None:
    await send(
        city, written(tmp_path, *[residence(number) for number in range(taken_in.AT_ONCE + 5)])
    )

    assert await taken_in.tell_waiting() == taken_in.AT_ONCE
    assert await taken_in.tell_waiting() == 5
    assert await taken_in.tell_waiting() == 0

    assert await OutboxMessage.filter(name="LicenceTakenIn").count() == taken_in.AT_ONCE + 5
