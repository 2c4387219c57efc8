"""Lists of the wallet's desks in pages: every row once, in order, for whom it is, by an index."""

import random
from datetime import timedelta

import pytest

from core import clock, ids
from core.data.pages import WrongPlace
from tests import decrypted, plans
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from tests.wallet.many import (
    authorised,
    complained,
    moments,
    proposed,
    reported,
    sent,
    sounded,
    walk,
)
from wallet.check import at_counter
from wallet.intake import batches
from wallet.log import alarms, complaints
from wallet.log_models import ComplaintState
from wallet.models import Authorisation, ProposalState, Verification, VerificationKind
from wallet.seal import proposals
from wallet.share import queries as share_queries
from wallet.share_models import AuthorisationState
from wallet.types import verdict

pytestmark = pytest.mark.usefixtures("db")


async def test_holder_reads_each_complaint_once_and_the_newest_first(city: City) -> None:
    rows = await complained(city, 40)

    holder = city.citizen(city.zhang)
    shown = await walk(lambda after: complaints.list_own(by=holder, after=after, limit=7))

    assert {one.id for one in shown} == {row.id for row in rows}
    made = [one.made_at for one in shown]
    assert made == sorted(made, reverse=True)
    assert await complaints.list_own(by=city.citizen(city.li)) == []


@pytest.mark.parametrize("department", ["SCJG", None])
async def test_what_waits_longest_is_answered_first_in_every_department(
    city: City, department: str | None
) -> None:
    rows = await complained(city, 60)
    by = city.officer("supervisor", department=department)

    shown = await walk(lambda after: complaints.list_for_staff(by=by, after=after, limit=9))

    assert {one.id for one in shown} == {
        row.id
        for row in rows
        if row.state is ComplaintState.OPEN and department in (None, row.department)
    }
    made = [one.made_at for one in shown]
    assert made == sorted(made)


async def test_answering_between_two_pages_hides_no_other_complaint(city: City) -> None:
    await complained(city, 40)
    by = city.officer("supervisor", department=None)
    waiting = {one.id for one in await walk(lambda at: complaints.list_for_staff(by=by, after=at))}

    first = await complaints.list_for_staff(by=by, limit=5)
    for one in first:
        await complaints.answer(one.id, text="已核实", by=by)
    rest = await walk(
        lambda after: complaints.list_for_staff(by=by, after=after or first.following, limit=5)
    )

    assert {one.id for one in [*first, *rest]} == waiting


async def test_given_authorisations_come_once_and_the_newest_first(city: City) -> None:
    rows = await authorised(city, 40, grantee_subject_id=city.li)

    by = city.citizen(city.zhang)
    shown = await walk(lambda after: share_queries.list_given(by=by, after=after, limit=7))

    assert {one.id for one in shown} == {row.id for row in rows}
    made = [one.created_at for one in shown]
    assert made == sorted(made, reverse=True)
    assert {one.holder_name for one in shown} == {"张演示"}


@pytest.mark.parametrize("at_desk", [False, True])
async def test_what_waits_for_my_answer_comes_first_then_what_i_may_use(
    city: City, at_desk: bool
) -> None:
    to = {"grantee_department": "SCJG"} if at_desk else {"grantee_subject_id": city.li}
    rows = await authorised(city, 80, **to)
    await authorised(city, 5, grantee_department="GA")
    by = await city.counter() if at_desk else city.citizen(city.li)

    shown = await walk(lambda after: share_queries.list_received(by=by, after=after, limit=9))

    kept = (AuthorisationState.OFFERED, AuthorisationState.ACCEPTED)
    assert {one.id for one in shown} == {row.id for row in rows if row.state in kept}
    stored = {row.id: row.state for row in rows}
    now = clock.now()
    parts = [
        0 if stored[one.id] is AuthorisationState.OFFERED and one.ends_at > now
        else 1 if stored[one.id] is AuthorisationState.ACCEPTED
        else 2
        for one in shown
    ]  # fmt: skip
    assert parts == sorted(parts)
    assert set(parts) == {0, 1, 2}
    soonest = [one.ends_at for one, part in zip(shown, parts, strict=True) if part == 0]
    longest = [one.ends_at for one, part in zip(shown, parts, strict=True) if part == 1]
    assert (soonest, longest) == (sorted(soonest), sorted(longest, reverse=True))


async def test_an_offer_that_ends_between_two_pages_is_shown_as_missed(
    city: City, frozen_clock: FrozenClock
) -> None:
    rows = await authorised(city, 6, grantee_subject_id=city.li)
    for n, row in enumerate(rows):
        ends_at = clock.now() + timedelta(hours=n + 1)
        await Authorisation.filter(id=row.id).update(state="offered", used=0, ends_at=ends_at)
    by = city.citizen(city.li)

    first = await share_queries.list_received(by=by, limit=2)
    frozen_clock.advance(hours=4)
    rest = await walk(
        lambda at: share_queries.list_received(by=by, after=at or first.following, limit=2)
    )

    assert [one.state for one in first] == ["offered"] * 2
    assert [one.state for one in rest[:2]] == ["offered"] * 2
    assert {one.id for one in rest} >= {row.id for row in rows[2:]}


