"""Mandates: a legal representative lets people act for the organisation, from today to a day.

Who logs in for an organisation is a person with a relation to it that is valid today; the legal
representative's comes from the business licence, an agent's from a mandate.
"""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from core import clock
from core.database import transaction
from core.protection import audit
from identity import errors, queries
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.models import Relation, RelationKind
from identity.people import named, organisations
from identity.principal import Principal

LONGEST_YEARS = 3


@dataclass(frozen=True, kw_only=True)
class MandateView:
    """An agent of an organisation."""

    person_id: UUID
    name: str = field(repr=False)
    id_no: str = field(repr=False)
    valid_to: date | None


async def list_mandates(organisation_id: UUID, *, by: Principal) -> list[MandateView]:
    """Agents whose mandate has not ended. Raises NotActingFor for other people's organisations."""
    await _require_representative(organisation_id, by)
    today = clock.today()
    rows = await Relation.filter(
        organisation_id=organisation_id, kind=RelationKind.AGENT
    ).select_related("person")
    return [
        MandateView(
            person_id=row.person.id,
            name=row.person.name,
            id_no=row.person.id_no,
            valid_to=row.valid_to,
        )
        for row in rows
        if row.valid_to is None or row.valid_to >= today
    ]


async def grant(
    organisation_id: UUID, *, name: str, id_no: str, valid_to: date, by: Principal
) -> None:
    """Let a known person act until `valid_to` (included).

    Name and number must both be right; the refusal does not say which was wrong, and there are a
    few tries a day (`named`). Raises StepUpRequired, NotActingFor, InvalidIdentityNumber,
    SubjectNotFound, TooManyGuesses, InvalidMandate.
    """
    assurance.require(by, Act.GRANT_MANDATE)
    await _require_representative(organisation_id, by)
    today = clock.today()
    if not today <= valid_to <= today.replace(year=today.year + LONGEST_YEARS, day=1):
        raise errors.InvalidMandate()
    person = await named.get_person(id_no, name, by=by)
    async with transaction():
        await Relation.update_or_create(
            {"valid_from": today, "valid_to": valid_to},
            person_id=person.id,
            organisation_id=organisation_id,
            kind=RelationKind.AGENT,
        )
        await audit.record(
            actor=by.actor,
            action="mandate-granted",
            target=f"organisation:{organisation_id}",
            detail={"person": str(person.id), "until": valid_to.isoformat()},
        )


async def end(organisation_id: UUID, *, person_id: UUID, by: Principal) -> None:
    """End a mandate now. Raises StepUpRequired, NotActingFor."""
    assurance.require(by, Act.GRANT_MANDATE)
    await _require_representative(organisation_id, by)
    await organisations.end_agency(organisation_id, person_id=person_id, by=by.actor)


async def _require_representative(organisation_id: UUID, by: Principal) -> None:
    for link in await queries.list_organisations(by.person_id):
        if link.id == organisation_id and link.relation == "legal_representative":
            return
    raise errors.NotActingFor()
