"""The port to an upstream licence library (市电子证照库), and what comes through it.

Each library speaks its own protocol; an adapter is a class with these three questions. What it
answers passes the same checks as an intake batch. `StandIn` is the library of tests and demos.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from core import clock, database, jobs, outbox
from core.protection import audit
from wallet.document import lines as intake_lines
from wallet.document.lines import Incoming
from wallet.intake import rows
from wallet.models import Licence, NumberCounter
from wallet.register import status
from wallet.share_models import IntakeLine, LineOutcome
from wallet.types.validity import LicenceState

log = logging.getLogger(__name__)

ACTOR = "system:upstream"
NEWS = "upstream-news"
PATIENCE_SECONDS = 20.0
_NO_BATCH = UUID(int=0)
"""Lines of a query belong to no batch; their report is answered, not stored."""


@dataclass(frozen=True, kw_only=True)
class StateNews:
    """The library says that a licence changed its state."""

    position: int
    identifier: str
    state: LicenceState
    cause: str
    authority: str
    document_no: str
    at: datetime


class Upstream(Protocol):
    """What we ask of a library. Every method raises core.errors.Unavailable when it is away."""

    async def query(self, *, id_type: str, id_no: str) -> Sequence[bytes]:
        """The licences of a holder, as lines of an intake batch."""
        ...

    async def file(self, identifier: str) -> bytes | None:
        """The sealed document of a licence, or None."""
        ...

    async def news(self, *, after: int, limit: int) -> Sequence[StateNews]:
        """Changes of state after a position, oldest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of asking for a holder."""

    taken: int
    duplicates: int
    refused: tuple[str, ...]


async def take_holder(
    upstream: Upstream, *, id_type: str, id_no: str, department: str, library: str
) -> Taken:
    """Ask for a holder's licences of a department and take in what is new and right."""
    lines = list(await upstream.query(id_type=id_type, id_no=id_no))
    read = intake_lines.read_lines(lines, department=department, today=clock.today())
    mine = [_of_holder(one, id_no) for one in read]
    async with database.transaction():
        counts, report = await rows.store(_NO_BATCH, mine, first=1)
        await audit.record(
            actor=ACTOR,
            action="upstream.take",
            target=f"upstream:{library}",
            detail={"taken": counts[LineOutcome.TAKEN], "sent": len(lines)},
        )
    return Taken(
        taken=counts[LineOutcome.TAKEN],
        duplicates=counts[LineOutcome.DUPLICATE],
        refused=tuple(_refusals(report)),
    )


async def follow(libraries: Mapping[str, Upstream], *, limit: int = 500) -> None:
    """Apply what each library says of changes of state, from where it was followed to last.

    A library that is away, slow or talks nonsense is left for the next time and holds up nothing.
    News that cannot be applied become a job of their own (`apply_again`): those behind them go on.
    """
    for library, upstream in libraries.items():
        try:
            await _follow_one(library, upstream, limit=limit)
        except Exception as problem:  # whatever one library says stops no other
            log.warning(
                "upstream library %s cannot be followed: %s", library, type(problem).__name__
            )


async def position_of(library: str) -> int:
    """The position of the last news that was applied."""
    row = await NumberCounter.get_or_none(name=f"upstream/{library}")
    return int(row.following) if row else 0


async def _follow_one(library: str, upstream: Upstream, *, limit: int) -> None:
    after = await position_of(library)
    async with asyncio.timeout(PATIENCE_SECONDS):
        heard = await upstream.news(after=after, limit=limit)
    for news in heard:
        if news.position <= after:
            continue
        try:
            async with database.transaction():
                # One transaction: what was applied is never applied again, nothing is left out.
                await _apply(news)
                await _note_position(library, news.position)
        except Exception as error:
            async with database.transaction():
                await jobs.put_off(NEWS, f"{library}:{news.position}", error)
                await _note_position(library, news.position)
        after = news.position


async def apply_again(ref: str, libraries: Mapping[str, Upstream]) -> None:
    """Ask again for news that could not be applied (`LIBRARY:POSITION`), and apply them.

    A library that no longer has them, or that is no longer followed, has taken them back.
    """
    library, _, number = ref.rpartition(":")
    if library not in libraries:
        return
    async with asyncio.timeout(PATIENCE_SECONDS):
        heard = await libraries[library].news(after=int(number) - 1, limit=1)
    for news in heard:
        if news.position == int(number):
            async with database.transaction():
                await _apply(news)


async def _note_position(library: str, position: int) -> None:
    await NumberCounter.update_or_create({"following": position}, name=f"upstream/{library}")


async def _apply(news: StateNews) -> None:
    licence = await Licence.get_or_none(identifier=news.identifier)
    if licence is None or licence.state not in status.MOVES.get(news.state, ()):
        return
    cause, authority = news.cause[:200], news.authority[:80]
    changed = await status.record_change(
        licence,
        news.state,
        cause=cause,
        authority=authority,
        document_no=news.document_no[:80],
        by=ACTOR,
    )
    if not changed:
        return
    event = status.change_event(licence, news.state, cause=cause, authority=authority)
    await outbox.publish(event, key=str(licence.id))
    await audit.record(
        actor=ACTOR,
        action=f"licence.{news.state.value}",
        target=f"licence:{licence.id}",
        detail={"document_no": news.document_no, "position": news.position},
    )


@dataclass
class StandIn:
    """A library in memory."""

    lines: list[dict[str, object]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    changes: list[StateNews] = field(default_factory=list)

    async def query(self, *, id_type: str, id_no: str) -> Sequence[bytes]:
        found = [line for line in self.lines if _holder_of(line) == (id_type, id_no)]
        return [msgspec.json.encode(line) for line in found]

    async def file(self, identifier: str) -> bytes | None:
        return self.files.get(identifier)

    async def news(self, *, after: int, limit: int) -> Sequence[StateNews]:
        return [news for news in self.changes if news.position > after][:limit]


def _holder_of(line: dict[str, object]) -> tuple[str, str]:
    holder = line.get("holder")
    stated = holder if isinstance(holder, dict) else {}
    return str(stated.get("id_type", "111")), str(stated.get("id_no"))


def _of_holder(one: Incoming | str, id_no: str) -> Incoming | str:
    """A library that answers with somebody else's licence is not believed."""
    if isinstance(one, Incoming) and one.holder_id_no != id_no:
        return "不是所查询持证主体的证照"
    return one


def _refusals(report: Sequence[IntakeLine]) -> list[str]:
    refused = (LineOutcome.INVALID, LineOutcome.CONFLICT)
    return [row.message for row in report if row.outcome in refused]