async def test_names_of_a_page_are_read_at_once_and_opened_once(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await authorised(city, 30, grantee_subject_id=city.li)
    seen = decrypted.watch(monkeypatch)

    await share_queries.list_received(by=city.citizen(city.li), limit=10)

    assert seen.count("identity_subject.name") == 1


@pytest.mark.parametrize("department", ["SCJG", None])
async def test_proposals_that_wait_come_before_all_others(
    city: City, department: str | None
) -> None:
    rows = await proposed(city, 50)
    by = city.officer("supervisor", department=department)

    shown = await walk(lambda after: proposals.list_for(by, after=after, limit=7))

    assert {one.id for one in shown} == {
        row.id for row in rows if department in (None, row.department)
    }
    order = [(one.state is ProposalState.OPEN, one.proposed_at) for one in shown]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("department", ["SCJG", None])
async def test_batches_come_once_and_the_newest_first(city: City, department: str | None) -> None:
    rows = await sent(50)
    by = city.officer("supervisor", department=department)

    shown = await walk(lambda after: batches.list_batches(by=by, after=after, limit=7))

    mine = [row for row in rows if department in (None, row.department)]
    assert {one.id for one in shown} == {row.id for row in mine}
    assert [one.received_at for one in shown] == sorted(
        (row.received_at for row in mine), reverse=True
    )


async def test_lines_of_a_batch_come_in_their_order_and_of_no_other(city: City) -> None:
    mine, _, other, *_ = await sent(4)
    numbers = random.Random(3).sample(range(1, 500), 60)
    await reported(mine, numbers)
    await reported(other, range(1, 9))
    by = city.officer("seal_keeper", department="SCJG")

    shown = await walk(lambda at: batches.list_lines(mine.id, by=by, after=at, limit=8))

    assert [one.line for one in shown] == sorted(numbers)


async def test_alarms_go_on_behind_the_first_hundred(city: City) -> None:
    rows = await sounded(150)

    shown = await walk(lambda after: alarms.list_open(after=after))

    assert {one.id for one in shown} == {row.id for row in rows if row.resolved_at is None}
    found = [one.found_at for one in shown]
    assert found == sorted(found, reverse=True)


async def test_counter_reads_all_of_its_day_and_opens_no_licence(
    city: City, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = await stored_licence(city)
    mine, other = await city.counter(), await city.counter("2号")
    frozen_clock.advance(hours=6)
    told = [(verdict.VALID, licence.id), (verdict.CANNOT_TELL, licence.id), (verdict.INVALID, None)]
    rows = [
        Verification(
            id=ids.new_id(), kind=VerificationKind.CODE, at=at, verdict=told[n % 3][0],
            licence_id=told[n % 3][1], reasons=[], checks=[], reader_name="",
            reader=(mine if n % 4 else other).actor,
        )
        for n, at in enumerate([*moments(60), clock.now() - timedelta(hours=24)])
    ]  # fmt: skip
    rows[-1].reader = mine.actor
    await Verification.bulk_create(rows)
    seen = decrypted.watch(monkeypatch)

    shown = await walk(lambda after: at_counter.list_today(by=mine, after=after, limit=8))

    today = [row for row in rows[:-1] if row.reader == mine.actor]
    assert {one.verification_id for one in shown} == {row.id for row in today}
    assert [one.at for one in shown] == sorted((row.at for row in today), reverse=True)
    named = [one.licence_name is not None for one in shown]
    assert named == [one.verdict.verdict == verdict.VALID for one in shown]
    assert seen == []


async def test_every_page_of_every_list_is_the_next_rows_of_an_index(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await complained(city, 40)
    await authorised(city, 40, grantee_subject_id=city.li)
    counter, li, zhang = await city.counter(), city.citizen(city.li), city.citizen(city.zhang)
    batch, *_ = await sent(4)
    officers = [city.officer("supervisor", department=key) for key in ("SCJG", None)]
    asked = plans.watch(monkeypatch)

    await complaints.list_own(by=zhang, limit=5)
    await share_queries.list_given(by=zhang, limit=5)
    for one in (li, counter):
        await share_queries.list_received(by=one, limit=100)
    await at_counter.list_today(by=counter)
    await alarms.list_open()
    for by in officers:
        await complaints.list_for_staff(by=by)
        await proposals.list_for(by)
        await batches.list_batches(by=by)
        await batches.list_lines(batch.id, by=by)

    assert len(asked) >= 19
    for section in asked:
        assert await plans.faults(section) == [], section.name


@pytest.mark.parametrize("after", ["bm90aGluZw", "WyJnaXZlbiJd", "x"])
async def test_place_of_another_list_is_refused(city: City, after: str) -> None:
    zhang, officer = city.citizen(city.zhang), city.officer("supervisor", department=None)
    for read in (
        lambda: complaints.list_own(by=zhang, after=after),
        lambda: complaints.list_for_staff(by=officer, after=after),
        lambda: share_queries.list_given(by=zhang, after=after),
        lambda: share_queries.list_received(by=zhang, after=after),
        lambda: proposals.list_for(officer, after=after),
        lambda: batches.list_batches(by=officer, after=after),
        lambda: alarms.list_open(after=after),
    ):
        with pytest.raises(WrongPlace):
            await read()
