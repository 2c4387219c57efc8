"""People and organisations are registered once, found by their number, and kept protected."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tortoise import connections

from core import clock
from identity import errors, queries
from identity.models import Relation, RelationKind
from identity.people import organisations, persons
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db")


async def test_person_is_found_by_the_number() -> None:
    person_id = await factories.person()

    found = await queries.find_subject("111", factories.ZHANG)

    assert found is not None
    assert found == await queries.get_subject(person_id)
    assert (found.name, found.phone, found.kind) == ("张演示", "19900000001", "natural_person")


async def test_registering_again_gives_the_same_person() -> None:
    first = await factories.person()
    again = await persons.register(
        id_no=f" {factories.ZHANG} ", name="另一个名字", phone=None, by=factories.BY
    )

    assert again == first
    assert (await queries.get_subject(first)).name == "张演示"


async def test_personal_data_is_not_readable_in_the_table() -> None:
    await factories.person()

    rows = await connections.get("default").execute_query_dict("SELECT * FROM identity_subject")

    for secret in (factories.ZHANG, "张演示", "19900000001"):
        assert secret not in str(rows)


async def test_view_does_not_print_personal_data() -> None:
    view = await queries.get_subject(await factories.person())

    assert factories.ZHANG not in repr(view)
    assert "19900000001" not in repr(view)


async def test_unknown_subject_is_not_found() -> None:
    assert await queries.find_subject("111", factories.ZHANG) is None
    with pytest.raises(errors.SubjectNotFound):
        await queries.get_subject(UUID(int=1))


async def test_organisation_is_registered_once() -> None:
    person_id = await factories.person()
    first = await factories.organisation(person_id)

    again = await organisations.register(
        uscc=factories.COMPANY.lower(),
        name="改了名字",
        legal_representative_id=person_id,
        by=factories.BY,
    )

    assert again == first
    assert (await queries.get_subject(first)).name == "演示餐饮有限公司"


async def test_wrong_credit_code_registers_nothing() -> None:
    with pytest.raises(errors.InvalidCreditCode):
        await factories.organisation(await factories.person(), uscc="91310117FAKE100194")


async def test_company_needs_a_known_representative() -> None:
    with pytest.raises(errors.SubjectNotFound):
        await factories.organisation(UUID(int=1))


async def test_organisations_are_listed_once_with_the_strongest_relation() -> None:
    person_id = await factories.person()
    own = await factories.organisation(person_id)
    await organisations.authorise_agent(own, person_id=person_id, by=factories.BY)
    li = await factories.person(id_no=factories.LI, name="李样例")
    other = await factories.organisation(li, uscc=factories.credit_code(2))
    await organisations.authorise_agent(other, person_id=person_id, by=factories.BY)

    links = await queries.list_organisations(person_id)

    assert {link.id: link.relation for link in links} == {
        own: "legal_representative",
        other: "agent",
    }
    representative = await queries.legal_representative_of(other)
    assert representative is not None
    assert representative.id == li


@pytest.mark.parametrize(
    ("first", "last", "may"),
    [(0, None, True), (0, 0, True), (1, None, False), (-9, -1, False), (-9, 1, True)],
)
async def test_relation_counts_between_its_days(first: int, last: int | None, may: bool) -> None:
    company_id = await factories.organisation(await factories.person())
    agent_id = await factories.person(id_no=factories.LI, name="李样例")
    today = clock.today()
    await Relation.create(
        person_id=agent_id,
        organisation_id=company_id,
        kind=RelationKind.AGENT,
        valid_from=_day(today, first),
        valid_to=None if last is None else _day(today, last),
    )

    assert await queries.may_act_for(agent_id, company_id) is may
    assert bool(await queries.list_organisations(agent_id)) is may


def _day(today: date, shift: int) -> date:
    return today + timedelta(days=shift)


async def test_who_answers_for_a_subject() -> None:
    person_id = await factories.person()
    company_id = await factories.organisation(person_id)

    assert await queries.find_responsible_person(person_id) == person_id
    assert await queries.find_responsible_person(company_id) == person_id

    await Relation.all().delete()
    assert await queries.find_responsible_person(company_id) is None


async def test_ended_agency_gives_no_right() -> None:
    company_id = await factories.organisation(await factories.person())
    agent_id = await factories.person(id_no=factories.LI, name="李样例")
    await organisations.authorise_agent(company_id, person_id=agent_id, by=factories.BY)
    assert await queries.may_act_for(agent_id, company_id)

    await organisations.end_agency(company_id, person_id=agent_id, by=factories.BY)

    assert not await queries.may_act_for(agent_id, company_id)


async def test_unknown_officers_counters_and_departments_are_not_found() -> None:
    for look_up, refusal in (
        (queries.get_officer(UUID(int=1)), errors.OfficerNotFound),
        (queries.get_counter(UUID(int=1)), errors.CounterNotFound),
        (queries.get_department("NONE"), errors.DepartmentNotFound),
    ):
        with pytest.raises(refusal):
            await look_up
