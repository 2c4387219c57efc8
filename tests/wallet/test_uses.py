"""Who looked: one chained log for each holder, signed days, exports, and tampering found."""

import asyncio
import contextlib
import copy
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.exceptions import IntegrityError

from core import database
from core.outbox import OutboxMessage
from tests.conftest import FrozenClock, on_postgres
from tests.wallet.city import City
from tests.wallet.factories import issue_licence, stored_licence
from wallet.errors import (
    AlreadyComplained,
    ComplaintClosed,
    ComplaintNotFound,
    UseNotFound,
)
from wallet.log import access_log, complaints, log_export, signed_days
from wallet.log.log_export import BrokenExport
from wallet.log.signed_days import BrokenLog
from wallet.log_models import UseDay, UseDayHead, UseHead, UseKind, UseRecord
from wallet.models import Licence
from wallet.register import queries


async def look(city: City, licence: Licence, times: int = 1, *, department: str = "SCJG") -> None:
    for _ in range(times):
        async with database.transaction():
            await access_log.record(
                licence,
                access_log.Look(
                    kind=UseKind.CODE,
                    who="counter:1",
                    who_name="综合窗口1号",
                    department=department,
                    ground="持证人出示二维码",
                    purpose="居住证核验",
                    fields_seen=["姓名"],
                ),
            )


