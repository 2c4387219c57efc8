"""An officer issues by hand, on a document, and changes what was issued."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from core import outbox
from core.events import Event
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity.errors import SubjectNotFound
from identity.principal import Principal, PrincipalKind
from signing import verify_document
from tests.wallet.city import TODAY, City
from tests.wallet.factories import FOOD, RESIDENCE, desk
from wallet.errors import (
    GroundAlreadyUsed,
    HolderDoesNotFit,
    InvalidFacts,
    LicenceNotFound,
    NotALicenceOfficer,
    PreviousLicenceMissing,
    SecondPersonNeeded,
)
from wallet.events import LicenceIssued
from wallet.issue import by_hand
from wallet.issue.by_hand import Ground, Named
from wallet.log import access_log
from wallet.models import IssueGrant, Licence, LogEntry, StateChange
from wallet.register import queries, status
from wallet.types.validity import LicenceState

ZHANG = Named(name="张演示", id_no="310199199003071017")
COMPANY = Named(name="上海松江演示餐饮有限公司", id_no="91310117FAKE100193")
PAPER = Ground(document_no="沪公松〔2026〕12号", cause="依法院生效判决制发")
HEALTH: dict[str, Any] = {
    "name": "张演示",
    "gender": "男",
    "id_no": "310199199003071017",
    "work_kind": "食品",
    "result": "合格",
    "exam_org": "松江区演示体检中心",
    "exam_date": "2026-11-20",
    "valid_to": "2027-11-19",
}


def keeper(city: City, department: str = "GA") -> Principal:
    return city.officer("seal_keeper", department=department)


def second(department: str = "GA", role: str = "reviewer") -> Principal:
    return Principal(
        kind=PrincipalKind.OFFICER,
        id=uuid4(),
        name="孙复核",
        roles=frozenset({role}),
        department=department,
    )


async def make(
    city: City,
    licence_type: str = "RES",
    *,
    holder: Named = ZHANG,
    facts: dict[str, Any] | None = None,
    ground: Ground = PAPER,
    by: Principal | None = None,
) -> UUID:
    return await by_hand.make(
        licence_type,
        holder=holder,
        facts=RESIDENCE if facts is None else facts,
        ground=ground,
        by=by or keeper(city),
        desk=desk(city),
    )


async def change(
    city: City,
    licence_id: UUID,
    *,
    ground: Ground = PAPER,
    by: Principal | None = None,
    **facts: object,
) -> UUID:
    return await by_hand.change(
        licence_id,
        facts={**RESIDENCE, **facts},
        ground=ground,
        by=by or keeper(city),
        desk=desk(city),
    )


async def told() -> list[LicenceIssued]:
    events: list[Event] = []

    async def hear(event: Event) -> None:
        events.append(event)

    await outbox.drain(hear)
    return [event for event in events if isinstance(event, LicenceIssued)]


async def test_licence_is_sealed_told_logged_and_published(city: City) -> None:
    licence_id = await make(city)

    document = await queries.get_document(licence_id, by=city.citizen(city.zhang), blobs=city.blobs)
    assert verify_document(document, trust=city.authority.trust, at=TODAY).verdict == "valid"
    record = await AuditRecord.get(action="licence.issue", target=f"licence:{licence_id}")
    assert record.actor == keeper(city).actor
    assert record.detail["document_no"] == PAPER.document_no
    assert await LogEntry.filter(kind="licence-issued").count() == 1
    (event,) = await told()
    assert (event.case_id, event.subject_id, event.person_id) == (None, city.zhang, city.zhang)


async def test_repeat_on_the_same_document_makes_nothing_new(city: City) -> None:
    first = await make(city)

    assert await make(city) == first
    assert (await Licence.all().count(), await IssueGrant.all().count()) == (1, 1)
    assert await OutboxMessage.filter(name="LicenceIssued").count() == 1
    with pytest.raises(GroundAlreadyUsed):
        await make(city, facts={**RESIDENCE, "nation": "回族"})
    other = Ground(document_no="沪公松〔2026〕13号", cause="补发")
    assert await make(city, ground=other) != first


async def test_fields_are_checked_by_type(city: City) -> None:
    with pytest.raises(InvalidFacts):
        await make(city, facts={**RESIDENCE, "birth_date": "昨天"})
    with pytest.raises(InvalidFacts, match="不一致"):
        await make(city, facts={**RESIDENCE, "id_no": "310199198511201020"})
    assert await Licence.all().count() == 0


async def test_holder_needs_name_and_number(city: City) -> None:
    for named in (
        Named(name="李样例", id_no=ZHANG.id_no),
        Named(name="赵虚构", id_no="310199199508081050"),
    ):
        with pytest.raises(SubjectNotFound):
            await by_hand.draft("RES", holder=named, by=keeper(city))
    with pytest.raises(HolderDoesNotFit):
        await by_hand.draft("RES", holder=COMPANY, by=keeper(city))

    drafted = await by_hand.draft("RES", holder=ZHANG, by=keeper(city))
    assert drafted.facts["birth_date"] == "1990-03-07"
    assert await AuditRecord.filter(action="holder.looked-up").count() == 1


@pytest.mark.parametrize(
    ("roles", "department"),
    [(("reviewer",), "GA"), (("supervisor",), None), (("seal_keeper",), "WJW")],
)
async def test_only_keepers_of_the_department_issue(
    city: City, roles: tuple[str, ...], department: str | None
) -> None:
    with pytest.raises(NotALicenceOfficer):
        await make(city, by=city.officer(*roles, department=department))


async def test_sensitive_types_take_two(city: City) -> None:
    by = keeper(city, "WJW")
    alone = Ground(document_no="松卫健〔2026〕1号", cause="补录")
    for other in (None, by, second("GA"), second("WJW", "window")):
        ground = Ground(document_no=alone.document_no, cause=alone.cause, second=other)
        with pytest.raises(SecondPersonNeeded):
            await make(city, "HLTH", facts=HEALTH, ground=ground, by=by)

    other = second("WJW")
    ground = Ground(document_no=alone.document_no, cause=alone.cause, second=other)
    licence_id = await make(city, "HLTH", facts=HEALTH, ground=ground, by=by)
    record = await AuditRecord.get(action="licence.issue", target=f"licence:{licence_id}")
    assert (record.actor, record.detail["second"]) == (by.actor, other.actor)


async def test_change_makes_the_next_version(city: City) -> None:
    first = await make(city)
    moved = Ground(document_no="沪公松〔2026〕20号", cause="地址变更")

    second_id = await change(city, first, ground=moved, address="上海市松江区样例路9号")

    old, new = await Licence.get(id=first), await Licence.get(id=second_id)
    assert (old.state, new.state) == (LicenceState.SUPERSEDED, LicenceState.VALID)
    assert (new.version, new.number, new.previous_id) == (2, old.number, first)
    why = await StateChange.get(licence_id=first)
    assert (why.cause, why.document_no) == ("地址变更", "沪公松〔2026〕20号")
    assert await change(city, first, ground=moved, address="上海市松江区样例路9号") == second_id
    with pytest.raises(PreviousLicenceMissing):
        await change(city, first, ground=Ground(document_no="另一号", cause="再变更"))


async def test_look_before_a_change_stands_in_the_holders_log(city: City) -> None:
    licence_id = await make(city)

    drafted = await by_hand.draft_version(licence_id, by=keeper(city))

    assert drafted.facts["address"] == RESIDENCE["address"]
    (look,) = await access_log.list_uses(city.zhang)
    assert (look.kind, look.department) == ("office", "上海市公安局松江分局")
    assert "姓名" in look.fields_seen


async def test_change_keeps_holder_and_department(city: City) -> None:
    licence_id = await make(city)

    with pytest.raises(InvalidFacts, match="不能变更"):
        await change(city, licence_id, id_no="310199198511201020")
    with pytest.raises(LicenceNotFound):
        await change(city, licence_id, by=keeper(city, "WJW"))


async def test_type_whose_number_is_the_holders_can_be_changed(city: City) -> None:
    """A birth certificate is known by its own number, which nobody types."""
    facts = {
        "baby_name": "张小样",
        "gender": "女",
        "birth_time": "2026-11-20T08:00",
        "hospital": "松江区演示医院",
        "mother_name": "李样例",
        "mother_id": "310199198511201020",
        "issue_date": "2026-11-25",
    }
    by, other = keeper(city, "WJW"), second("WJW")
    ground = Ground(document_no="1", cause="补发", second=other)
    first = await make(city, "BIRTH", facts=facts, ground=ground, by=by)

    new = await by_hand.change(
        first,
        facts={**facts, "baby_name": "张大样"},
        ground=ground,
        by=by,
        desk=desk(city),
    )

    assert (await Licence.get(id=new)).number == (await Licence.get(id=first)).number


async def test_revoked_licence_is_not_changed(city: City) -> None:
    licence_id = await make(city)
    await status.revoke(licence_id, cause="违法", document_no="1", by=keeper(city))

    with pytest.raises(PreviousLicenceMissing):
        await change(city, licence_id, address="别处")


async def test_company_hears_through_its_representative(city: City) -> None:
    await make(city, "FOOD", holder=COMPANY, facts=FOOD, by=keeper(city, "SCJG"))

    (event,) = await told()
    assert (event.subject_id, event.person_id) == (city.company, city.li)
