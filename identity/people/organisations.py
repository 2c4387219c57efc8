"""Organisations and who may act for them."""

from datetime import date
from uuid import UUID

from core import clock
from core.database import transaction
from core.protection import audit
from identity import numbers, queries
from identity.models import Relation, RelationKind, Subject, SubjectKind
from identity.people import representatives

CREDIT_CODE_TYPE = "001"


async def register(*, uscc: str, name: str, legal_representative_id: UUID, by: str) -> UUID:
    """As `ensure`, with somebody who is known to represent it.

    Raises InvalidCreditCode, SubjectNotFound (the representative).
    """
    await queries.get_subject(legal_representative_id)
    async with transaction():
        organisation_id = await ensure(uscc=uscc, name=name, by=by)
        await representatives.appoint(
            organisation_id, person_id=legal_representative_id, way="known", document_no="", by=by
        )
    return organisation_id


async def ensure(*, uscc: str, name: str, by: str) -> UUID:
    """The organisation with this credit code, made when it is new; idempotent by `uscc`.

    A known organisation keeps its name. Who represents it is another question
    (`people.representatives`). Raises InvalidCreditCode.
    """
    code = numbers.check_credit_code(uscc)
    async with transaction():
        subject, created = await Subject.get_or_create(
            {"kind": SubjectKind.ORGANISATION, "id_no": code, "name": name},
            id_type=CREDIT_CODE_TYPE,
            id_index=await queries.stored_index(CREDIT_CODE_TYPE, code),
        )
        if created:
            await audit.record(
                actor=by, action="organisation-registered", target=f"organisation:{subject.id}"
            )
    return subject.id


async def authorise_agent(organisation_id: UUID, *, person_id: UUID, by: str) -> None:
    """Let a person act for the organisation from today on. Repeating it changes nothing.

    Raises SubjectNotFound for either of them.
    """
    await queries.get_subject(organisation_id)
    await queries.get_subject(person_id)
    async with transaction():
        if await _relate(person_id, organisation_id, RelationKind.AGENT, clock.today()):
            await audit.record(
                actor=by,
                action="agent-authorised",
                target=f"organisation:{organisation_id}",
                detail={"person": str(person_id)},
            )


async def end_agency(organisation_id: UUID, *, person_id: UUID, by: str) -> None:
    """End a person's agency now; sessions that act for it fall back at their next request."""
    async with transaction():
        ended = await Relation.filter(
            person_id=person_id, organisation_id=organisation_id, kind=RelationKind.AGENT
        ).delete()
        if ended:
            await audit.record(
                actor=by,
                action="agency-ended",
                target=f"organisation:{organisation_id}",
                detail={"person": str(person_id)},
            )


async def _relate(person_id: UUID, organisation_id: UUID, kind: RelationKind, day: date) -> bool:
    _, created = await Relation.get_or_create(
        {"valid_from": day}, person_id=person_id, organisation_id=organisation_id, kind=kind
    )
    return created
