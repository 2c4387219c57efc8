"""A wallet of any size: it comes in pages, and what is asked of it costs as much as the answer."""

import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from api.shared import licence_lookup
from core import clock, ids
from core.data.pages import WrongPlace
from identity.errors import StepUpRequired
from identity.principal import Principal
from tests import decrypted
from tests.wallet.city import City
from tests.wallet.factories import desk
from wallet.issue import late_documents
from wallet.models import Licence
from wallet.register import queries, status, taken_in
from wallet.types import catalogue
from wallet.types.validity import LicenceState

pytestmark = pytest.mark.usefixtures("db")


def licence(subject: UUID, code: str = "FOOD", **differs: object) -> Licence:
    serial = ids.new_id()
    known = {
        "licence_type": code,
        "subject_id": subject,
        "holder_id_type": "001",
        "holder_id_no": "91310117FAKE100193",
        "holder_index": "h",
        "holder_name": "上海松江演示餐饮有限公司",
        "number": f"JY{serial.hex[:12]}",
        "number_index": "n",
        "identifier": f"1.2.{serial.hex}",
        "version": 1,
        "facts": '{"operator":"上海松江演示餐饮有限公司"}',
        "issued_on": date(2026, 11, 25),
        "valid_to": date(2031, 11, 24),
        "department": "SCJG",
        "document": "d" * 64,
    }
    return Licence(id=serial, **known | differs)


async def fill(subject: UUID, count: int) -> list[Licence]:
    """Licences of every state, end and origin, in an order that says nothing."""
    dice = random.Random(count)
    today = clock.today()
    rows = []
    for _ in range(count):
        document, vouched = dice.choice([("d" * 64, ""), ("", "officer:2"), ("", "")])
        rows.append(
            licence(
                subject,
                dice.choice(catalogue.all_types()).code,
                state=dice.choice(list(LicenceState)[:1] * 4 + queries.SHOWN_STATES[3:]),
                issued_on=today - timedelta(days=dice.randrange(4)),
                valid_to=dice.choice([None, *(today + timedelta(days=n) for n in (-9, -1, 0, 9))]),
                document=document,
                vouched_by=vouched,
            )
        )
    await Licence.bulk_create(rows)
    return rows


@pytest.mark.parametrize("limit", [1, 7, 60, 100])
async def test_pages_bring_each_licence_once_and_what_can_be_shown_first(
    city: City, limit: int
) -> None:
    rows = await fill(city.company, 60)
    await fill(city.zhang, 5)

    shown, after = [], None
    while True:
        page = await queries.list_licences(city.company, after=after, limit=limit)
        assert len(page) == limit or page.following is None
        shown += page
        after = page.following
        if after is None:
            break

    assert sorted(str(one.id) for one in shown) == sorted(str(row.id) for row in rows)
    flags = [one.showable for one in shown]
    assert flags == sorted(flags, reverse=True)
    issued = {row.id: row.issued_on for row in rows}
    for usable in (True, False):
        days = [issued[one.id] for one in shown if one.showable is usable]
        assert days == sorted(days, reverse=True)


async def test_database_and_calendar_agree_on_what_is_in_force(city: City) -> None:
    rows = {row.id: row for row in await fill(city.company, 300)}
    today = clock.today()

    for word, rule in (
        (status.in_force_on(today), lambda row: status.state_of(row, today).in_force),
        (
            status.usable_on(today),
            lambda row: status.state_of(row, today).in_force and not taken_in.is_only_data(row),
        ),
    ):
        asked = set(await Licence.filter(word).values_list("id", flat=True))
        assert asked == {row.id for row in rows.values() if rule(row)}
        rest = set(await Licence.filter(~word).values_list("id", flat=True))
        assert rest == rows.keys() - asked


async def test_types_that_outlive_their_day_are_shown_after_it(city: City) -> None:
    lasting = status._lasting()
    assert lasting != [type_.code for type_ in catalogue.all_types()]
    for code in lasting:
        await licence(city.company, code, valid_to=date(2020, 1, 1)).save(force_create=True)

    assert all(one.showable for one in await queries.list_licences(city.company))