async def test_log_is_numbered_chained_and_told(city: City) -> None:
    licence = await stored_licence(city)
    await look(city, licence, 3)

    rows = await UseRecord.filter(subject_id=city.zhang).order_by("n")
    assert [row.n for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [access_log.START, rows[0].digest, rows[1].digest]
    assert await OutboxMessage.filter(name="LicenceLookedAt").count() == 3
    (newest, *_) = await access_log.list_uses(city.zhang)
    assert (newest.n, newest.who, newest.fields_seen) == (3, "综合窗口1号", ("姓名",))


async def test_looks_at_the_same_moment_do_not_break_the_chain(city: City) -> None:
    licence = await stored_licence(city)

    await asyncio.gather(*(look(city, licence) for _ in range(12)))

    assert await signed_days.check() == 12


async def test_looks_of_an_office_that_is_gone_are_still_listed(city: City) -> None:
    licence = await stored_licence(city)
    for department in ("SCJG", "", "GONE"):
        await look(city, licence, department=department)

    uses = await access_log.list_uses(city.zhang)

    assert [use.department for use in uses] == ["GONE", "", "上海市松江区市场监督管理局"]


def glance(licence: Licence) -> access_log.Look:
    return access_log.Look(
        kind=UseKind.CASE, who="officer:1", who_name="受理岗", ground="办件", purpose="办件"
    )


async def test_looks_of_one_transaction_are_links_of_one_chain(city: City) -> None:
    licence, other = await stored_licence(city), await stored_licence(city, "FOOD")
    async with database.transaction():
        for one in (licence, other, licence):
            await access_log.record(one, glance(one))
        assert not await UseRecord.exists()

    assert await signed_days.check() == 3
    told = await OutboxMessage.filter(name="LicenceLookedAt").count()
    assert told == await UseRecord.all().count() == 3


async def test_look_that_is_there_already_leaves_the_chain_as_it_was(city: City) -> None:
    licence, use_id = await stored_licence(city), uuid4()
    for _ in range(2):
        with contextlib.suppress(IntegrityError):
            async with database.transaction():
                await access_log.record(licence, glance(licence), use_id=use_id)

    assert await UseRecord.all().count() == await signed_days.check() == 1


async def test_holders_looked_at_in_other_orders_do_not_deadlock(city: City) -> None:
    licence = await stored_licence(city)
    other = await stored_licence(city, "FOOD")
    await Licence.filter(id=other.id).update(subject_id=city.li)
    other = await Licence.get(id=other.id)
    await look(city, licence)
    await look(city, other)
    both_began = asyncio.Barrier(2)

    async def act(*order: Licence) -> None:
        async with database.transaction():
            await access_log.record(order[0], glance(order[0]))
            if on_postgres():
                await both_began.wait()
            await access_log.record(order[1], glance(order[1]))

    async with asyncio.timeout(60):
        await asyncio.gather(act(licence, other), act(other, licence))

    assert await signed_days.check() == 6


async def test_revealing_stands_in_the_log(city: City) -> None:
    licence_id = await issue_licence(city)

    await queries.reveal(licence_id, by=city.citizen(city.zhang))

    (use,) = await access_log.list_uses(city.zhang)
    assert use.kind == "revealed"
    assert "公民身份号码" in "".join(use.fields_seen)


async def test_record_outside_a_transaction_is_a_mistake(city: City) -> None:
    licence = await stored_licence(city)
    with pytest.raises(RuntimeError):
        await access_log.record(
            licence, access_log.Look.by(city.client, UseKind.VALUES, ground="", purpose="")
        )


@pytest.mark.parametrize(
    "change",
    [
        {"who_name": "别人"},
        {"purpose": "别的用途"},
        {"fields_seen": []},
        {"verdict": "valid"},
        {"licence_id": uuid4()},
    ],
)
async def test_changed_record_is_found(city: City, change: dict[str, Any]) -> None:
    await look(city, await stored_licence(city), 3)
    await UseRecord.filter(n=2).update(**change)

    with pytest.raises(BrokenLog, match="record 2"):
        await signed_days.check()


@pytest.mark.parametrize("n", [1, 2, 3])
async def test_removed_record_is_found(city: City, n: int) -> None:
    await look(city, await stored_licence(city), 3)
    await UseRecord.filter(n=n).delete()

    with pytest.raises(BrokenLog):
        await signed_days.check()


async def test_removed_log_is_found(city: City) -> None:
    await look(city, await stored_licence(city), 3)
    await UseHead.all().delete()

    with pytest.raises(BrokenLog):
        await signed_days.check()


async def test_rewritten_log_is_found_by_the_signed_day(
    city: City, frozen_clock: FrozenClock
) -> None:
    await look(city, await stored_licence(city), 3)
    frozen_clock.advance(days=1)
    assert await signed_days.close_days(keys=city.authority.keys) == 1
    assert await signed_days.check() == 3

    await rewrite(purpose="别的用途")

    with pytest.raises(BrokenLog, match="another one was signed"):
        await signed_days.check()


async def rewrite(**change: str) -> None:
    """Change the last record and everything that hangs on it, as an insider could."""
    row = await UseRecord.all().order_by("-n").first()
    assert row is not None
    row.update_from_dict(change)
    row.digest = access_log.digest_of(access_log.content_of(row))
    await row.save()
    await UseHead.filter(subject_id=row.subject_id).update(digest=row.digest)


async def test_changed_day_is_found(city: City, frozen_clock: FrozenClock) -> None:
    await look(city, await stored_licence(city), 2)
    frozen_clock.advance(days=1)
    await signed_days.close_days(keys=city.authority.keys)

    await rewrite(purpose="别的用途")
    head = await UseHead.get(subject_id=city.zhang)
    await UseDayHead.all().update(digest=head.digest)

    with pytest.raises(BrokenLog, match="signed head of"):
        await signed_days.check()


async def test_days_are_closed_once_and_only_when_over(
    city: City, frozen_clock: FrozenClock
) -> None:
    await look(city, await stored_licence(city))
    assert await signed_days.close_days(keys=city.authority.keys) == 0

    frozen_clock.advance(days=3)

    assert await signed_days.close_days(keys=city.authority.keys) == 3
    assert await signed_days.close_days(keys=city.authority.keys) == 0
    assert [row.size for row in await UseDay.all().order_by("day")] == [1, 0, 0]


async def test_a_day_of_thousands_of_holders_is_closed(
    city: City, frozen_clock: FrozenClock
) -> None:
    """Tortoise nests the conditions of a question: a thousand of them were too many for Python."""
    yesterday = frozen_clock()
    rows = [first_look(uuid4(), yesterday) for _ in range(1_500)]
    await UseRecord.bulk_create(rows, batch_size=500)
    frozen_clock.advance(days=1)

    assert await signed_days.close_days(keys=city.authority.keys) == 1

    signed = {head.subject_id: head.digest for head in await UseDayHead.all()}
    assert signed == {row.subject_id: row.digest for row in rows}


def first_look(subject_id: UUID, at: datetime) -> UseRecord:
    row = UseRecord(
        subject_id=subject_id,
        n=1,
        at=at,
        kind=UseKind.CODE,
        licence_id=uuid4(),
        licence_type="RES",
        who="counter:1",
        who_name="窗口1",
        fields_seen=[],
        reasons=[],
        previous=access_log.START,
        digest="",
    )
    row.digest = access_log.digest_of(access_log.content_of(row))
    return row


async def test_days_from_before_paths_were_kept_are_proven_too(
    city: City, frozen_clock: FrozenClock
) -> None:
    await look(city, await stored_licence(city), 3)
    await look(city, await stored_licence(city, "FOOD"), 2)
    frozen_clock.advance(days=2)
    await signed_days.close_days(keys=city.authority.keys)
    kept = await signed_days.proofs_for(city.zhang)
    assert any(proof.path for proof in kept)

    await UseDayHead.all().update(path=None)

    assert await signed_days.proofs_for(city.zhang) == kept


async def test_export_proves_itself(city: City, frozen_clock: FrozenClock) -> None:
    await look(city, await stored_licence(city), 3)
    await look(city, await stored_licence(city, "FOOD"), 2)
    frozen_clock.advance(days=1)
    await signed_days.close_days(keys=city.authority.keys)
    certificate = city.authority.signer_certificates["ZWB"]

    exported = await log_export.export(by=city.citizen(city.zhang))

    assert log_export.check(exported, certificate=certificate) == 3
    assert exported["days"][0]["n"] == 3


async def test_tampered_export_is_found(city: City, frozen_clock: FrozenClock) -> None:
    await look(city, await stored_licence(city), 3)
    frozen_clock.advance(days=1)
    await signed_days.close_days(keys=city.authority.keys)
    exported = await log_export.export(by=city.citizen(city.zhang))

    def spoilt(spoil: Any) -> dict[str, Any]:
        changed = copy.deepcopy(exported)
        spoil(changed)
        return changed

    for spoil in (
        lambda log: log["records"][1].update(who_name="别人"),
        lambda log: log["records"].pop(),
        lambda log: log["records"].pop(0),
        lambda log: log["days"][0].update(path=["00" * 32]),
        lambda log: log["days"][0].update(note="yunjian-uses\n2026-11-25\n1\n" + "0" * 64 + "\n"),
        lambda log: log.pop("records"),
        lambda log: log.update(subject=str(uuid4())),
    ):
        with pytest.raises(BrokenExport):
            log_export.check(spoilt(spoil))


async def test_old_records_go_after_three_years_and_the_rest_stays_provable(
    city: City, frozen_clock: FrozenClock
) -> None:
    licence = await stored_licence(city)
    await look(city, licence, 2)
    frozen_clock.advance(days=1)
    await signed_days.close_day(frozen_clock().date().replace(day=25), keys=city.authority.keys)
    frozen_clock.advance(days=3 * 365)
    await look(city, licence)
    assert await signed_days.forget_old() == 0

    frozen_clock.advance(days=10)

    assert await signed_days.forget_old() == 2
    assert await signed_days.check() == 1
    await UseHead.all().update(base_n=0, base_digest=access_log.START)
    with pytest.raises(BrokenLog):
        await signed_days.check()


async def test_complaint_is_made_once_and_answered_once(city: City) -> None:
    await look(city, await stored_licence(city))
    (use,) = await access_log.list_uses(city.zhang)
    holder = city.citizen(city.zhang)
    keeper = city.officer("seal_keeper", department="SCJG")

    complaint = await complaints.complain(use.id, text="我没有去过这个窗口", by=holder)

    with pytest.raises(AlreadyComplained):
        await complaints.complain(use.id, text="再问一次", by=holder)
    (waiting,) = await complaints.list_for_staff(by=keeper)
    assert (waiting.id, waiting.use_who) == (complaint, "综合窗口1号")
    await complaints.answer(complaint, text="经查为误扫，已教育", by=keeper)
    with pytest.raises(ComplaintClosed):
        await complaints.answer(complaint, text="再答一次", by=keeper)
    (seen,) = await complaints.list_own(by=holder)
    assert (seen.state, seen.answer) == ("answered", "经查为误扫，已教育")
    assert await complaints.list_for_staff(by=keeper) == []


async def test_complaints_stay_with_their_people(city: City) -> None:
    await look(city, await stored_licence(city))
    (use,) = await access_log.list_uses(city.zhang)
    with pytest.raises(UseNotFound):
        await complaints.complain(use.id, text="不是我的", by=city.citizen(city.li))
    complaint = await complaints.complain(use.id, text="为何查看", by=city.citizen(city.zhang))

    stranger = city.officer("seal_keeper", department="GA")
    with pytest.raises(ComplaintNotFound):
        await complaints.answer(complaint, text="越权", by=stranger)
    assert await complaints.list_for_staff(by=stranger) == []
