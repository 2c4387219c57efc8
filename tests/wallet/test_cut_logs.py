"""A log cut by its keeper is found, by our own checks and by an auditor outside."""

from pathlib import Path
from typing import Any

import pytest
from tortoise import connections

from core import database
from core.protection import audit, chain_heads
from core.protection.audit import AuditHead, AuditRecord, BrokenChain
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.cutting import (
    FOUND,
    Cut,
    act,
    anchor,
    chain_of,
    check_all,
    cut_end_of_audit,
    delete_chain,
    delete_head,
    delete_todays_look,
    rechain_middle,
    some_logs,
    visit,
)
from tests.wallet.factories import stored_licence
from tests.wallet.test_uses import look
from tools.log_auditor import Auditor, RefusedLog
from wallet.log import anchors, signed_days, transparency
from wallet.log import memory as log_memory
from wallet.log.anchors import BrokenAnchor
from wallet.log.memory import RolledBack
from wallet.log.signed_days import BrokenLog
from wallet.log.transparency import EntryKind
from wallet.log_models import UseHead, UseRecord


@pytest.mark.parametrize(
    "cut",
    [cut_end_of_audit, rechain_middle, delete_head, delete_chain, delete_todays_look],
    ids=["end-of-audit", "rechained-middle", "head-deleted", "chain-deleted", "todays-look"],
)
class TestCutLogIsFound:
    async def test_by_the_checks(self, city: City, memory: Path, cut: Cut) -> None:
        await some_logs(city, memory)
        await check_all(city, memory)

        await cut(city)

        with pytest.raises(FOUND):
            await check_all(city, memory)

    async def test_by_the_anchors_alone(self, city: City, memory: Path, cut: Cut) -> None:
        await some_logs(city, memory)

        await cut(city)

        with pytest.raises(BrokenAnchor, match=r"audit:|uses:"):
            await anchors.check()

    async def test_by_an_auditor_outside(self, city: City, memory: Path, cut: Cut) -> None:
        auditor = Auditor()
        await some_logs(city, memory)
        await visit(auditor)
        auditor = Auditor.load(auditor.dump())

        await cut(city)

        with pytest.raises(RefusedLog, match="anchor"):
            await visit(auditor)

    async def test_also_after_the_log_has_grown_again(
        self, city: City, memory: Path, cut: Cut
    ) -> None:
        auditor = Auditor()
        await some_logs(city, memory)
        await visit(auditor)

        await cut(city)
        await look(city, await stored_licence(city), 4)
        await act(5, action="licence.revoked")
        await anchor(city, memory)

        with pytest.raises(FOUND):
            await check_all(city, memory)
        with pytest.raises(RefusedLog, match="anchor"):
            await visit(auditor)


TABLES = (
    "core_audit_record",
    "core_audit_head",
    "wallet_use_record",
    "wallet_use_head",
    "wallet_log_entry",
    "wallet_log_tile",
    "wallet_log_head",
    "wallet_log_checkpoint",
    "wallet_anchor",
    "wallet_anchored_head",
)


async def copy_tables() -> dict[str, list[dict[str, Any]]]:
    connection = connections.get(database.CONNECTION)
    return {
        table: [
            dict(row) for row in await connection.execute_query_dict(f'SELECT * FROM "{table}"')
        ]
        for table in TABLES
    }


async def put_back(tables: dict[str, list[dict[str, Any]]]) -> None:
    """An older copy of all tables, put back by who keeps the database."""
    connection = connections.get(database.CONNECTION)
    postgres = database.dialect() == "postgres"
    for table, rows in tables.items():
        await connection.execute_query(f'DELETE FROM "{table}"')
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join(f"${n}" if postgres else "?" for n in range(1, len(row) + 1))
            await connection.execute_query(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
                list(row.values()),
            )


