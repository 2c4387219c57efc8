"""Anchors: what is anchored and forgotten, what outsiders learn, and the timer that compares."""

import json
from pathlib import Path
from typing import Any

import pytest

import timers
from core.protection import audit
from core.protection.audit import AuditHead
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
    rechain_middle,
    some_logs,
)
from tests.wallet.factories import stored_licence
from tests.wallet.test_uses import look
from wallet.errors import AnchorForgotten
from wallet.log import access_log, anchors, merkle, transparency
from wallet.log import alarms as log_alarms
from wallet.log import memory as log_memory
from wallet.log.anchors import BrokenAnchor
from wallet.log.memory import RolledBack
from wallet.log_models import Anchor, AnchoredHead, LogEntry, UseHead


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
