"""The register of delegations: who may make, agree to and end one, and how soon it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core import clock
from core.database import transaction
from core.protection.audit import AuditRecord
from identity import errors
from identity.authority import DelegateKind, Ground, Power
from identity.delegation_models import DelegationStamp
from identity.principal import Principal
from identity.staff import delegations, register
from identity.staff.delegations import DelegationState, Terms
from tests.cases.factories import appointed

ITEMS = ("SJ-SCJG-01", "SJ-SCJG-02")


def terms(**changes: Any) -> Terms:
    today = clock.today()
    whole = Terms(
        ground=Ground.XK26,
        delegate_kind=DelegateKind.DEPARTMENT,
        delegate_key="ZWB",
        items=("SJ-SCJG-01",),
        powers=frozenset({Power.TAKE_IN, Power.ACCEPT}),
        since=today,
        until=today + timedelta(days=365),
        document_no="松市监委〔2026〕7号",
        document="a" * 64,
    )
    return replace(whole, **changes)


@pytest.fixture
async def head(db: None, frozen_clock: object) -> Principal:
    await appointed("ZWB")
    return await appointed("SCJG", "head")


@pytest.fixture
async def zwb(db: None) -> Principal:
    return await appointed(None, "supervisor")


async def in_force(head: Principal, zwb: Principal, **changes: Any) -> delegations.DelegationView:
    proposed = await delegations.propose(terms(**changes), known_items=ITEMS, by=head)
    return await delegations.countersign(proposed, by=zwb)


async def test_a_delegation_counts_once_it_is_countersigned(
    head: Principal, zwb: Principal
) -> None:
    proposed = await delegations.propose(terms(), known_items=ITEMS, by=head)
    assert (await register.current()).delegations == ()

    agreed = await delegations.countersign(proposed, by=zwb)

    (known,) = (await register.current()).delegations
    assert (known.no, agreed.no) == ("SQWT-2026-0001", "SQWT-2026-0001")
    assert agreed.published_at is not None
    assert [one.no for one in await delegations.list_published()] == ["SQWT-2026-0001"]
    assert await AuditRecord.filter(action__startswith="delegation-").count() == 2


async def test_numbers_of_a_year_follow_each_other(head: Principal) -> None:
    for _ in range(3):
        await delegations.propose(terms(), known_items=ITEMS, by=head)

    found = await delegations.list_for(by=head, limit=9)
    assert sorted(one.no for one in found) == [f"SQWT-2026-000{n}" for n in (1, 2, 3)]


async def test_a_revocation_is_seen_by_whoever_asks_next(head: Principal, zwb: Principal) -> None:
    made = await in_force(head, zwb)
    assert (await register.current()).delegations[0].runs(clock.today())

    await delegations.revoke(made.id, reason="机构调整", by=head)

    (known,) = (await register.current()).delegations
    assert not known.runs(clock.today())
    assert await delegations.list_published() == []


async def test_an_unchanged_register_is_not_read_again(head: Principal, zwb: Principal) -> None:
    await in_force(head, zwb)

    assert await register.current() is await register.current()


async def test_a_change_that_was_rolled_back_is_not_remembered(
    head: Principal, zwb: Principal
) -> None:
    made = await in_force(head, zwb)
    stamp = (await DelegationStamp.get(name="all")).stamp
    with pytest.raises(RuntimeError):
        async with transaction():
            await delegations.revoke(made.id, reason="机构调整", by=head)
            assert not (await register.current()).delegations[0].runs(clock.today())
            raise RuntimeError

    assert (await DelegationStamp.get(name="all")).stamp == stamp
    assert (await register.current()).delegations[0].runs(clock.today())


async def test_the_proposer_does_not_countersign(head: Principal) -> None:
    both = await appointed(None, "supervisor", "head")
    proposed = await delegations.propose(terms(), known_items=ITEMS, by=head)
    as_proposer = replace(both, id=head.id)

    with pytest.raises(errors.SecondOfficerNeeded):
        await delegations.countersign(proposed, by=as_proposer)


@pytest.mark.parametrize("role", ["reviewer", "window", "supervisor", "seal_keeper", "registrar"])
async def test_only_a_head_proposes(head: Principal, role: str) -> None:
    with pytest.raises(errors.RoleMissing):
        await delegations.propose(terms(), known_items=ITEMS, by=await appointed("SCJG", role))


async def test_a_supervisor_of_one_department_agrees_to_nothing(head: Principal) -> None:
    proposed = await delegations.propose(terms(), known_items=ITEMS, by=head)

    with pytest.raises(errors.RoleMissing):
        await delegations.countersign(proposed, by=await appointed("ZWB", "supervisor"))


async def test_another_departments_head_revokes_nothing(head: Principal, zwb: Principal) -> None:
    made = await in_force(head, zwb)

    with pytest.raises(errors.RoleMissing):
        await delegations.revoke(made.id, reason="x", by=await appointed("WJW", "head"))


async def test_what_was_settled_is_not_settled_again(head: Principal, zwb: Principal) -> None:
    made = await in_force(head, zwb)
    refused = await delegations.propose(terms(), known_items=ITEMS, by=head)
    await delegations.refuse(refused, reason="缺依据", by=zwb)

    for attempt in (
        delegations.countersign(made.id, by=zwb),
        delegations.refuse(made.id, reason="x", by=zwb),
        delegations.countersign(refused, by=zwb),
        delegations.revoke(refused, reason="x", by=zwb),
    ):
        with pytest.raises(errors.DelegationMoved):
            await attempt
    await delegations.revoke(made.id, reason="机构调整", by=zwb)
    with pytest.raises(errors.DelegationMoved):
        await delegations.revoke(made.id, reason="机构调整", by=zwb)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"powers": frozenset()}, "权限"),
        ({"powers": frozenset({Power.DECIDE})}, "二十六"),
        ({"ground": Ground.XK24, "delegate_kind": DelegateKind.WINDOW}, "二十四"),
        ({"items": ()}, "事项"),
        ({"items": ("SJ-SCJG-01", "SJ-SCJG-01")}, "一次"),
        ({"items": ("SJ-WJW-01",)}, "不是本部门"),
        ({"items": ("SJ-WJW-*",)}, "不是本部门"),
        ({"items": ("*",)}, "编码"),
        ({"items": ("' OR 1=1",)}, "编码"),
        ({"items": tuple(f"SJ-SCJG-{n}" for n in range(41))}, "最多"),
        ({"delegate_key": "SCJG"}, "本部门"),
        ({"delegate_key": " "}, "受委托"),
        ({"until": date(2026, 11, 1)}, "截止"),
        ({"since": date(2020, 1, 1), "until": date(2020, 2, 1)}, "过去"),
        ({"until": date(2039, 1, 1)}, "最长"),
        ({"document": "nothing"}, "文件"),
        ({"document_no": "  "}, "文号"),
    ],
)
async def test_an_unlawful_or_incomplete_document_is_refused(
    head: Principal, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(errors.InvalidDelegation) as refused:
        await delegations.propose(terms(**changes), known_items=ITEMS, by=head)

    assert word in str(refused.value)
    assert await delegations.list_for(by=head) == []


async def test_an_unknown_department_is_no_delegate(head: Principal) -> None:
    with pytest.raises(errors.DepartmentNotFound):
        await delegations.propose(terms(delegate_key="MARS"), known_items=ITEMS, by=head)


async def test_each_department_reads_its_own_and_what_was_given_to_it(
    head: Principal, zwb: Principal
) -> None:
    made = await in_force(head, zwb)
    await delegations.propose(terms(), known_items=ITEMS, by=head)

    assert len(await delegations.list_for(by=head)) == 2
    received = await delegations.list_for(by=await appointed("ZWB"))
    assert [one.id for one in received] == [made.id]
    assert await delegations.list_for(by=await appointed("WJW")) == []
    with pytest.raises(errors.DelegationNotFound):
        await delegations.get(made.id, by=await appointed("WJW"))


async def test_one_that_ended_is_known_for_a_while(
    head: Principal, zwb: Principal, frozen_clock: Any
) -> None:
    await in_force(head, zwb, until=clock.today() + timedelta(days=1))
    frozen_clock.advance(days=30)
    await register_changed()

    (known,) = (await register.current()).delegations
    assert not known.runs(clock.today())
    frozen_clock.advance(days=90)
    await register_changed()
    assert (await register.current()).delegations == ()


async def register_changed() -> None:
    async with transaction():
        await register.changed()


async def test_state_names_are_those_of_the_page() -> None:
    assert set(DelegationState) == {"proposed", "in_force", "refused", "revoked"}
