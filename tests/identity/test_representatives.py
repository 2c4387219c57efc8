"""Who represents an organisation: proved by its licence or by two officers, one at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from core import clock
from core.database import transaction
from core.protection.audit import AuditRecord
from identity import errors, queries
from identity.log_in import sessions
from identity.models import Relation
from identity.people import mandates, organisations, representatives
from identity.people.registry import Named, ensure
from identity.people.representatives import LicenceSays, Person
from identity.principal import Principal, PrincipalKind
from identity.representative_models import Representation
from tests.cases.factories import appointed
from tests.identity import factories

ZHANG, LI = factories.ZHANG, factories.LI
FIRM = "演示餐饮有限公司"


async def confirmed(id_no: str = ZHANG, name: str = "张演示", phone: str = "1") -> Principal:
    person_id = await factories.person(id_no=id_no, name=name, phone=f"1990000000{phone}")
    return replace(factories.citizen(person_id), name=name, assurance=3)


async def taken_in() -> UUID:
    """An organisation that a batch of existing licences made known: nobody represents it."""
    async with transaction():
        found = await ensure([Named("001", factories.COMPANY, FIRM)])
    return found["001", factories.COMPANY]


def licence(id_no: str | None = ZHANG, name: str = "张演示") -> LicenceSays:
    return LicenceSays(number=factories.COMPANY, name=name, id_no=id_no)


async def representative_of(firm: UUID) -> UUID | None:
    found = await queries.legal_representative_of(firm)
    return None if found is None else found.id


async def follow(firm: UUID, says: LicenceSays, applicant: UUID | None = None) -> None:
    async with transaction():
        await representatives.follow_licence(firm, says=says, applicant_id=applicant, by="x")


async def test_an_organisation_that_was_taken_in_is_represented_by_whom_its_licence_names(
    db: None,
) -> None:
    firm, zhang = await taken_in(), await confirmed()
    assert not await queries.may_act_for(zhang.person_id, firm)

    await representatives.claim(firm, licence=licence(), by=zhang)

    assert await representative_of(firm) == zhang.person_id
    (link,) = await queries.list_organisations(zhang.person_id)
    assert (link.id, link.relation) == (firm, "legal_representative")
    assert await AuditRecord.filter(action="representative-recorded").count() == 1
    await representatives.claim(firm, licence=licence(), by=zhang)
    assert await Representation.all().count() == 1


@pytest.mark.parametrize(
    "says", [None, licence(None), licence(LI), licence(LI, "张演示"), licence("")]
)
async def test_a_name_alone_or_another_number_proves_nothing(
    db: None, says: LicenceSays | None
) -> None:
    firm, zhang = await taken_in(), await confirmed()

    with pytest.raises(errors.RepresentativeNotProved):
        await representatives.claim(firm, licence=says, by=zhang)
    with pytest.raises(errors.RepresentativeNotProved):
        await representatives.claim(None, licence=says, by=zhang)

    assert await representative_of(firm) is None


async def test_a_claim_takes_a_confirmed_person_and_no_firms_certificate(db: None) -> None:
    firm, zhang = await taken_in(), await confirmed()
    for caller in (
        replace(zhang, assurance=2),
        replace(zhang, assurance=2, acting_for=firm, certified=True),
    ):
        with pytest.raises(errors.StepUpRequired):
            await representatives.claim(firm, licence=licence(), by=caller)


async def test_claims_come_out_of_a_budget(db: None) -> None:
    firm, zhang = await taken_in(), await confirmed()
    for _ in range(representatives.CLAIMS_A_DAY):
        with pytest.raises(errors.RepresentativeNotProved):
            await representatives.claim(firm, licence=None, by=zhang)

    with pytest.raises(errors.TooManyGuesses):
        await representatives.claim(firm, licence=licence(), by=zhang)


async def test_a_change_ends_the_formers_powers_mandates_and_acting_at_once(db: None) -> None:
    firm, zhang = await taken_in(), await confirmed()
    li = await confirmed(LI, "李样例", "2")
    agent = await factories.person(id_no="310199197801011060", name="孙假名", phone="19900000006")
    await representatives.claim(firm, licence=licence(), by=zhang)
    await mandates.grant(
        firm,
        name="孙假名",
        id_no="310199197801011060",
        valid_to=clock.today().replace(year=clock.today().year + 1),
        by=zhang,
    )
    session = await sessions.issue(zhang, idle_minutes=30, via="sandbox")
    await sessions.act_for(session.principal, firm)

    await follow(firm, licence(LI, "李样例"))

    assert await representative_of(firm) == li.person_id
    for former in (zhang.person_id, agent):
        assert not await queries.may_act_for(former, firm)
    with pytest.raises(errors.NotActingFor):
        await mandates.list_mandates(firm, by=zhang)
    with pytest.raises(errors.ActingRightEnded):
        await sessions.resolve(session.token, kind=PrincipalKind.CITIZEN)
    assert (await sessions.resolve(session.token, kind=PrincipalKind.CITIZEN)).acting_for is None
    ended = await AuditRecord.filter(action__endswith="-ended")
    assert {row.action for row in ended} == {"legal-representative-ended", "agent-ended"}


async def test_the_licence_makes_its_named_person_known_and_not_the_applicant(db: None) -> None:
    agent = await factories.person()
    firm = await organisations.ensure(uscc=factories.COMPANY, name=FIRM, by="x")

    await follow(firm, licence(LI, "李样例"), agent)

    li = await queries.find_subject("111", LI)
    assert li is not None
    assert await representative_of(firm) == li.id
    assert not await queries.may_act_for(agent, firm)


async def test_a_founder_is_known_by_the_licence_in_the_own_name(db: None) -> None:
    founder = await factories.person()
    firm = await organisations.ensure(uscc=factories.COMPANY, name=FIRM, by="x")

    await follow(firm, licence(None, "李样例"), founder)
    assert await representative_of(firm) is None
    await follow(firm, licence(None, "张演示"), founder)

    assert await representative_of(firm) == founder


async def test_a_new_name_without_a_number_ends_the_former_and_makes_nobody(db: None) -> None:
    firm, zhang = await taken_in(), await confirmed()
    await representatives.claim(firm, licence=licence(), by=zhang)

    await follow(firm, licence(None, "李样例"), await factories.person(id_no=LI, name="李样例"))

    assert await representative_of(firm) is None
    assert not await queries.may_act_for(zhang.person_id, firm)


async def test_at_a_desk_it_takes_two_registrars(db: None) -> None:
    firm = await taken_in()
    first, second = await appointed("MZJ", "registrar"), await appointed("MZJ", "registrar")
    made = await propose(first)
    assert await representative_of(firm) is None

    with pytest.raises(errors.SecondOfficerNeeded):
        await representatives.agree(made, by=first)
    (waiting,) = await representatives.list_waiting(by=second)
    assert (waiting.uscc, waiting.may) == (factories.COMPANY, ["agree", "refuse"])
    assert ZHANG not in repr(waiting)
    await representatives.agree(made, by=second)

    zhang = await queries.find_subject("111", ZHANG)
    assert zhang is not None
    assert await representative_of(firm) == zhang.id
    assert await representatives.list_waiting(by=second) == []
    for attempt in (
        representatives.agree(made, by=second),
        representatives.refuse(made, by=second),
    ):
        with pytest.raises(errors.RepresentationMoved):
            await attempt


async def test_a_refused_record_gives_nothing(db: None) -> None:
    firm = await taken_in()
    first, second = await appointed("MZJ", "registrar"), await appointed("MZJ", "registrar")
    made = await propose(first)

    await representatives.refuse(made, by=second)

    with pytest.raises(errors.RepresentationMoved):
        await representatives.agree(made, by=second)
    assert await representative_of(firm) is None


@pytest.mark.parametrize("role", ["reviewer", "window", "supervisor", "seal_keeper", "head"])
async def test_only_registrars_record(db: None, role: str) -> None:
    await taken_in()
    by = await appointed("MZJ", role)

    for attempt in (propose(by), representatives.list_waiting(by=by)):
        with pytest.raises(errors.RoleMissing):
            await attempt


async def test_a_record_must_name_what_the_register_knows(db: None) -> None:
    await taken_in()
    await factories.person()
    by = await appointed("MZJ", "registrar")

    with pytest.raises(errors.SubjectNotFound):
        await propose(by, organisation="另一家公司")
    with pytest.raises(errors.SubjectNotFound):
        await propose(by, name="李样例")
    with pytest.raises(errors.RepresentationIncomplete):
        await propose(by, document_no="  ")
    with pytest.raises(errors.InvalidIdentityNumber):
        await propose(by, id_no="1")
    with pytest.raises(errors.InvalidCreditCode):
        await propose(by, uscc="1")
    assert await Representation.all().count() == 0


async def test_of_two_changes_at_once_one_representative_remains(db: None) -> None:
    firm = await taken_in()
    people = [await factories.person()]
    people.append(await factories.person(id_no=LI, name="李样例", phone="19900000002"))

    async def appoint(person_id: UUID) -> None:
        async with transaction():
            await representatives.appoint(
                firm, person_id=person_id, way="desk", document_no="1", by="x"
            )

    await asyncio.gather(*(appoint(people[n % 2]) for n in range(10)))

    assert await Relation.filter(organisation_id=firm).count() == 1
    assert await Representation.filter(open_of=firm).count() == 1


async def propose(
    by: Principal,
    *,
    uscc: str = factories.COMPANY,
    organisation: str = FIRM,
    name: str = "张演示",
    id_no: str = ZHANG,
    document_no: str = "股东会决议〔2026〕3号",
) -> UUID:
    return await representatives.propose(
        uscc=uscc,
        organisation=organisation,
        person=Person(name=name, id_no=id_no),
        document_no=document_no,
        by=by,
    )
