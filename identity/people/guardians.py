"""Minors under guardians: a parent sees and uses the wallet of a child until it is of age.

A guardianship is recorded by an officer from a document (birth certificate, court order) and ends
the day before the eighteenth birthday (民法典 art. 17, 27), or earlier by another document. Acting
for a ward is switched like acting for an organisation; each look stands in the ward's log.
"""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from core import clock
from core.data import once
from core.database import transaction
from core.protection import audit
from identity import errors, numbers, queries
from identity.models import Relation, RelationKind

OF_AGE = 18


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A child whose guardian somebody is today."""

    id: UUID
    name: str = field(repr=False)
    until: date


@dataclass(frozen=True, kw_only=True)
class Guardian:
    """Who is guardian of a child today."""

    id: UUID
    name: str = field(repr=False)
    until: date


def last_day(born: date) -> date:
    """The last day of minority. Pure."""
    try:
        birthday = born.replace(year=born.year + OF_AGE)
    except ValueError:  # born on 29 February
        birthday = born.replace(year=born.year + OF_AGE, month=3, day=1)
    return birthday - timedelta(days=1)


def insist_minor(id_no: str) -> date:
    """The last day of minority of the person with this number. Raises NotAMinor when over."""
    until = last_day(numbers.birth_date(id_no))
    if until < clock.today():
        raise errors.NotAMinor()
    return until


async def record(
    ward_id: UUID,
    *,
    guardian_id: UUID,
    document_no: str,
    by: str,
    asked: once.Asked | None = None,
) -> date:
    """Record a guardianship on the ground of a document; returns its last day.

    Repeating it changes nothing. Raises SubjectNotFound, NotAMinor (of age, or no person).
    """
    ward, guardian = await queries.get_subject(ward_id), await queries.get_subject(guardian_id)
    if ward.kind != "natural_person" or guardian.kind != "natural_person":
        raise errors.NotAMinor()
    if ward_id == guardian_id:
        raise errors.NotAMinor()
    until = insist_minor(ward.id_no)
    async with transaction():
        await Relation.update_or_create(
            {"valid_from": clock.today(), "valid_to": until},
            person_id=guardian_id,
            organisation_id=ward_id,
            kind=RelationKind.GUARDIAN,
        )
        await audit.record(
            actor=by,
            action="guardianship-recorded",
            target=f"citizen:{ward_id}",
            detail={"guardian": str(guardian_id), "document_no": document_no},
        )
        await once.keep(asked, json.dumps(until.isoformat()))
    return until


async def end(ward_id: UUID, *, guardian_id: UUID, document_no: str, by: str) -> bool:
    """End a guardianship now; sessions that act for the ward fall back at their next request.

    Returns False when there is none.
    """
    async with transaction():
        ended = await Relation.filter(
            person_id=guardian_id, organisation_id=ward_id, kind=RelationKind.GUARDIAN
        ).delete()
        if ended:
            await audit.record(
                actor=by,
                action="guardianship-ended",
                target=f"citizen:{ward_id}",
                detail={"guardian": str(guardian_id), "document_no": document_no},
            )
    return bool(ended)


async def list_guardians(ward_id: UUID) -> list[Guardian]:
    """Who is guardian of a child today."""
    today = clock.today()
    rows = await Relation.filter(
        organisation_id=ward_id, kind=RelationKind.GUARDIAN, valid_to__gte=today
    ).select_related("person")
    return [
        Guardian(id=row.person.id, name=row.person.name, until=row.valid_to or today)
        for row in rows
    ]


async def list_wards(guardian_id: UUID) -> list[Ward]:
    """The children a person is guardian of today."""
    today = clock.today()
    rows = await Relation.filter(
        person_id=guardian_id, kind=RelationKind.GUARDIAN, valid_to__gte=today
    ).select_related("organisation")
    return [
        Ward(id=row.organisation.id, name=row.organisation.name, until=row.valid_to or today)
        for row in rows
    ]
