"""Phones and names follow what a proof says; a number belongs to one person at a time."""

from uuid import UUID

import pytest

from core.protection.audit import AuditRecord
from identity import queries, sign_in
from identity.log_in import revoking
from identity.log_in.sign_in_log import Visit
from identity.models import PlatformAccount, Subject
from identity.people import accounts, persons, registry
from identity.people.registry import Named
from miniapp_bridge.connector import PlatformIdentity, RealName
from tests.identity import factories
from tests.identity.factories import BY, LI, ZHANG

pytestmark = pytest.mark.usefixtures("db")

FIRST, SECOND = "19900000011", "19900000012"


async def known_by_intake(id_no: str = ZHANG, name: str = "张演") -> UUID:
    """Somebody whose licence came in before they ever signed in."""
    from core.database import transaction

    async with transaction():
        made = await registry.ensure([Named("111", id_no, name)])
    return made["111", id_no]


async def arrive(
    id_no: str = ZHANG, name: str = "张演示", phone: str | None = FIRST, platform: str = "city"
) -> UUID:
    """A sign-in by an app that vouches for the real name."""
    named = PlatformIdentity(
        platform=platform,
        user_id=f"{platform}-{id_no}",
        real_name=RealName(id_type="111", id_no=id_no, name=name),
        phone=phone,
    )
    issued = await sign_in.identified(named, idle_minutes=30, redis=None, visit=Visit())
    return issued.principal.person_id


async def arrive_by_sms(phone: str) -> UUID:
    named = PlatformIdentity(platform="browser", user_id=phone, phone=phone)
    issued = await sign_in.identified(named, idle_minutes=30, redis=None, visit=Visit())
    return issued.principal.person_id


async def test_who_was_known_before_gets_phone_and_name_at_the_first_sign_in() -> None:
    person_id = await known_by_intake()
    assert (await queries.get_subject(person_id)).phone is None

    assert await arrive() == person_id

    found = await queries.get_subject(person_id)
    assert (found.name, found.phone) == ("张演示", FIRST)


async def test_every_later_proof_brings_the_phone_of_today() -> None:
    person_id = await arrive(phone=FIRST)
    await arrive(phone=SECOND)
    assert (await queries.get_subject(person_id)).phone == SECOND

    await arrive(phone=None)
    assert (await queries.get_subject(person_id)).phone == SECOND


async def test_a_new_name_is_that_of_the_latest_proof() -> None:
    person_id = await arrive(name="张演示")
    await arrive(name=" 张新名 ")

    assert (await queries.get_subject(person_id)).name == "张新名"
    assert await AuditRecord.filter(action="name-proved").count() == 1


async def test_a_number_that_goes_to_another_owner_leaves_the_former() -> None:
    former = await arrive(phone=FIRST)
    latter = await arrive(LI, "李样例", phone=FIRST)

    assert (await queries.get_subject(former)).phone is None
    assert (await queries.get_subject(latter)).phone == FIRST
    assert await Subject.filter(phone_index=persons.phone_index(FIRST)).count() == 1


async def test_the_next_owner_of_a_number_does_not_sign_in_as_the_former() -> None:
    former = await arrive(phone=FIRST)
    await accounts.bind_to(former, platform="browser", user_id=FIRST)
    assert await arrive_by_sms(FIRST) == former

    latter = await arrive(LI, "李样例", phone=FIRST)

    assert not await PlatformAccount.exists(platform="browser", subject_id=former)
    assert await revoking.revoke_via(former, via="browser", keep=None, by=BY) == 0
    await accounts.bind_to(latter, platform="browser", user_id=FIRST)
    assert await arrive_by_sms(FIRST) == latter


async def test_a_code_to_the_phone_proves_the_phone() -> None:
    person_id = await known_by_intake()
    await accounts.bind_to(person_id, platform="browser", user_id=SECOND)

    assert await arrive_by_sms(SECOND) == person_id

    assert (await queries.get_subject(person_id)).phone == SECOND


async def test_one_number_in_two_spellings_is_one_number() -> None:
    former = await arrive(phone=FIRST)
    await arrive(LI, "李样例", phone=f"+86 {FIRST[:3]}-{FIRST[3:7]}-{FIRST[7:]}")

    assert (await queries.get_subject(former)).phone is None


async def test_what_a_relative_or_an_intake_says_changes_nobody() -> None:
    person_id = await arrive()
    await known_by_intake(name="张三")
    await persons.register(id_no=ZHANG, name="张四", phone=None, by=BY)
    await persons.register(id_no=ZHANG, name="张四", phone=SECOND, by=BY)

    found = await queries.get_subject(person_id)
    assert (found.name, found.phone) == ("张演示", FIRST)


async def test_the_same_proof_again_writes_nothing() -> None:
    await arrive()
    before = await AuditRecord.filter(action__in=["phone-proved", "name-proved"]).count()
    await arrive()

    assert await AuditRecord.filter(action__in=["phone-proved", "name-proved"]).count() == before


async def test_numbers_of_before_are_made_findable_once() -> None:
    person_id = await factories.person(phone=FIRST)
    await Subject.filter(id=person_id).update(phone_index=None)

    assert await persons.index_phones() == 1
    assert await persons.index_phones() == 0

    await arrive(LI, "李样例", phone=FIRST)
    assert (await queries.get_subject(person_id)).phone is None


async def test_no_number_stands_in_the_audit() -> None:
    await arrive()
    await arrive(LI, "李样例", phone=FIRST)

    for record in await AuditRecord.all().values():
        assert FIRST not in str(record)
