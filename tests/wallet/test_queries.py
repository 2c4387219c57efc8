"""What holders read, and what other packages may ask for."""

import pytest

from identity.principal import Principal
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from wallet.errors import LicenceNotFound
from wallet.register import queries


async def test_list_shows_masked_numbers_and_days_left(city: City) -> None:
    await issue_licence(city)

    (shown,) = await queries.list_licences(city.zhang)

    assert shown.number_masked == "JZ3*********0001"
    assert shown.holder_masked == "张**"
    assert (shown.state, shown.state_text, shown.days_left) == ("valid", "有效", 364)
    assert shown.showable


async def test_superseded_versions_are_not_listed(city: City) -> None:
    first = await issue_licence(city)
    await issue_licence(city, action="endorse", facts={"endorse_to": "2028-11-24"}, previous=first)

    (shown,) = await queries.list_licences(city.zhang)

    assert shown.version == 2


async def test_expired_licence_is_listed_but_not_showable(
    city: City, frozen_clock: FrozenClock
) -> None:
    await issue_licence(city, "FOOD")
    frozen_clock.advance(days=1830)

    (shown,) = await queries.list_licences(city.company)

    assert (shown.state, shown.showable) == ("expired", False)
    assert shown.holder_masked == "上海松江演示餐饮有限公司"


async def test_detail_gives_facts_whole_and_masked(city: City) -> None:
    licence_id = await issue_licence(city)

    detail = await queries.get_licence(licence_id, by=city.citizen(city.zhang))

    facts = {fact.key: fact for fact in detail.facts}
    assert facts["id_no"].value == "310***********1017"
    whole = await queries.reveal(licence_id, by=city.citizen(city.zhang))
    facts = {fact.key: fact for fact in whole.facts}
    assert facts["id_no"].value == "310199199003071017"
    assert facts["birth_date"].value == "1990年03月07日"


def boss(city: City) -> Principal:
    """The company's representative, acting for it."""
    return city.citizen(city.li, acting_for=city.company)


async def test_others_licences_are_not_found(city: City) -> None:
    licence_id = await issue_licence(city)
    other = city.citizen(city.li)

    with pytest.raises(LicenceNotFound):
        await queries.get_licence(licence_id, by=other)
    with pytest.raises(LicenceNotFound):
        await queries.get_document(licence_id, by=other, blobs=city.blobs)


async def test_prefill_gives_facts_by_type(city: City) -> None:
    await issue_licence(city, "FOOD")

    known = await queries.facts_for_prefill({"FOOD": {"operator"}, "RES": {"name"}}, by=boss(city))

    assert known == {"FOOD": {"operator": "上海松江演示餐饮有限公司"}}


async def test_expired_licences_prefill_nothing(city: City, frozen_clock: FrozenClock) -> None:
    await issue_licence(city, "FOOD")
    frozen_clock.advance(days=1830)

    assert await queries.facts_for_prefill({"FOOD": {"operator"}}, by=boss(city)) == {}
    assert await queries.find_reusable("FOOD", ("operator",), by=boss(city)) == []


async def test_reuse_hands_over_the_fields_asked_for(city: City) -> None:
    await issue_licence(city, "FOOD")

    (found,) = await queries.find_reusable("FOOD", ("operator", "premises"), by=boss(city))

    assert found.face.keys() == {"operator", "premises"}


async def test_suspended_and_expired_can_be_renewed(city: City, frozen_clock: FrozenClock) -> None:
    licence_id = await issue_licence(city)
    frozen_clock.advance(days=400)

    (found,) = await queries.find_current(city.zhang, "RES")

    assert found[0] == licence_id
