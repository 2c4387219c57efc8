"""A holder complains about a look, and the department answers. The look itself stays as it is."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database, outbox
from core.data import once, pages
from core.data.pages import Page, Section
from core.protection import audit
from core.protection.protect import for_row
from identity.principal import Principal
from identity.staff.roles import Act, insist
from wallet.errors import AlreadyComplained, ComplaintClosed, ComplaintNotFound
from wallet.events import ComplaintAnswered, ComplaintMade
from wallet.log import access_log
from wallet.log_models import Complaint, ComplaintState, UseRecord
from wallet.types import catalogue

_KEYS = ("made_at", "id")


@dataclass(frozen=True, kw_only=True)
class ComplaintView:
    """A complaint with the look it is about."""

    id: UUID
    use_id: UUID
    made_at: datetime
    text: str
    state: str
    answer: str
    answered_at: datetime | None
    department: str
    use_at: datetime
    use_who: str
    use_purpose: str
    licence_name: str


async def complain(
    use_id: UUID, *, text: str, by: Principal, asked: once.Asked | None = None
) -> UUID:
    """Ask why somebody looked; once for each look. Raises UseNotFound, AlreadyComplained."""
    look = await access_log.own_record(use_id, by=by)
    try:
        async with database.transaction():
            row = await Complaint.create(
                use_id=use_id,
                subject_id=look.subject_id,
                department=look.department,
                text=text.strip(),
                made_by=by.actor,
                made_at=clock.now(),
            )
            event = ComplaintMade(
                complaint_id=row.id,
                department=look.department,
                licence_name=catalogue.get_type(look.licence_type).name,
                at=row.made_at,
            )
            await outbox.publish(event, key=str(row.id))
            await audit.record(actor=by.actor, action="use.complaint", target=f"complaint:{row.id}")
            await once.keep(asked, json.dumps(str(row.id)))
    except IntegrityError:
        raise AlreadyComplained() from None
    return row.id


async def answer(complaint_id: UUID, *, text: str, by: Principal) -> None:
    """Answer once.

    Raises RoleMissing, ComplaintNotFound (also for other departments), ComplaintClosed.
    """
    row = await Complaint.get_or_none(id=complaint_id)
    insist(by, Act.ANSWER_COMPLAINTS)
    if row is None or not _may_answer(row, by):
        raise ComplaintNotFound()
    look = await UseRecord.get(id=row.use_id)
    async with database.transaction():
        said = {
            "state": ComplaintState.ANSWERED,
            "answer": text.strip(),
            "answered_by": by.actor,
            "answered_at": clock.now(),
        }
        waiting = Complaint.filter(id=complaint_id, state=ComplaintState.OPEN)
        changed = await waiting.update(**for_row(Complaint, said, complaint_id))
        if not changed:
            raise ComplaintClosed()
        event = ComplaintAnswered(
            complaint_id=row.id,
            subject_id=row.subject_id,
            licence_id=look.licence_id,
            licence_name=catalogue.get_type(look.licence_type).name,
            answer=text.strip(),
        )
        await outbox.publish(event, key=str(row.id))
        await audit.record(
            actor=by.actor, action="use.complaint-answered", target=f"complaint:{row.id}"
        )


async def list_own(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[ComplaintView]:
    """The caller's complaints, newest first. Raises WrongPlace."""
    own = Section("complaints.own", Complaint.filter(subject_id=by.applicant_id), _KEYS)
    return await _views(await pages.read(own, after=after, limit=limit))


async def list_for_staff(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[ComplaintView]:
    """Complaints that wait for the officer's department, oldest first.

    Looks by nobody of a department (an enterprise, a shared link) are the supervisors'. Raises
    RoleMissing, WrongPlace.
    """
    insist(by, Act.ANSWER_COMPLAINTS)
    rows = Complaint.filter(state=ComplaintState.OPEN)
    if by.department is not None:
        rows = rows.filter(department=by.department)
    waiting = Section("complaints.waiting", rows, _KEYS, newest_first=False)
    return await _views(await pages.read(waiting, after=after, limit=limit))


def _may_answer(row: Complaint, by: Principal) -> bool:
    return by.covers(row.department) if row.department else by.department is None


async def _views(rows: Page[Complaint]) -> Page[ComplaintView]:
    looks = {look.id: look for look in await UseRecord.filter(id__in=[row.use_id for row in rows])}
    shown = (_view(row, looks[row.use_id]) for row in rows if row.use_id in looks)
    return Page(shown, following=rows.following)


def _view(row: Complaint, look: UseRecord) -> ComplaintView:
    return ComplaintView(
        id=row.id,
        use_id=row.use_id,
        made_at=row.made_at,
        text=row.text,
        state=row.state.value,
        answer=row.answer,
        answered_at=row.answered_at,
        department=row.department,
        use_at=look.at,
        use_who=look.who_name,
        use_purpose=look.purpose,
        licence_name=catalogue.get_type(look.licence_type).name,
    )
