"""Offline passes of real licences: what is inside, who gets them, and what a counter is told."""

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import qrcode
from redis.asyncio import Redis

from core import database
from core.errors import TooMany
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity.principal import Principal
from signing.passes import passes as signing_passes
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import desk, issue_licence
from tests.wallet.phones import Phone
from tests.wallet.test_face import data_for
from wallet.check import at_counter
from wallet.check.at_counter import CodeAnswer, Errand
from wallet.errors import FieldNotOffered, InvalidPhoneKey, LicenceNotFound, PhoneKeyMissing
from wallet.errors import LicenceNotInForce as NotInForce
from wallet.issue import from_case
from wallet.log import access_log
from wallet.models import StatusEntry, Verification
from wallet.register import status
from wallet.show import passes, status_lists
from wallet.types import catalogue
from wallet.types.licence_types import LicenceType

LONG_COMPANY = "上海松江演示数字城市信息技术发展有限公司方松街道第一分公司"
PAPER = {"cause": "信息待核实", "document_no": "松公证〔2026〕1号"}


async def ready(city: City) -> tuple[Phone, UUID]:
    """A phone with a key, and zhang's residence permit."""
    phone = Phone()
    await phone.register(city)
    return phone, await issue_licence(city)


async def read(
    city: City, redis: Redis, text: str, *, by: Principal, errand: Errand | None = None
) -> CodeAnswer:
    wanted = errand or Errand(purpose="居住证核验")
    return await at_counter.verify_code(text, errand=wanted, by=by, desk=desk(city, redis))


def said(answer: CodeAnswer) -> tuple[str, tuple[str, ...]]:
    return answer.verdict.verdict, answer.verdict.reasons


async def test_code_of_a_phone_is_valid_and_the_holder_hears(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)

    answer = await read(city, redis, phone.show(made.data), by=await city.counter())

    assert said(answer) == ("valid", ())
    assert answer.kind == "offline_pass"
    assert all(check.as_of for check in answer.verdict.checks if check.name == "status")
    assert await OutboxMessage.filter(name="LicencePresented").count() == 1
    (use,) = await access_log.list_uses(city.zhang)
    assert use.ground == "持证人出示离线证照码"


async def test_only_chosen_fields_are_inside(city: City, redis: Redis) -> None:
    phone, licence_id = Phone(), await issue_licence(city, "FOOD")
    await phone.register(city, city.li)
    li = replace(phone.holder(city, city.li), acting_for=city.company)
    offered = await passes.list_fields(licence_id, by=li)
    assert [field.key for field in offered] == ["premises"]

    bare = await phone.fetch(licence_id, city=city, redis=redis, fields=[], by=li)

    claims = signing_passes.decode(phone.show(bare.data)).claims
    assert claims.licence.fields == {}
    for secret in ("李样例", "热食类", "方松街道"):
        assert secret.encode() not in bare.data
    answer = await read(city, redis, phone.show(bare.data), by=await city.counter())
    assert answer.licence is not None
    assert answer.licence.fields == ()
    (use,) = await access_log.list_uses(city.company)
    assert use.fields_seen == ()


async def test_field_that_finds_no_room_is_left_out_and_the_phone_is_told(
    city: City, redis: Redis
) -> None:
    """A company's long name and address together are more than a code can hold."""
    phone, licence_id = Phone(), await issue_licence(city, "FOOD")
    await phone.register(city, city.li)
    li = replace(phone.holder(city, city.li), acting_for=city.company)

    made = await phone.fetch(licence_id, city=city, redis=redis, by=li)

    claims = signing_passes.decode(phone.show(made.data)).claims
    assert claims.licence.fields.keys() == {field.key for field in made.fields}
    assert len(claims.licence.holder.removesuffix(passes.CUT)) > passes.SHORTEST


