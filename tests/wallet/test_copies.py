"""A marriage gives a licence to each spouse; they change, are renewed and end together."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from core.outbox import OutboxMessage
from identity.principal import Principal
from tests.wallet.city import City
from tests.wallet.factories import desk, issue_licence
from tests.wallet.test_issue import MARRIAGE
from tests.wallet.test_issue_by_hand import Ground, keeper, second
from wallet.errors import GroundAlreadyUsed, InvalidFacts, PreviousLicenceMissing
from wallet.issue import by_hand, from_case
from wallet.issue.by_hand import Named
from wallet.models import IssueGrant, Licence, PrintedCode
from wallet.register import status
from wallet.types.validity import LicenceState

CHANGED = {**MARRIAGE, "female_name": "赵更名"}
ZHAO = Named(name="赵新人", id_no="310199199508081050")
ZHANG = Named(name="张演示", id_no="310199199003071017")


def ground(city: City, document_no: str = "沪松民更〔2026〕3号") -> Ground:
    return Ground(document_no=document_no, cause="更名", second=second("MZJ"))


def clerk(city: City) -> Principal:
    return keeper(city, "MZJ")


async def change(city: City, licence_id: UUID, **facts: Any) -> UUID:
    return await by_hand.change(
        licence_id, facts={**CHANGED, **facts}, ground=ground(city), by=clerk(city), desk=desk(city)
    )


async def couple(city: City) -> tuple[Licence, Licence]:
    await issue_licence(city, "MAR", facts=MARRIAGE)
    first, spouse = await Licence.all().order_by("copy")
    return first, spouse


async def living() -> dict[str, tuple[int, str]]:
    """Holder → version and state of what can be used."""
    rows = await Licence.filter(state__in=["valid", "suspended"])
    return {row.holder_name: (row.version, row.state.value) for row in rows}


async def forget_second_copy_of(case_id: UUID) -> None:
    """What an installation of before was left with when the second spouse's copy failed."""
    spouse = await Licence.get(case_id=case_id, copy=2)
    await Licence.filter(id=spouse.previous_id).update(state=LicenceState.VALID)
    await PrintedCode.filter(licence_id=spouse.id).delete()
    await IssueGrant.filter(case_id=case_id, copy=2).delete()
    await spouse.delete()


async def test_a_change_by_hand_changes_both(city: City) -> None:
    first, spouse = await couple(city)

    changed = await change(city, first.id)

    assert await living() == {"张演示": (2, "valid"), "赵更名": (2, "valid")}
    new = await Licence.get(id=changed)
    other = await Licence.get(case_id=new.case_id, copy=2)
    assert (new.previous_id, other.previous_id) == (first.id, spouse.id)
    assert {new.number, other.number} == {first.number}


async def test_a_change_opened_from_the_spouses_copy_is_the_same_change(city: City) -> None:
    first, spouse = await couple(city)

    changed = await change(city, spouse.id, holder="赵新人")
    assert (await Licence.get(id=changed)).holder_id_no == ZHAO.id_no
    again = await change(city, spouse.id, holder="赵新人")
    from_the_other = await change(city, first.id)

    assert changed == again == from_the_other
    assert await Licence.all().count() == 4


async def test_a_renewal_of_a_case_replaces_each_spouses_own(city: City) -> None:
    first, spouse = await couple(city)
    case_id = uuid4()

    await issue_licence(
        city, "MAR", facts=MARRIAGE, action="reissue", previous=first.id, case_id=case_id
    )

    new = await Licence.filter(case_id=case_id).order_by("copy")
    assert [row.previous_id for row in new] == [first.id, spouse.id]
    assert await living() == {"张演示": (2, "valid"), "赵新人": (2, "valid")}


async def test_a_renewal_without_a_named_licence_finds_both(city: City) -> None:
    await couple(city)

    await issue_licence(city, "MAR", facts=MARRIAGE, action="reissue")

    assert await living() == {"张演示": (2, "valid"), "赵新人": (2, "valid")}


async def test_nothing_changes_when_one_of_the_two_cannot(city: City) -> None:
    first, spouse = await couple(city)
    await Licence.filter(id=spouse.id).update(state=LicenceState.REVOKED)
    events = await OutboxMessage.all().count()

    with pytest.raises(PreviousLicenceMissing):
        await change(city, first.id)

    assert await living() == {"张演示": (1, "valid")}
    assert await Licence.all().count() == 2
    assert await OutboxMessage.all().count() == events