async def test_list_decrypts_what_it_shows_and_nothing_else(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(city.company, 40)
    seen = decrypted.watch(monkeypatch)

    shown = await queries.list_licences(city.company, limit=10)

    assert set(seen) == {"wallet_licence.holder_name", "wallet_licence.number"}
    assert len(seen) <= 2 * (len(shown) + 1), "the row that shows there is more, and no other"


async def test_what_is_held_is_found_without_decrypting(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Licence.bulk_create([licence(city.company) for _ in range(30)])
    newest = licence(city.company, issued_on=date(2026, 11, 27))
    gone = licence(city.company, issued_on=date(2026, 11, 28), valid_to=date(2026, 11, 1))
    data = licence(city.company, issued_on=date(2026, 11, 29), document="")
    for row in (newest, gone, data):
        await row.save(force_create=True)
    seen = decrypted.watch(monkeypatch)

    found = await licence_lookup.held(boss(city), {"FOOD": (), "BL": ()})

    assert found.held == {"FOOD": newest.id}
    assert seen == []


def boss(city: City) -> Principal:
    return city.citizen(city.li, acting_for=city.company)


async def test_prefill_reads_the_newest_of_a_type_and_no_other(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = [licence(city.company, facts='{"operator":"older"}') for _ in range(20)]
    await Licence.bulk_create(older)
    newest = licence(city.company, issued_on=date(2026, 11, 26), facts='{"operator":"newest"}')
    await newest.save(force_create=True)
    seen = decrypted.watch(monkeypatch)

    found = await queries.facts_for_prefill({"FOOD": {"operator"}}, by=boss(city))

    assert found == {"FOOD": {"operator": "newest"}}
    assert seen.count("wallet_licence.facts") == 1


async def test_licence_that_is_renewed_is_the_one_used_however_many_there_are(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [licence(city.company, issued_on=date(2026, 11, 1)) for _ in range(120)]
    await Licence.bulk_create(rows)
    seen = decrypted.watch(monkeypatch)

    used = await licence_lookup.to_renew(city.company, "FOOD", reused=[rows[7].id])
    unknown = await licence_lookup.to_renew(city.company, "FOOD", reused=[])

    assert used is not None
    assert used[0] == rows[7].id
    assert unknown is None, "several, and the case does not say which"
    assert len(seen) <= 3


async def test_any_of_many_may_stand_for_a_material(city: City) -> None:
    rows = [licence(city.company, issued_on=date(2026, 11, 1)) for _ in range(120)]
    await Licence.bulk_create(rows)

    offered = await queries.find_reusable("FOOD", ("operator",), by=boss(city))
    for row in rows:
        (found,) = await queries.find_reusable("FOOD", (), by=boss(city), among=[row.id])
        assert found.id == row.id
    other = await queries.find_reusable("FOOD", (), by=city.citizen(city.li), among=[rows[0].id])

    assert len(offered) == queries.MOST_OFFERED
    assert other == []


async def test_officer_finds_the_newest_with_a_number_that_is_the_departments(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = queries.holders.number_indexes("JY1")[0]
    mine = [licence(city.company, number_index=index) for _ in range(60)]
    await Licence.bulk_create(mine)
    await Licence.bulk_create(
        [licence(city.company, number_index=index, department="WJW") for _ in range(60)]
    )
    seen = decrypted.watch(monkeypatch)

    found = await queries.find_for_staff("JY1", by=city.officer("seal_keeper", department="SCJG"))

    assert len(found) == queries.MOST_OFFERED
    assert {one.department for one in found} == {"SCJG"}
    assert set(seen) == {"wallet_licence.holder_name", "wallet_licence.number"}


async def test_wrong_place_is_refused(city: City) -> None:
    with pytest.raises(WrongPlace):
        await queries.list_licences(city.company, after="bm90aGluZw")


async def test_nothing_is_drawn_for_who_may_not_take_the_document(city: City) -> None:
    row = licence(city.zhang, "RES", document="", vouched_by="officer:2")
    await row.save(force_create=True)
    weak = replace(city.citizen(city.zhang), assurance=1)

    with pytest.raises(StepUpRequired):
        await late_documents.take(
            row.id,
            by=weak,
            desk=desk(city),
        )

    assert (await Licence.get(id=row.id)).document == ""
