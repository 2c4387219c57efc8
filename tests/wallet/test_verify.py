"""What a counter is told, and what it is not."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest
from redis.asyncio import Redis

from core import clock
from core.files.blobs import Blobs
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity.log_in import sessions
from identity.models import Session
from identity.principal import Principal
from signing import TrustList
from tests.conftest import FrozenClock
from tests.wallet.city import TODAY, City
from tests.wallet.factories import desk, issue_licence
from wallet.check import at_counter
from wallet.check.at_counter import CodeAnswer, Errand
from wallet.log import access_log, alarms
from wallet.models import Licence, Verification
from wallet.register import status
from wallet.show import present
from wallet.types import codes

URL = "http://127.0.0.1:8800"
PAPER = {
    "cause": "信息待核实",
    "document_no": "松公证〔2026〕1号",
}


async def shown_code(city: City, redis: Redis, licence_type: str = "RES") -> str:
    licence_id = await issue_licence(city, licence_type)
    shown = await present.open(licence_id, by=city.citizen(city.zhang), desk=desk(city, redis))
    return shown.text


async def read(city: City, redis: Redis, text: str, *, by: Principal) -> CodeAnswer:
    return await at_counter.verify_code(
        text,
        errand=Errand(purpose="居住证核验", item_code="SJ-GA-02"),
        by=by,
        desk=desk(city, redis),
    )


async def test_good_code_is_valid(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    answer = await read(city, redis, text, by=counter)

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("valid", ())
    assert answer.licence is not None
    assert answer.licence.name == "上海市居住证"
    names = {check.name for check in answer.verdict.checks}
    assert {"code", "licence-state", "seal.package"} <= names


async def test_counter_sees_masked_offline_claims_only(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    answer = await read(city, redis, text, by=counter)

    assert answer.licence is not None
    assert [(field.key, field.value) for field in answer.licence.fields] == [
        ("name", "张**"),
        ("endorse_to", "2027年11月24日"),
    ]
    assert answer.licence.holder_masked == "张**"
    assert "310199199003071017" not in repr(answer)
    assert "岳阳街道" not in repr(answer)


async def test_holder_is_told_and_sees_the_use(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    await read(city, redis, text, by=counter)

    message = await OutboxMessage.get(name="LicencePresented")
    assert "综合窗口1号" in str(message.payload)
    (use,) = await access_log.list_uses(city.zhang)
    assert (use.who, use.terminal, use.purpose, use.verdict) == (
        "综合窗口1号",
        "松江区政务服务中心",
        "居住证核验",
        "valid",
    )
    assert use.department == "上海市松江区市场监督管理局"
    assert await AuditRecord.filter(action="licence.verify").count() == 1


async def test_second_reading_by_the_same_counter_gives_the_same_answer(
    city: City, redis: Redis
) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    first = await read(city, redis, text, by=counter)
    second = await read(city, redis, text, by=counter)

    assert first == second
    assert await Verification.all().count() == 1
    assert await OutboxMessage.filter(name="LicencePresented").count() == 1


async def test_another_counter_is_told_the_code_was_used(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    await read(city, redis, text, by=counter)

    answer = await read(city, redis, text, by=await city.counter("综合窗口2号"))

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("invalid", ("code-used",))
    assert answer.licence is None


async def test_camera_that_reads_twice_at_once_gets_one_answer(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    answers = await asyncio.gather(*(read(city, redis, text, by=counter) for _ in range(3)))

    assert len({answer.verification_id for answer in answers}) == 1
    assert await OutboxMessage.filter(name="LicencePresented").count() == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unreadable"),
        ("\x00", "unreadable"),
        ("x" * 10_000, "unreadable"),
        ("https://example.com/", "not-a-licence-code"),
        ("HTTPS://HOST/L/ABCDE-0123456789", "not-a-licence-code"),
        ("EL1:NCFOXN", "unreadable"),
        ("HTTPS://HOST/P/" + "0" * 26, "code-expired"),
    ],
)
async def test_bad_codes_are_verdicts(city: City, redis: Redis, text: str, reason: str) -> None:
    answer = await read(city, redis, text, by=await city.counter())

    assert answer.verdict.verdict == "invalid"
    assert answer.verdict.reasons == (reason,)
    assert answer.verdict.title
    assert answer.verdict.next
    assert answer.licence is None


async def test_old_code_is_refused(city: City, redis: Redis, frozen_clock: FrozenClock) -> None:
    text, counter = await shown_code(city, redis), await city.counter()

    frozen_clock.advance(seconds=71)

    answer = await read(city, redis, text, by=counter)
    assert answer.verdict.reasons == ("code-expired",)


async def test_licence_suspended_after_opening_is_invalid(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    licence = await Licence.get()
    await status.suspend(licence.id, by=city.officer("seal_keeper"), **PAPER)

    answer = await read(city, redis, text, by=counter)

    assert (answer.verdict.verdict, answer.verdict.reasons) == ("invalid", ("licence-suspended",))


async def test_licence_revoked_between_two_readings_keeps_the_first_answer_only_for_its_reader(
    city: City, redis: Redis
) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    await read(city, redis, text, by=counter)
    await status.revoke((await Licence.get()).id, by=city.officer("supervisor"), **PAPER)

    again = await read(city, redis, text, by=counter)

    assert again.verdict.verdict == "valid"
    assert await Verification.all().count() == 1


async def test_alarm_between_two_openings_counts_at_the_next_reading_until_it_is_resolved(
    city: City, redis: Redis
) -> None:
    licence_id, counter = await issue_licence(city), await city.counter()
    about = f"licence:{licence_id}"

    async def next_reading() -> tuple[str, bool]:
        citizen = city.citizen(city.zhang)
        shown = await present.open(licence_id, by=citizen, desk=desk(city, redis))
        answer = await read(city, redis, shown.text, by=counter)
        return answer.verdict.verdict, answer.licence is not None

    assert await next_reading() == ("valid", True)
    await alarms.sound(alarms.STATE, about=about, detail="state", licence_id=licence_id)
    assert await next_reading() == ("cannot_tell", False)
    await alarms.resolve(alarms.STATE, about=about, by="operator:1")
    assert await next_reading() == ("valid", True)


async def test_alarm_about_another_licence_changes_nothing(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    other = await issue_licence(city, "FOOD")
    await alarms.sound(alarms.STATE, about=f"licence:{other}", detail="state", licence_id=other)
    await alarms.sound(alarms.ANCHOR, about="log:anchors", detail="anchor 1 is missing")

    answer = await read(city, redis, text, by=counter)

    assert answer.verdict.verdict == "valid"


async def test_alarm_raised_while_the_document_is_looked_at_counts(
    city: City, redis: Redis
) -> None:
    """The licence's row was read before, without an alarm; the seal was not known yet."""
    text, counter = await shown_code(city, redis), await city.counter()
    licence = await Licence.get()

    class Shelf:
        """Blobs of which one is fetched while somebody finds fault with the register."""

        async def get(self, digest: str) -> bytes:
            about = f"licence:{licence.id}"
            await alarms.sound(alarms.STATE, about=about, detail="x", licence_id=licence.id)
            return await city.blobs.get(digest)

    slow = replace(city, blobs=cast(Blobs, Shelf()))
    answer = await read(slow, redis, text, by=counter)

    assert (answer.verdict.verdict, answer.licence) == ("cannot_tell", None)
    assert "register-in-doubt" in answer.verdict.reasons


