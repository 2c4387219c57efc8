"""The numbered progress of a case, in words an applicant understands."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from identity.principal import Principal, PrincipalKind
from services.cases.models import Case, TimelineEntry

PLATFORM = "系统"
APPLICANT = "申请人"


async def append(
    case_id: UUID,
    *,
    kind: str,
    title: str,
    text: str = "",
    actor_text: str = PLATFORM,
    at: datetime,
) -> int:
    """The next entry of the case; returns its number. Call it inside `transaction()`.

    The counter lies on the case row, whose lock orders entries that are written side by side.
    """
    await Case.filter(id=case_id).update(timeline_length=F("timeline_length") + 1)
    n = (await Case.get(id=case_id).only("id", "timeline_length")).timeline_length
    await TimelineEntry.create(
        case_id=case_id, n=n, at=at, kind=kind, title=title, text=text, actor_text=actor_text
    )
    return n


async def list_entries(case_id: UUID, *, after: int = 0) -> list[TimelineEntry]:
    """Entries with a number above `after`, in order."""
    return await TimelineEntry.filter(case_id=case_id, n__gt=after).order_by("n")


def actor_text(by: Principal | None, *, department_name: str = "") -> str:
    """Who acted, without naming the officer: the office answers, not the person."""
    if by is None:
        return PLATFORM
    if by.kind is PrincipalKind.CITIZEN:
        return APPLICANT
    return department_name or "经办部门"
