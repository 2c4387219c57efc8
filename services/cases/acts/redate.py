"""Another calendar moved the clocks of a case: its dates follow, and its timeline says so."""

from __future__ import annotations

from uuid import UUID

from core import clock
from core.database import transaction
from core.protection import audit
from services.cases import case_clocks, moves, timeline
from services.cases.models import Case

_NAMES = {
    "acceptance_due_on": "受理答复期限",
    "due_on": "承诺办结期限",
    "statutory_due_on": "法定办结期限",
}


async def follow(case_id: UUID) -> None:
    """Write the dates that the clocks say now; what they say already is left alone.

    Raises `CaseChanged` beside an act, for the relay to try again.
    """
    case = await Case.get_or_none(id=case_id)
    if case is None:
        return
    async with transaction():
        said = await case_clocks.due_dates(case)
        moved = {name: day for name, day in said.items() if getattr(case, name) != day}
        if not moved:
            return
        before = {name: getattr(case, name) for name in moved}
        await moves.redate(case, moved)
        text = "；".join(
            f"{_NAMES[name]}由 {before[name]} 变为 {day}" for name, day in moved.items()
        )
        await timeline.append(
            case.id,
            kind="deadline-moved",
            title="期限随工作日历调整",
            text=f"{text}。",
            actor_text=timeline.PLATFORM,
            at=clock.now(),
        )
        await audit.record(
            actor="system:calendar",
            action="case.redate",
            target=moves.target_of(case),
            detail={name: str(day) for name, day in moved.items()},
        )