class TestOlderCopyOfAllTables:
    async def test_is_found_by_the_checks(self, city: City, memory: Path) -> None:
        licence = await stored_licence(city)
        await look(city, licence, 2)
        await anchor(city, memory)
        older = await copy_tables()
        await look(city, licence)
        await anchor(city, memory)

        await put_back(older)

        with pytest.raises(RolledBack, match="entries"):
            await check_all(city, memory)

    async def test_is_found_by_an_auditor(self, city: City, memory: Path) -> None:
        auditor = Auditor()
        licence = await stored_licence(city)
        await look(city, licence, 2)
        await anchor(city, memory)
        older = await copy_tables()
        await look(city, licence)
        await anchor(city, memory)
        await visit(auditor)

        await put_back(older)

        with pytest.raises(RefusedLog, match="shrank"):
            await visit(auditor)

    async def test_is_found_also_after_other_things_happened(
        self, city: City, memory: Path
    ) -> None:
        auditor = Auditor()
        licence = await stored_licence(city)
        await look(city, licence, 2)
        await anchor(city, memory)
        older = await copy_tables()
        await look(city, licence)
        await anchor(city, memory)
        await visit(auditor)

        await put_back(older)
        await anchors.anchor()
        for number in range(5):
            async with database.transaction():
                await transparency.enter(EntryKind.SEAL_CHANGED, about=str(number), facts={})
        await transparency.integrate(keys=city.authority.keys)

        with pytest.raises(RolledBack, match="not those that were there"):
            await log_memory.remember(memory)
        with pytest.raises(RefusedLog, match="fork"):
            await visit(auditor)


class TestWithoutTheKey:
    """What the keeper cannot do even between two anchors: seal a head of his own."""

    async def test_audit_head_set_back_is_found(self, city: City) -> None:
        await act(4)
        chain = await chain_of()
        last = await AuditRecord.filter(chain=chain).order_by("-sequence").first()
        assert last is not None
        await last.delete()
        before = await AuditRecord.get(chain=chain, sequence=last.sequence - 1)
        await AuditHead.filter(chain=chain).update(sequence=before.sequence, digest=before.digest)

        with pytest.raises(BrokenChain, match="seal is not ours"):
            await audit.check()

    async def test_head_of_looks_set_back_is_found(self, city: City) -> None:
        await look(city, await stored_licence(city), 3)
        before = await UseRecord.get(subject_id=city.zhang, n=2)
        await UseRecord.filter(subject_id=city.zhang, n=3).delete()
        await UseHead.filter(subject_id=city.zhang).update(n=2, digest=before.digest)

        with pytest.raises(BrokenLog, match="seal is not ours"):
            await signed_days.check()

    async def test_no_later_record_washes_it_clean(self, city: City) -> None:
        await self.test_audit_head_set_back_is_found(city)
        await self.test_head_of_looks_set_back_is_found(city)

        await act(2)
        await look(city, await stored_licence(city), 2)

        with pytest.raises(BrokenChain, match="seal is not ours"):
            await audit.check()
        with pytest.raises(BrokenLog, match="seal is not ours"):
            await signed_days.check()

    async def test_acts_go_on_without_a_head_and_the_log_stays_marked(self, city: City) -> None:
        licence = await stored_licence(city)
        await look(city, licence, 2)
        await act(2)
        await UseHead.filter(subject_id=city.zhang).delete()
        await AuditHead.filter(chain=await chain_of()).delete()

        await audit.prepare()
        await look(city, licence)
        await act()

        with pytest.raises(BrokenChain, match="seal is not ours"):
            await audit.check()
        with pytest.raises(BrokenLog, match="seal is not ours"):
            await signed_days.check()

    async def test_operator_who_has_looked_seals_it_anew(self, city: City) -> None:
        await self.test_no_later_record_washes_it_clean(city)

        assert await audit.seal_heads() == 1
        assert await signed_days.seal_heads() == 1

        await audit.check()
        await signed_days.check()

    async def test_another_key_seals_nothing_of_ours(self, city: City) -> None:
        await look(city, await stored_licence(city))
        chain_heads.use(b"k" * 32)
        try:
            with pytest.raises(BrokenLog, match="seal is not ours"):
                await signed_days.check()
        finally:
            chain_heads.use(b"")

    async def test_beginning_cut_before_its_time_is_found(
        self, city: City, frozen_clock: FrozenClock
    ) -> None:
        """Only the retention shortens a log; a signed day to begin from is not enough."""
        licence = await stored_licence(city)
        await look(city, licence, 2)
        frozen_clock.advance(days=1)
        await signed_days.close_days(keys=city.authority.keys)
        await look(city, licence)
        second = await UseRecord.get(subject_id=city.zhang, n=2)
        await UseRecord.filter(subject_id=city.zhang, n__lte=2).delete()
        await UseHead.filter(subject_id=city.zhang).update(base_n=2, base_digest=second.digest)

        with pytest.raises(BrokenLog, match="beginning is missing"):
            await signed_days.check()