async def test_session_ended_after_opening_stops_the_code(city: City, redis: Redis) -> None:
    licence_id, counter = await issue_licence(city), await city.counter()
    issued = await sessions.issue(city.citizen(city.zhang), idle_minutes=30, via="sandbox")
    opened = [
        await present.open(licence_id, by=issued.principal, desk=desk(city, redis))
        for _ in range(2)
    ]
    assert (await read(city, redis, opened[0].text, by=counter)).verdict.verdict == "valid"

    await Session.filter(id=issued.principal.session_id).update(revoked_at=clock.now())

    answer = await read(city, redis, opened[1].text, by=counter)
    assert (answer.verdict.verdict, answer.verdict.reasons) == ("invalid", ("code-stopped",))


async def test_session_that_nobody_knows_any_more_cannot_be_told(city: City, redis: Redis) -> None:
    licence_id, counter = await issue_licence(city), await city.counter()
    issued = await sessions.issue(city.citizen(city.zhang), idle_minutes=30, via="sandbox")
    opened = await present.open(licence_id, by=issued.principal, desk=desk(city, redis))
    await Session.all().delete()

    answer = await read(city, redis, opened.text, by=counter)

    assert answer.verdict.verdict == "cannot_tell"


async def test_seal_is_checked_against_todays_trust_list(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    authority = city.authority
    stranger = replace(city, authority=replace(authority, trust=TrustList.of(anchors=[])))

    answer = await read(stranger, redis, text, by=counter)

    assert answer.verdict.verdict != "valid"


async def test_lost_document_is_not_called_valid(city: City, redis: Redis) -> None:
    text, counter = await shown_code(city, redis), await city.counter()
    await city.blobs.delete((await Licence.get()).document)

    answer = await read(city, redis, text, by=counter)

    assert answer.verdict.verdict == "cannot_tell"
    assert answer.verdict.reasons == ("status-unreachable",)
    assert answer.licence is None


async def test_refused_reading_of_an_unknown_code_tells_no_holder(city: City, redis: Redis) -> None:
    await read(city, redis, f"HTTPS://HOST/P/{codes.new_code()}", by=await city.counter())

    assert await OutboxMessage.filter(name="LicencePresented").count() == 0
    row = await Verification.get()
    assert (row.licence_id, row.at) == (None, TODAY)
