"""Guardians act for minors, until they are of age."""

from datetime import date

import pytest

from core.protection.audit import AuditRecord
from identity import errors, queries
from identity.log_in import sessions
from identity.numbers import identity_check
from identity.people import guardians
from identity.principal import Principal, PrincipalKind
from tests.conftest import FrozenClock
from tests.identity import factories

CHILD = "31019920200229101"


async def family() -> tuple[Principal, Principal]:
    """A father and his daughter, born on 29 February 2020."""
    child = await factories.person(id_no=CHILD + identity_check(CHILD), name="张小样")
    father = await factories.person()
    return factories.citizen(father), factories.citizen(child)


@pytest.mark.usefixtures("db")
async def test_guardian_may_act_until_the_child_is_of_age(frozen_clock: FrozenClock) -> None:
    father, child = await family()

    until = await guardians.record(
        child.id, guardian_id=father.id, document_no="出生医学证明 1", by=factories.BY
    )

    assert until == date(2038, 2, 28)
    assert await queries.may_act_for(father.id, child.id)
    assert not await queries.may_act_for(child.id, father.id)
    assert await queries.find_responsible_person(child.id) == father.id
    (link,) = await queries.list_organisations(father.id)
    assert (link.relation, link.uscc) == ("guardian", "")
    assert [ward.id for ward in await guardians.list_wards(father.id)] == [child.id]
    assert await AuditRecord.filter(action="guardianship-recorded").count() == 1

    frozen_clock.advance(days=(until - frozen_clock().date()).days + 1)

    assert not await queries.may_act_for(father.id, child.id)
    assert await queries.find_responsible_person(child.id) == child.id


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_ended_guardianship_ends_the_session_for_the_ward() -> None:
    father, child = await family()
    paper = {"guardian_id": father.id, "document_no": "判决书", "by": factories.BY}
    await guardians.record(child.id, **paper)
    issued = await sessions.issue(father, idle_minutes=30, via="sandbox")
    await sessions.act_for(issued.principal, child.id)

    await guardians.end(child.id, **paper)

    with pytest.raises(errors.ActingRightEnded):
        await sessions.resolve(issued.token, kind=PrincipalKind.CITIZEN)


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_only_minors_have_guardians() -> None:
    father, _ = await family()
    mother = await factories.person(id_no=factories.LI, name="李样例")
    company = await factories.organisation(mother)

    for ward in (mother, company, father.id):
        with pytest.raises(errors.NotAMinor):
            await guardians.record(ward, guardian_id=father.id, document_no="1", by=factories.BY)


def test_last_day_of_minority() -> None:
    assert guardians.last_day(date(2010, 5, 1)) == date(2028, 4, 30)
    assert guardians.last_day(date(2020, 2, 29)) == date(2038, 2, 28)