async def test_a_repeat_completes_what_an_older_version_left_undone(city: City) -> None:
    first, _ = await couple(city)
    changed = await change(city, first.id)
    case_id = (await Licence.get(id=changed)).case_id
    assert case_id is not None
    await forget_second_copy_of(case_id)
    assert await living() == {"张演示": (2, "valid"), "赵新人": (1, "valid")}

    assert await change(city, first.id) == changed

    assert await living() == {"张演示": (2, "valid"), "赵更名": (2, "valid")}


async def test_a_repeat_of_the_case_completes_the_first_issue(city: City) -> None:
    case_id = uuid4()
    mine = await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)
    spouse = await Licence.get(copy=2)
    await PrintedCode.filter(licence_id=spouse.id).delete()
    await spouse.delete()

    assert await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id) == mine

    assert await living() == {"张演示": (1, "valid"), "赵新人": (1, "valid")}


async def test_a_document_that_says_something_else_is_refused_for_either(city: City) -> None:
    first, spouse = await couple(city)
    await change(city, first.id)

    for licence_id in (first.id, spouse.id):
        with pytest.raises(GroundAlreadyUsed):
            await change(city, licence_id, female_name="赵又更名")


async def test_a_marriage_passes_to_no_third_by_a_change(city: City) -> None:
    first, _ = await couple(city)

    with pytest.raises(InvalidFacts):
        await change(city, first.id, female_id="310199198511201020")


async def test_one_document_marries_a_couple_once_whoever_is_named(city: City) -> None:
    from identity.people import persons

    await persons.register(id_no=ZHAO.id_no, name=ZHAO.name, phone=None, by="system:test")
    made = [
        await by_hand.make(
            "MAR",
            holder=named,
            facts=MARRIAGE,
            ground=ground(city),
            by=clerk(city),
            desk=desk(city),
        )
        for named in (ZHANG, ZHAO, ZHANG)
    ]

    assert len(set(made)) == 1
    assert await Licence.all().count() == 2


@pytest.mark.parametrize(
    ("act", "state"),
    [(status.revoke, "revoked"), (status.withdraw, "withdrawn"), (status.cancel, "cancelled")],
)
async def test_what_ends_for_one_ends_for_both(city: City, act: Any, state: str) -> None:
    first, spouse = await couple(city)

    await act(spouse.id, cause="撤销婚姻", document_no="1号", by=clerk(city))

    assert {row.state.value for row in await Licence.all()} == {state}
    told = await OutboxMessage.filter(name="LicenceStateChanged")
    assert len(told) == 2
    for licence in (first, spouse):
        assert any(str(licence.id) in row.payload for row in told)


async def test_a_suspension_is_lifted_for_both(city: City) -> None:
    first, spouse = await couple(city)

    await status.suspend(first.id, cause="查证", document_no="1号", by=clerk(city))
    assert set((await living()).values()) == {(1, "suspended")}
    await status.resume(spouse.id, cause="查清", document_no="2号", by=clerk(city))

    assert set((await living()).values()) == {(1, "valid")}


async def test_an_earlier_marriage_of_the_same_person_is_left_alone(city: City) -> None:
    await couple(city)
    other = {**MARRIAGE, "female_name": "李样例", "female_id": "310199198511201020"}
    await issue_licence(city, "MAR", facts=other)
    (mine,) = [row for row in await Licence.all() if row.holder_name == "李样例"]

    await status.revoke(mine.id, cause="撤销", document_no="1号", by=clerk(city))

    assert sorted(row.holder_name for row in await Licence.filter(state="valid")) == [
        "张演示",
        "赵新人",
    ]


async def test_copies_are_stored_together_or_not_at_all(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, stored = from_case._store_copy, 0

    async def dies_at_the_second(*arguments: Any) -> UUID:
        nonlocal stored
        stored += 1
        if stored == 2:
            raise ConnectionError("the process died")
        return await store(*arguments)

    case_id = uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(from_case, "_store_copy", dies_at_the_second)
        with pytest.raises(ConnectionError):
            await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)
    assert await Licence.all().count() == 0

    await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)
    assert await Licence.all().count() == 2
