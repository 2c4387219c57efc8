"""A registrar records and ends guardianships by what a document says."""

from datetime import date
from uuid import uuid4

import pytest

from core.protection.audit import AuditRecord
from identity import errors, queries
from identity.numbers import identity_check
from identity.people import named, registrar
from identity.people.registrar import NamedPerson
from identity.principal import Principal, PrincipalKind
from tests.identity import factories
from tests.identity.test_guardians import CHILD

WARD = NamedPerson(name="张小样", id_no=CHILD + identity_check(CHILD))
FATHER = NamedPerson(name="张演示", id_no=factories.ZHANG)

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


def officer(*roles: str) -> Principal:
    return Principal(
        kind=PrincipalKind.OFFICER,
        id=uuid4(),
        name="何登记",
        roles=frozenset(roles),
        department="MZJ",
    )


async def test_newborn_is_registered_with_the_guardianship() -> None:
    await factories.person()
    by = officer("registrar")

    until = await registrar.record(WARD, guardian=FATHER, document_no="出生医学证明 1", by=by)

    assert until == date(2038, 2, 28)
    (guardian,) = await registrar.find(WARD, by=by)
    assert guardian.name == FATHER.name
    child = await queries.find_subject("111", WARD.id_no)
    assert child is not None
    record = await AuditRecord.get(action="guardianship-recorded", target=f"citizen:{child.id}")
    assert (record.actor, record.detail["document_no"]) == (by.actor, "出生医学证明 1")


async def test_names_must_belong_to_the_numbers() -> None:
    await factories.person()
    await factories.person(id_no=WARD.id_no, name=WARD.name)
    wrong = NamedPerson(name="别的名字", id_no=WARD.id_no)
    stranger = NamedPerson(name="李样例", id_no=factories.LI)

    for ward, guardian in ((wrong, FATHER), (WARD, stranger)):
        with pytest.raises(errors.SubjectNotFound):
            await registrar.record(
                ward, guardian=guardian, document_no="1", by=officer("registrar")
            )


async def test_grown_ups_are_not_registered_as_wards() -> None:
    await factories.person()
    adult = NamedPerson(name="李样例", id_no=factories.LI)

    with pytest.raises(errors.NotAMinor):
        await registrar.record(adult, guardian=FATHER, document_no="1", by=officer("registrar"))
    assert await queries.find_subject("111", factories.LI) is None


async def test_end_is_by_document_and_once() -> None:
    await factories.person()
    by = officer("registrar")
    await registrar.record(WARD, guardian=FATHER, document_no="1", by=by)

    await registrar.end(WARD, guardian=FATHER, document_no="判决书 2", by=by)

    assert await registrar.find(WARD, by=by) == []
    with pytest.raises(errors.GuardianshipNotFound):
        await registrar.end(WARD, guardian=FATHER, document_no="判决书 2", by=by)


@pytest.mark.parametrize("role", ["reviewer", "window", "supervisor", "seal_keeper"])
async def test_other_officers_may_not(role: str) -> None:
    with pytest.raises(errors.RoleMissing):
        await registrar.find(WARD, by=officer(role))


async def test_misses_are_counted_for_who_asks_and_for_whom_it_is_about() -> None:
    """Whoever asks: registrars, mandates, drafts and authorisations share the budgets."""
    await factories.person()
    by, colleague = officer("registrar"), officer("registrar")
    for _ in range(2 * named.A_DAY):
        assert await registrar.find(FATHER, by=by) == []  # right ones cost an officer nothing
    wrong = NamedPerson(name="张演是", id_no=factories.ZHANG)
    for _ in range(named.A_DAY):
        with pytest.raises(errors.SubjectNotFound):
            await registrar.find(wrong, by=by)

    with pytest.raises(errors.TooManyGuesses):
        await registrar.find(FATHER, by=by)
    for _ in range(named.MISSES_OF_ONE - named.A_DAY):
        with pytest.raises(errors.SubjectNotFound):
            await registrar.find(wrong, by=colleague)
    with pytest.raises(errors.TooManyGuesses):
        await registrar.find(FATHER, by=colleague)
