"""Mandates: the legal representative lets a person act, until a day, and ends it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from identity import errors, queries
from identity.people import mandates
from identity.principal import Principal
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db")

UNTIL = date(2026, 12, 31)


async def boss_and_company() -> tuple[Principal, Any]:
    boss_id = await factories.person()
    company_id = await factories.organisation(boss_id)
    return replace(factories.citizen(boss_id), assurance=3), company_id


async def test_mandate_lets_a_person_act_until_its_last_day(frozen_clock: Any) -> None:
    boss, company_id = await boss_and_company()
    li = await factories.person(id_no=factories.LI, name="李样例")

    await mandates.grant(company_id, name="李样例", id_no=factories.LI, valid_to=UNTIL, by=boss)

    assert await queries.may_act_for(li, company_id)
    (mandate,) = await mandates.list_mandates(company_id, by=boss)
    assert (mandate.person_id, mandate.valid_to) == (li, UNTIL)
    frozen_clock.advance(days=37)
    assert not await queries.may_act_for(li, company_id)


async def test_mandate_ends_at_once(frozen_clock: Any) -> None:
    boss, company_id = await boss_and_company()
    li = await factories.person(id_no=factories.LI, name="李样例")
    await mandates.grant(company_id, name="李样例", id_no=factories.LI, valid_to=UNTIL, by=boss)

    await mandates.end(company_id, person_id=li, by=boss)

    assert not await queries.may_act_for(li, company_id)


async def test_only_a_confirmed_representative_grants(frozen_clock: Any) -> None:
    boss, company_id = await boss_and_company()
    li = await factories.person(id_no=factories.LI, name="李样例")
    stranger = replace(factories.citizen(li), assurance=3)
    wish = {"name": "李样例", "id_no": factories.LI, "valid_to": UNTIL}

    with pytest.raises(errors.StepUpRequired):
        await mandates.grant(company_id, **wish, by=replace(boss, assurance=2))
    with pytest.raises(errors.NotActingFor):
        await mandates.grant(company_id, **wish, by=stranger)
    with pytest.raises(errors.NotActingFor):
        await mandates.list_mandates(company_id, by=stranger)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": "李别人"}, errors.SubjectNotFound),
        ({"id_no": "310199194806151034"}, errors.SubjectNotFound),
        ({"id_no": "310199194806151035"}, errors.InvalidIdentityNumber),
        ({"valid_to": date(2026, 11, 24)}, errors.InvalidMandate),
        ({"valid_to": date(2036, 1, 1)}, errors.InvalidMandate),
    ],
)
async def test_wrong_wishes_are_refused(
    changes: dict[str, Any], refusal: type[Exception], frozen_clock: Any
) -> None:
    boss, company_id = await boss_and_company()
    await factories.person(id_no=factories.LI, name="李样例")
    wish = {"name": "李样例", "id_no": factories.LI, "valid_to": UNTIL, **changes}

    with pytest.raises(refusal):
        await mandates.grant(company_id, **wish, by=boss)
