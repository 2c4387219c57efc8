"""The audit trail: every way of changing it afterwards is found."""

import asyncio

import pytest

from core import database
from core.protection import audit
from core.protection.audit import AuditRecord, BrokenChain
from tests.conftest import on_postgres


async def write(count: int, target: str = "licence:1") -> None:
    for number in range(count):
        async with database.transaction():
            await audit.record(
                actor="officer:7", action="licence.issued", target=target, detail={"n": number}
            )


@pytest.mark.usefixtures("db")
class TestAudit:
    async def test_untouched_chains_are_accepted(self) -> None:
        await write(5)
        await write(5, target="licence:2")

        assert await audit.check() == 10

    async def test_records_are_the_last_write_however_acts_nest(self) -> None:
        async with database.transaction():
            async with database.transaction():
                await audit.record(actor="a:1", action="organisation-registered", target="o:1")
            assert await AuditRecord.all().count() == 0
            await audit.record(actor="a:1", action="licence.issue", target="licence:1")

        assert await audit.check() == 2

    async def test_record_of_an_inner_act_that_failed_is_dropped(self) -> None:
        async with database.transaction():
            await audit.record(actor="a:1", action="outer", target="t:1")
            with pytest.raises(ZeroDivisionError):
                async with database.transaction():
                    await audit.record(actor="a:1", action="inner", target="t:2")
                    raise ZeroDivisionError

        assert [row.action for row in await AuditRecord.all()] == ["outer"]

    async def test_transactions_that_write_to_chains_in_other_orders_do_not_deadlock(self) -> None:
        """On PostgreSQL one of two such transactions used to be killed."""
        targets = [f"licence:{number}" for number in range(40)]
        both_began = asyncio.Barrier(2)

        async def act(order: list[str]) -> None:
            async with database.transaction():
                await audit.record(actor="a:1", action="x", target=order[0])
                if on_postgres():
                    await both_began.wait()
                for target in order[1:]:
                    await audit.record(actor="a:1", action="x", target=target)

        async with asyncio.timeout(20):
            await asyncio.gather(act(targets), act(targets[::-1]))

        assert await audit.check() == 80

    async def test_record_outside_of_the_chains_is_found(self) -> None:
        await write(2)
        row = await AuditRecord.all().first()
        assert row is not None
        await AuditRecord.create(
            chain=99,
            sequence=1,
            at=row.at,
            actor="a:1",
            action="x",
            target="t:1",
            detail={},
            previous="",
            digest="",
        )

        with pytest.raises(BrokenChain, match="outside"):
            await audit.check()

    async def test_record_outside_a_transaction_is_refused(self) -> None:
        with pytest.raises(RuntimeError):
            await audit.record(actor="a:1", action="x", target="t:1")

    async def test_rolled_back_act_leaves_no_record(self) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                await audit.record(actor="a:1", action="x", target="t:1")
                raise ZeroDivisionError

        assert await audit.check() == 0

    @pytest.mark.parametrize(
        "change",
        [{"actor": "officer:8"}, {"action": "licence.revoked"}, {"detail": {"n": 99}}],
        ids=["actor", "action", "detail"],
    )
    async def test_changed_record_is_found(self, change: dict[str, object]) -> None:
        await write(3)
        second = await AuditRecord.all().order_by("sequence").offset(1).first()
        assert second is not None
        await AuditRecord.filter(id=second.id).update(**change)

        with pytest.raises(BrokenChain, match="record 2"):
            await audit.check()

    async def test_removed_record_is_found(self) -> None:
        await write(3)
        first = await AuditRecord.all().order_by("sequence").first()
        assert first is not None
        await first.delete()

        with pytest.raises(BrokenChain, match="record 1"):
            await audit.check()

    async def test_cut_tail_is_found(self) -> None:
        await write(3)
        last = await AuditRecord.all().order_by("-sequence").first()
        assert last is not None
        await last.delete()

        with pytest.raises(BrokenChain, match="head"):
            await audit.check()
