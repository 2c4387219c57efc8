"""A fee follows its case: what the guide said is owed when accepted, no longer when refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

import flows
from core import clock
from core.ids import new_id
from identity.principal import Principal, PrincipalKind
from payments import queries
from services.cases import moves
from services.cases.events import CaseAccepted, CaseRefused
from services.cases.models import Case
from services.guides import catalogue, consistency, guide
from services.guides.definitions import Item
from services.guides.models import ServiceItem
from tests.cases.retiring import retire

Answers = Mapping[str, Sequence[str]]


def payer() -> Principal:
    person_id = new_id()
    return Principal(kind=PrincipalKind.CITIZEN, id=person_id, subject_id=person_id, name="张演示")


async def begun(code: str, answers: Answers, by: Principal) -> Case:
    """A case of the item's version of today; no more of it than a fee hangs on."""
    row = await ServiceItem.get(code=code, current=True)
    at = clock.now()
    return await Case.create(
        item_code=code,
        item_version=row.version,
        item_digest=row.digest,
        item_name=row.name,
        department=row.department,
        subject_id=by.person_id,
        person_id=by.person_id,
        applicant_masked="张**",
        applicant_index="",
        answers={question: list(values) for question, values in answers.items()},
        provenance={},
        created_at=at,
        updated_at=at,
    )


def told(kind: Any, case: Case, **more: Any) -> Any:
    return kind(**moves.event_facts(case), **more)


async def billed(case: Case, by: Principal, resources: Any) -> int:
    """What is owed for the case once it is accepted, in fen."""
    await flows.open_bill(told(CaseAccepted, case), resources)
    bills = await queries.list_bills(by)
    return sum(bill.amount for bill in bills if bill.case_id == case.id)


def paths_of(item: Item) -> list[dict[str, tuple[str, ...]]]:
    codes = [entry.code for entry in item.situations]
    return list(consistency.answer_paths(item.situations, codes))


async def test_every_item_bills_on_every_path_what_its_guide_said(resources: Any) -> None:
    await catalogue.load()
    items = [loaded.item for loaded in (await catalogue.snapshot()).items.values()]
    charged: set[tuple[str, int]] = set()
    walked = 0
    for item in items:
        for answers in paths_of(item):
            by = payer()
            said = guide.evaluate(item, answers).fee
            assert said.fen is not None, (item.code, answers)

            assert await billed(await begun(item.code, answers, by), by, resources) == said.fen
            charged |= {(item.code, said.fen)} if said.fen else set()
            walked += 1

    assert walked >= 600
    assert charged == {
        ("SJ-GA-04", 1000),
        ("SJ-QQDJ-01", 8000),
        ("SJ-QQDJ-01", 55000),
        ("SJ-YBJ-01", 35000),
        ("SJ-YBJ-01", 55000),
        ("SJ-YBJ-01", 70000),
        ("SJ-YBJ-01", 90000),
    }


async def test_fee_is_owed_once_and_no_longer_after_refusal(resources: Any) -> None:
    await catalogue.load()
    by = payer()
    case = await begun("SJ-QQDJ-01", {"S1": ["house"], "S2": ["no"]}, by)

    for _ in range(2):
        await flows.open_bill(told(CaseAccepted, case), resources)
    (bill,) = await queries.list_bills(by)
    assert (bill.amount, bill.state) == (8000, "due")

    await flows.cancel_bills(told(CaseRefused, case, reason="不合格"), resources)
    assert (await queries.list_bills(by))[0].state == "cancelled"


async def stored_as(code: str, **fee: Any) -> None:
    """A new version of the item with another fee, as the next load would store it."""
    row = await ServiceItem.get(code=code, current=True)
    definition = {**row.definition, "fee": {"charged": True, "online_pay": True, **fee}}
    await ServiceItem.filter(id=row.id).update(current=False)
    await ServiceItem.create(
        code=code,
        version=row.version + 1,
        digest=catalogue.digest_of(msgspec.convert(definition, Item)),
        definition=definition,
        name=row.name,
        department=row.department,
        current=True,
        loaded_at=clock.now(),
    )


async def test_the_fee_is_that_of_the_version_the_case_began_with(resources: Any) -> None:
    await catalogue.load()
    by = payer()
    before = await begun("SJ-GA-04", {}, by)
    await stored_as("SJ-GA-04", amounts=[{"fen": 9900}])
    after = await begun("SJ-GA-04", {}, by)

    assert await billed(before, by, resources) == 1000
    assert await billed(after, by, resources) == 9900


async def test_a_retired_item_still_bills_its_running_cases(resources: Any, tmp_path: Path) -> None:
    await catalogue.load()
    by = payer()
    case = await begun("SJ-GA-04", {}, by)
    await retire(tmp_path, "SJ-GA-04")

    assert await billed(case, by, resources) == 1000


@pytest.mark.parametrize(
    "fee",
    [
        {"amounts": [{"fen": 0}]},
        {"standard": "0元"},
        {"standard": "按规定收费"},
        {"standard": "首次10元，补证20元"},
        {"amounts": [{"fen": 1000}], "online_pay": False},
    ],
)
async def test_nothing_owed_or_nothing_known_never_stops_a_case(
    fee: dict[str, Any], resources: Any
) -> None:
    await catalogue.load()
    await stored_as("SJ-GA-04", **fee)
    by = payer()

    assert await billed(await begun("SJ-GA-04", {}, by), by, resources) == 0


async def test_free_item_owes_nothing(resources: Any) -> None:
    await catalogue.load()
    by = payer()

    assert await billed(await begun("SJ-RSJ-03", {}, by), by, resources) == 0


async def test_a_case_that_is_not_there_is_said_so(resources: Any) -> None:
    from services.cases.errors import CaseNotFound
    from services.cases.views.queries import get_charge

    with pytest.raises(CaseNotFound):
        await get_charge(UUID(int=0))
