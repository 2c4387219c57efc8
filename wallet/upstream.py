"""The port to an upstream licence library (市电子证照库), and what comes through it.

Each library speaks its own protocol; an adapter is a class with these three questions. What it
answers passes the same checks as an intake batch. `StandIn` is the library of tests and demos.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from core import audit, clock, database
from wallet import intake_lines, intake_rows, status
from wallet.intake_lines import Incoming
from wallet.models import Licence
from wallet.share_models import IntakeLine, LineOutcome
from wallet.validity import LicenceState

ACTOR = "system:upstream"
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
        counts, report = await intake_rows.store(_NO_BATCH, mine, first=1)
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


async def follow_news(upstream: Upstream, *, after: int, limit: int = 500) -> int:
    """Apply changes of state; returns the position to go on from. Repeating changes nothing."""
    for news in await upstream.news(after=after, limit=limit):
        licence = await Licence.get_or_none(identifier=news.identifier)
        if licence is not None and licence.state in status.MOVES.get(news.state, ()):
            async with database.transaction():
                await status.record_change(
                    licence,
                    news.state,
                    cause=news.cause,
                    authority=news.authority,
                    document_no=news.document_no,
                    by=ACTOR,
                )
                await audit.record(
                    actor=ACTOR,
                    action=f"licence.{news.state.value}",
                    target=f"licence:{licence.id}",
                    detail={"document_no": news.document_no, "position": news.position},
                )
        after = news.position
    return after


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