async def test_fields_beyond_the_offer_are_refused(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    with pytest.raises(FieldNotOffered):
        await phone.fetch(licence_id, city=city, redis=redis, fields=["id_no"])


async def test_pass_needs_the_key_of_this_session(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)

    with pytest.raises(PhoneKeyMissing):
        await Phone(secret=phone.secret).fetch(licence_id, city=city, redis=redis)


async def test_pass_of_another_persons_licence_is_not_found(city: City, redis: Redis) -> None:
    phone, _ = await ready(city)
    with pytest.raises(LicenceNotFound):
        await phone.fetch(await issue_licence(city, "FOOD"), city=city, redis=redis)


async def test_no_new_pass_for_a_suspended_licence(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    await status.suspend(licence_id, by=city.officer("seal_keeper"), **PAPER)

    with pytest.raises(NotInForce):
        await phone.fetch(licence_id, city=city, redis=redis)


async def test_passes_are_made_at_a_measured_pace(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    with pytest.raises(TooMany):
        for _ in range(passes.MADE_PER_MINUTE + 1):
            await phone.fetch(licence_id, city=city, redis=redis)


@pytest.mark.parametrize(
    "key", ["", "AAAA", "!", base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode()]
)
async def test_key_that_is_no_point_is_refused(city: City, key: str) -> None:
    with pytest.raises(InvalidPhoneKey):
        await passes.register_phone(key, by=Phone().holder(city))


async def test_making_a_pass_is_on_record_without_personal_data(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    await phone.fetch(licence_id, city=city, redis=redis)

    record = await AuditRecord.get(action="pass.make")
    assert record.target == f"licence:{licence_id}"
    assert set(record.detail) == {"pass", "fields", "bound"}


@pytest.mark.parametrize(
    ("seconds", "same", "other"),
    [
        (5, "replayed", "replayed"),
        (30, "replayed", "replayed"),
        (70, "code-expired", "code-expired"),
        (120, "code-expired", "code-expired"),
    ],
)
async def test_replay_at_the_same_and_at_another_reader(
    city: City, redis: Redis, frozen_clock: FrozenClock, seconds: int, same: str, other: str
) -> None:
    """With network all readers share one memory."""
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    text, first, second = phone.show(made.data), await city.counter(), await city.counter("2号")
    honest = await read(city, redis, text, by=first)
    frozen_clock.advance(seconds=seconds)

    again = await read(city, redis, text, by=first)
    elsewhere = await read(city, redis, text, by=second)

    assert honest.verdict.verdict == "valid"
    assert again.verdict.reasons == (same,)
    assert elsewhere.verdict.reasons == (other,)


@pytest.mark.parametrize("minutes", [0, 2, 4, 5])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "valkey-restarted"])
async def test_unbound_pass_is_taken_once_as_long_as_it_lives(
    city: City, redis: Redis, frozen_clock: FrozenClock, minutes: int, *, restarted: bool
) -> None:
    made = await Phone().fetch(await issue_licence(city), city=city, redis=redis, bound=False)
    assert said(await read(city, redis, made.text, by=await city.counter())) == ("valid", ())
    frozen_clock.advance(minutes=minutes, seconds=5)
    if restarted:
        await redis.flushall()

    again = await read(city, redis, made.text, by=await city.counter("2号"))

    assert again.verdict.reasons == ("replayed",)


@pytest.mark.parametrize("bound", [True, False])
async def test_pass_handed_in_ten_times_by_a_counter_is_one_look(
    city: City, redis: Redis, frozen_clock: FrozenClock, *, bound: bool
) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis, bound=bound)
    text = phone.show(made.data) if bound else made.text
    counter = await city.counter()

    await asyncio.gather(*(read(city, redis, text, by=counter) for _ in range(5)))
    for _ in range(5):
        frozen_clock.advance(seconds=20)
        await read(city, redis, text, by=counter)

    assert len(await access_log.list_uses(city.zhang)) == 1
    assert await OutboxMessage.filter(name="LicencePresented").count() == 1
    await read(city, redis, text, by=await city.counter("2号"))
    assert len(await access_log.list_uses(city.zhang)) == 2


@pytest.mark.parametrize(
    ("skew", "reasons"),
    [
        (30, ()),
        (-30, ()),
        (90, ("code-expired",)),
        (-90, ("not-yet-valid", "code-expired")),
        (86_400, ("expired", "code-expired")),
        (-86_400, ("not-yet-valid", "code-expired")),
    ],
)
async def test_clocks_that_disagree(
    city: City, redis: Redis, frozen_clock: FrozenClock, skew: int, reasons: tuple[str, ...]
) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    text = phone.show(made.data)
    frozen_clock.advance(seconds=skew)

    answer = await read(city, redis, text, by=await city.counter())

    assert set(answer.verdict.reasons) <= {*reasons, "expired"}
    assert (answer.verdict.verdict == "valid") is (reasons == ())
    assert set(reasons) - {"expired"} <= set(answer.verdict.reasons)


async def test_of_two_readers_at_the_same_instant_exactly_one_wins(
    city: City, redis: Redis
) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    counters = [await city.counter(f"{number}号") for number in range(2)]

    for number in range(20):
        text = phone.show(made.data, at=datetime(2026, 11, 25, 2, 0, number, tzinfo=UTC))
        answers = await asyncio.gather(*(read(city, redis, text, by=by) for by in counters))
        assert sorted(said(answer) for answer in answers) == [
            ("invalid", ("replayed",)),
            ("valid", ()),
        ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [("suspend", "licence-suspended"), ("revoke", "licence-revoked")],
)
async def test_licence_that_lost_its_force_is_told_at_once(
    city: City, redis: Redis, change: str, reason: str
) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    act = getattr(status, change)
    await act(licence_id, by=city.officer("supervisor", "seal_keeper"), **PAPER)

    answer = await read(city, redis, phone.show(made.data), by=await city.counter())

    assert said(answer) == ("invalid", (reason,))


async def test_superseded_licence_is_told_at_once(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    await issue_licence(city, action="reissue", previous=licence_id)

    answer = await read(city, redis, phone.show(made.data), by=await city.counter())

    assert said(answer) == ("invalid", ("licence-superseded",))


async def test_unbound_pass_ends_after_five_minutes(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    licence_id = await issue_licence(city)
    made = await Phone().fetch(licence_id, city=city, redis=redis, bound=False)
    assert made.expires_at - made.issued_at == timedelta(seconds=300)
    counter = await city.counter()

    fresh = await read(city, redis, made.text, by=counter)
    frozen_clock.advance(seconds=361)
    late = await read(city, redis, made.text, by=counter)

    assert said(fresh) == ("valid", ())
    assert said(late) == ("invalid", ("expired",))


async def test_licence_the_item_does_not_ask_for_is_not_shown(city: City, redis: Redis) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    errand = Errand(purpose="办理食品许可", item_code="SJ-SCJG-01", scope={"FOOD": ()})

    answer = await read(city, redis, phone.show(made.data), by=await city.counter(), errand=errand)

    assert answer.licence is None
    scope = next(check for check in answer.verdict.checks if check.name == "scope")
    assert scope.outcome == "warning"
    (use,) = await access_log.list_uses(city.zhang)
    assert use.fields_seen == ()


async def test_who_looked_what_for_and_on_which_ground_is_recorded(
    city: City, redis: Redis
) -> None:
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    errand = Errand(purpose="落户核验", item_code="SJ-GA-02", case_no="SJ202611250001")

    await read(city, redis, phone.show(made.data), by=await city.counter(), errand=errand)

    row = await Verification.get()
    assert (row.code_kind, row.ground, row.case_no) == (
        "offline_pass",
        "holder-shown",
        "SJ202611250001",
    )
    record = await AuditRecord.get(action="licence.verify")
    assert record.detail["item"] == "SJ-GA-02"


async def test_pass_of_a_licence_without_a_place_is_not_called_valid(
    city: City, redis: Redis
) -> None:
    """A pass signed for a place that nobody has: the register cannot say anything about it."""
    phone, licence_id = await ready(city)
    made = await phone.fetch(licence_id, city=city, redis=redis)
    await StatusEntry.filter(licence_id=licence_id).delete()
    await status_lists.reference(uuid4())

    answer = await read(city, redis, phone.show(made.data), by=await city.counter())

    assert said(answer) == ("cannot_tell", ("status-unreachable",))


def test_sensitive_types_want_younger_evidence() -> None:
    ages = {type_.code: passes.evidence_age(type_.code) for type_ in catalogue.all_types()}
    assert set(ages.values()) == {passes.EVIDENCE_AGE, passes.EVIDENCE_AGE_SENSITIVE}


@pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)
async def test_every_type_fits_a_code_that_cameras_read(
    city: City, redis: Redis, type_: LicenceType
) -> None:
    """With all that is on offer: 480 characters, 69 modules (presentation-codes: the budget)."""
    phone, company = Phone(), type_.holder_kind == "legal_person"
    await phone.register(city, city.li)
    async with database.transaction():
        licence = await from_case.add_row(
            data_for(type_.code, holder_name=LONG_COMPANY if company else "欧阳演示"),
            document="0" * 64,
            subject_id=city.company if company else city.li,
            case_id=None,
            previous_id=None,
        )
    holder = replace(phone.holder(city, city.li), acting_for=city.company if company else None)

    made = await phone.fetch(licence.id, city=city, redis=redis, by=holder)
    text = phone.show(made.data)

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    code.make()
    assert len(text) <= signing_passes.LONGEST_TEXT
    assert code.version <= 13
    assert signing_passes.decode(text).claims.licence.number
    assert made.fields or not passes.offered_fields(licence)
