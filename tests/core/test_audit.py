"""The audit trail: every way of changing it afterwards is found."""

import pytest

from core import audit, database
from core.audit import AuditRecord, BrokenChain


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
