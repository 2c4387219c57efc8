"""A log cut by its keeper is found, by our own checks and by an auditor outside.

Who keeps the database may change every table, and knows what a head is; he has neither the key of
the logs, nor the file beside the database, nor what an auditor saw.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tortoise import connections

import timers
from core import database
from core.protection import audit, chain_heads
from core.protection.audit import AuditHead, AuditRecord, BrokenChain
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from tests.wallet.test_uses import look
from tools.log_auditor import Auditor, RefusedLog, Statement
from wallet.errors import AnchorForgotten, AnchorNotFound
from wallet.log import access_log, anchors, merkle, signed_days, transparency
from wallet.log import alarms as log_alarms
from wallet.log import memory as log_memory
from wallet.log.anchors import BrokenAnchor
from wallet.log.memory import RolledBack
from wallet.log.signed_days import BrokenLog
from wallet.log.transparency import EntryKind, TamperedLog
from wallet.log_models import Anchor, AnchoredHead, LogEntry, UseHead, UseRecord

FOUND = (BrokenChain, BrokenLog, BrokenAnchor, TamperedLog, RolledBack)
TARGET = "licence:1"
Cut = Callable[[City], Awaitable[None]]


async def act(times: int = 1, action: str = "licence.read") -> None:
    for _ in range(times):
        async with database.transaction():
            await audit.record(actor="officer:7", action=action, target=TARGET)


async def anchor(city: City, memory: Path) -> None:
    """A minute passes."""
    await anchors.anchor()
    await transparency.integrate(keys=city.authority.keys)
    await log_memory.remember(memory)


async def visit(auditor: Auditor) -> None:
    """What `manage.py audit-log` does, without the way there."""
    latest = await transparency.latest()
    assert latest is not None
    before = auditor.size
    proof = []
    if 0 < before < latest.size:
        proof = await transparency.consistency(before, latest.size)
    statement = Statement(latest.size, latest.root, latest.signed)
    auditor.follow(statement, proof, await transparency.leaves(before, limit=1024))
    after = auditor.anchors[-1].number if auditor.anchors else 0
    for one in await anchors.list_anchors(after=after, limit=500):
        auditor.take_anchor(one.data, one.position)
    for seen in auditor.anchors:
        try:
            leaves = await anchors.leaves_now(seen.number)
        except AnchorNotFound:
            raise RefusedLog(f"anchor {seen.number} is gone") from None
        auditor.compare(seen, leaves)


async def check_all(city: City, memory: Path) -> None:
    """What the check commands do."""
    certificate = city.authority.signer_certificates["ZWB"]
    await audit.check()
    await signed_days.check(certificate=certificate)
    await transparency.check(certificate=certificate)
    await anchors.check()
    await log_memory.compare(memory)


async def chain_of() -> int:
    row = await AuditRecord.filter(target=TARGET).first()
    assert row is not None
    return row.chain


async def cut_end_of_audit(_city: City) -> None:
    """The last records deleted, the head set back; the keeper kept the old head with its seal."""
    chain = await chain_of()
    rows = await AuditRecord.filter(chain=chain).order_by("-sequence").limit(3)
    kept = await AuditRecord.get(chain=chain, sequence=rows[-1].sequence - 1)
    old = chain_heads.mac(audit.name_of(chain), kept.sequence, kept.digest)
    await AuditRecord.filter(chain=chain, sequence__gt=kept.sequence).delete()
    await AuditHead.filter(chain=chain).update(sequence=kept.sequence, digest=kept.digest, mac=old)


async def rechain_middle(city: City) -> None:
    """A middle record changed and everything after it chained anew."""
    previous = ""
    for row in await UseRecord.filter(subject_id=city.zhang).order_by("n"):
        if row.n == 2:
            row.purpose = "别的用途"
        elif row.n > 2:
            row.previous = previous
        row.digest = previous = access_log.digest_of(access_log.content_of(row))
        await row.save()
    head = await UseHead.get(subject_id=city.zhang)
    mac = chain_heads.mac(access_log.name_of(city.zhang), head.n, previous)
    await UseHead.filter(subject_id=city.zhang).update(digest=previous, mac=mac)


async def delete_head(city: City) -> None:
    await UseHead.filter(subject_id=city.zhang).delete()


async def delete_chain(city: City) -> None:
    await UseRecord.filter(subject_id=city.zhang).delete()
    await UseHead.filter(subject_id=city.zhang).delete()


async def delete_todays_look(city: City) -> None:
    """The newest look of today deleted, the head moved back under a seal the keeper kept."""
    head = await UseHead.get(subject_id=city.zhang)
    before = await UseRecord.get(subject_id=city.zhang, n=head.n - 1)
    await UseRecord.filter(subject_id=city.zhang, n=head.n).delete()
    await UseHead.filter(subject_id=city.zhang).update(
        n=before.n,
        digest=before.digest,
        mac=chain_heads.mac(access_log.name_of(city.zhang), before.n, before.digest),
    )


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "log-memory.json"


async def some_logs(city: City, memory: Path) -> None:
    licence = await stored_licence(city)
    await look(city, licence, 3)
    await act(3)
    await anchor(city, memory)
    await look(city, licence, 2)
    await look(city, await stored_licence(city, "FOOD"), 2)
    await act(4)
    await anchor(city, memory)


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


class TestAnchors:
    async def test_only_logs_that_moved_are_anchored(self, city: City, memory: Path) -> None:
        await some_logs(city, memory)
        assert await anchors.anchor() == 0

        await look(city, await stored_licence(city))
        await act()

        assert await anchors.anchor() == 2
        assert await UseHead.filter(moved=1).count() == 0

    async def test_many_logs_go_into_several_anchors(
        self, city: City, memory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(anchors, "HEADS", 2)
        await some_logs(city, memory)

        assert {row.size for row in await Anchor.all()} <= {1, 2}
        assert await UseHead.filter(moved=1).count() == 0
        await check_all(city, memory)

    async def test_outsiders_learn_nothing_of_holders(self, city: City, memory: Path) -> None:
        await some_logs(city, memory)

        (first, *_) = await anchors.list_anchors(after=0, limit=10)

        head = await AnchoredHead.filter(anchor=1, log=access_log.name_of(city.zhang)).get()
        said = json.loads(first.data)
        assert set(said) == {
            "about", "at", "heads", "kind", "number", "previous", "root", "salt"
        }  # fmt: skip
        for secret in (str(city.zhang), head.digest):
            assert secret not in first.data
        plain = merkle.leaf_hash(f"{head.log}\n{head.n}\n{head.digest}\n".encode())
        assert plain not in await anchors.leaves_now(1)

    @pytest.mark.parametrize("table", [Anchor, AnchoredHead])
    async def test_removed_anchor_is_found(self, city: City, memory: Path, table: Any) -> None:
        await some_logs(city, memory)
        key = "number" if table is Anchor else "anchor"
        await table.filter(**{key: 2}).delete()

        with pytest.raises(BrokenAnchor):
            await anchors.check()

    async def test_anchor_of_another_content_is_found(self, city: City, memory: Path) -> None:
        await some_logs(city, memory)
        await AnchoredHead.filter(anchor=1, log=access_log.name_of(city.zhang)).update(n=1)

        with pytest.raises(BrokenAnchor, match="anchor 1"):
            await anchors.check()

    async def test_anchor_removed_with_its_entry_is_found(self, city: City, memory: Path) -> None:
        await some_logs(city, memory)
        last = await Anchor.get(number=2)
        await AnchoredHead.filter(anchor=2).delete()
        await LogEntry.filter(id=last.entry_id).delete()
        await last.delete()

        with pytest.raises(FOUND):
            await check_all(city, memory)

    async def test_anchors_are_forgotten_before_their_records(
        self, city: City, memory: Path, frozen_clock: FrozenClock
    ) -> None:
        await some_logs(city, memory)
        frozen_clock.advance(days=3 * 366 - 29)

        assert await anchors.forget_old() > 0
        assert await anchors.forget_old() == 0

        with pytest.raises(AnchorForgotten):
            await anchors.leaves_now(1)
        assert await anchors.check() == 2

    async def test_anchor_forgotten_too_early_is_found(self, city: City, memory: Path) -> None:
        await some_logs(city, memory)
        await Anchor.filter(number=1).update(forgotten=True)

        with pytest.raises(BrokenAnchor, match="too early"):
            await anchors.check()

    async def test_memory_survives_a_restart_and_only_moves_forward(
        self, city: City, memory: Path
    ) -> None:
        await some_logs(city, memory)
        seen = await log_memory.read(memory)
        assert seen is not None
        assert (seen.anchor, seen.size) == (2, (await transparency.latest()).size)  # type: ignore[union-attr]
        memory.write_text("{")
        with pytest.raises(RolledBack, match="cannot be read"):
            await log_memory.compare(memory)

    async def test_entry_is_found_by_its_leaf_also_when_it_is_old(
        self, city: City, memory: Path
    ) -> None:
        await some_logs(city, memory)
        latest = await transparency.latest()
        assert latest is not None
        leaf = (await transparency.leaves(3, limit=1))[0]
        await LogEntry.filter(position=3).update(leaf=None)
        assert await transparency.inclusion(leaf, size=latest.size) is None

        assert await transparency.fill_leaves() == 1

        found = await transparency.inclusion(leaf, size=latest.size)
        assert found is not None
        assert found[0] == 3


class TestTheTimerLooksItself:
    async def alarms(self, resources: Any) -> list[tuple[str, str]]:
        """What is open after whole rounds over everything."""
        for _ in range(4):
            await timers.check_logs(resources)
        return sorted((one.kind, one.about) for one in await log_alarms.list_open())

    @pytest.fixture(autouse=True)
    def _round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(timers, "ANCHORS", anchors.Round())

    async def test_whole_logs_raise_no_alarm(
        self, city: City, memory: Path, resources: Any
    ) -> None:
        await some_logs(city, memory)
        await act()
        await anchor(city, memory)

        assert await self.alarms(resources) == []

    @pytest.mark.parametrize("cut", [cut_end_of_audit, rechain_middle, delete_chain])
    async def test_cut_log_raises_one_alarm(
        self, cut: Cut, city: City, memory: Path, resources: Any
    ) -> None:
        await some_logs(city, memory)
        await cut(city)

        found = await self.alarms(resources)

        assert (log_alarms.ANCHOR, "log:anchors") in found
        assert len(found) == len(set(found))
        assert await self.alarms(resources) == found

    async def test_missing_anchors_raise_an_alarm(
        self, city: City, memory: Path, resources: Any
    ) -> None:
        await some_logs(city, memory)
        await Anchor.all().delete()

        assert await self.alarms(resources) == [(log_alarms.ANCHOR, "log:anchors")]

    async def test_head_without_our_seal_raises_an_alarm(
        self, city: City, memory: Path, resources: Any
    ) -> None:
        await some_logs(city, memory)
        chain = await chain_of()
        await AuditHead.filter(chain=chain).update(mac="0" * 64)

        assert (log_alarms.HEAD, audit.name_of(chain)) in await self.alarms(resources)
