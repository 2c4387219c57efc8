"""Who represents an organisation by law (法定代表人, 经营者, 负责人), and how that is known.

Never whoever applied: a business licence in the register that names the person by identity number
proves it, or two officers record it at a desk on a document. A new representative ends the former's
powers and every mandate that was given until then, in the same transaction; who acts for the
organisation is asked on each request, so that open sessions fall back at once.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core import clock
from core.data import once, pages
from core.data.pages import Page, Section
from core.database import transaction
from core.protection import audit
from identity import errors, numbers, queries
from identity.log_in import assurance, guesses
from identity.models import Relation, RelationKind, Subject
from identity.people import named, persons
from identity.principal import Principal
from identity.representative_models import Representation
from identity.representative_models import RepresentationState as State
from identity.staff import roles
from identity.staff.roles import Act

MOST_RELATIONS = 200
"""Ended powers that are named one by one in the audit."""

CLAIMS_A_DAY = 20
"""Organisations one person may ask for: credit codes are public, names of representatives too."""


@dataclass(frozen=True, kw_only=True)
class LicenceSays:
    """Whom the organisation's valid business licence names."""

    number: str
    name: str = field(repr=False)
    id_no: str | None = field(repr=False)
    """None where the licence came without the number."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as a document names them."""

    name: str = field(repr=False)
    id_no: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RepresentationView:
    """A record as the desk sees it."""

    id: UUID
    organisation: str
    uscc: str
    person_masked: str
    way: str
    document_no: str
    state: State
    recorded_at: datetime
    ended_at: datetime | None
    may: list[str]
    """agree, refuse."""


async def claim(
    organisation_id: UUID | None, *, licence: LicenceSays | None, by: Principal
) -> None:
    """The caller says to represent the organisation; its licence in the register decides.

    Raises StepUpRequired, TooManyGuesses, RepresentativeNotProved (alike for an
    organisation that is not known, one without a licence or with one that bears no number, and one
    whose licence names somebody else).
    """
    assurance.require(by, assurance.Act.REPRESENT)
    await guesses.spend(f"represent/{by.person_id}", limit=CLAIMS_A_DAY)
    person = await queries.get_subject(by.person_id)
    wanted = "" if licence is None or licence.id_no is None else licence.id_no
    named_here = hmac.compare_digest(wanted.encode(), person.id_no.encode())
    if organisation_id is None or licence is None or not named_here:
        raise errors.RepresentativeNotProved()
    async with transaction():
        await appoint(
            organisation_id,
            person_id=by.person_id,
            way="licence",
            document_no=licence.number,
            by=by.actor,
        )


async def follow_licence(
    organisation_id: UUID, *, says: LicenceSays, by: str, applicant_id: UUID | None = None
) -> None:
    """A business licence was issued: whom it names represents the organisation from now on.

    In the transaction of the issue. A licence without the number makes the applicant the
    representative only of an organisation that never had one, and only under the licence's own
    name; one that names another person than before ends the former's powers all the same.
    """
    if says.id_no is not None:
        number = numbers.check_identity_number(says.id_no)
        person_id = await persons.register(id_no=number, name=says.name, phone=None, by=by)
    else:
        present = await queries.legal_representative_of(organisation_id)
        if present is not None and present.name != says.name:
            await _end_all(organisation_id, by=by, cause="licence")
        if present is not None or applicant_id is None:
            return
        applicant = await queries.get_subject(applicant_id)
        known = await Representation.exists(organisation_id=organisation_id)
        if known or applicant.kind != "natural_person" or applicant.name != says.name:
            return
        person_id = applicant_id
    await appoint(
        organisation_id, person_id=person_id, way="licence", document_no=says.number, by=by
    )


async def appoint(
    organisation_id: UUID,
    *,
    person_id: UUID,
    way: str,
    document_no: str,
    by: str,
    proposed: UUID | None = None,
) -> bool:
    """Make the person the one representative; False when that is so already.

    `proposed` is the record that two officers agreed on; without one it is made.

    In a transaction of the caller's. Raises SubjectNotFound for either of them.
    """
    await _lock(organisation_id)
    await queries.get_subject(person_id)
    present = await queries.legal_representative_of(organisation_id)
    if present is not None and present.id == person_id:
        await Representation.filter(id=proposed).update(state=State.ENDED, ended_at=clock.now())
        return False
    if present is not None:
        await _end_all(organisation_id, by=by, cause=way)
    at = clock.now()
    await Relation.update_or_create(
        {"valid_from": clock.today(), "valid_to": None},
        person_id=person_id,
        organisation_id=organisation_id,
        kind=RelationKind.LEGAL_REPRESENTATIVE,
    )
    if proposed is None:
        row = await Representation.create(
            organisation_id=organisation_id,
            person_id=person_id,
            way=way,
            document_no=document_no[:80],
            state=State.IN_FORCE,
            recorded_by=by,
            recorded_at=at,
        )
        proposed = row.id
    await Representation.filter(id=proposed).update(since_at=at, open_of=organisation_id)
    await _record("representative-recorded", organisation_id, person_id, by=by, way=way)
    return True


async def propose(
    *,
    uscc: str,
    organisation: str,
    person: Person,
    document_no: str,
    by: Principal,
    asked: once.Asked | None = None,
) -> UUID:
    """Record at a desk, on a document, that a person represents an organisation.

    Another officer has to agree. Raises RoleMissing, TooManyGuesses, SubjectNotFound (the
    organisation's name and code do not belong together), InvalidCreditCode,
    InvalidIdentityNumber, RepresentationIncomplete.
    """
    roles.insist(by, Act.KEEP_REPRESENTATIVES)
    if not document_no.strip() or not person.name.strip():
        raise errors.RepresentationIncomplete()
    number = numbers.check_identity_number(person.id_no)
    firm = await named.get(numbers.check_credit_code(uscc), organisation, by=by)
    known = await queries.find_subject(persons.IDENTITY_CARD_TYPE, number)
    if known is not None:
        known = await named.get_person(number, person.name, by=by)
    async with transaction():
        if known is None:
            person_id = await persons.register(
                id_no=number, name=person.name.strip(), phone=None, by=by.actor
            )
        else:
            person_id = known.id
        row = await Representation.create(
            organisation_id=firm.id,
            person_id=person_id,
            way="desk",
            document_no=document_no.strip()[:80],
            state=State.PROPOSED,
            recorded_by=by.actor,
            recorded_at=clock.now(),
        )
        await _record("representative-proposed", firm.id, person_id, by=by.actor, way="desk")
        await once.keep(asked, json.dumps(str(row.id)))
    return row.id


async def agree(representation_id: UUID, *, by: Principal) -> None:
    """The second officer has seen the document: in force now, and the former's powers are over.

    Raises RoleMissing, RepresentationNotFound, SecondOfficerNeeded, RepresentationMoved.
    """
    roles.insist(by, Act.KEEP_REPRESENTATIVES)
    row = await _get(representation_id)
    if row.recorded_by == by.actor:
        raise errors.SecondOfficerNeeded()
    async with transaction():
        await _lock(row.organisation_id)
        await _settle(row, State.IN_FORCE, by=by)
        await appoint(
            row.organisation_id,
            person_id=row.person_id,
            way=row.way,
            document_no=row.document_no,
            by=by.actor,
            proposed=row.id,
        )


async def refuse(representation_id: UUID, *, by: Principal) -> None:
    """The document does not bear it. Raises as `agree`, but for the second officer."""
    roles.insist(by, Act.KEEP_REPRESENTATIVES)
    row = await _get(representation_id)
    async with transaction():
        await _settle(row, State.REFUSED, by=by)
        await _record(
            "representative-refused", row.organisation_id, row.person_id, by=by.actor, way=row.way
        )


async def list_waiting(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[RepresentationView]:
    """What waits for a second officer, the oldest first. Raises RoleMissing, WrongPlace."""
    roles.insist(by, Act.KEEP_REPRESENTATIVES)
    waiting = Representation.filter(state=State.PROPOSED)
    section = Section("representations.waiting", waiting, ("recorded_at", "id"), newest_first=False)
    rows = await pages.read(section, after=after, limit=limit)
    ids = {row.organisation_id for row in rows} | {row.person_id for row in rows}
    known = {row.id: row for row in await Subject.filter(id__in=list(ids))}
    return rows.map(lambda row: _view(row, known, by))


async def _end_all(organisation_id: UUID, *, by: str, cause: str) -> None:
    """The representative's powers are over, and with them every mandate given until now."""
    powers = (RelationKind.LEGAL_REPRESENTATIVE, RelationKind.AGENT)
    ended = Relation.filter(organisation_id=organisation_id, kind__in=powers)
    for relation in await ended.limit(MOST_RELATIONS):
        action = f"{relation.kind.value.replace('_', '-')}-ended"
        await _record(action, organisation_id, relation.person_id, by=by, way=cause)
    await ended.delete()
    await Representation.filter(open_of=organisation_id).update(
        state=State.ENDED, ended_at=clock.now(), open_of=None
    )


async def _settle(row: Representation, state: State, *, by: Principal) -> None:
    waiting = Representation.filter(id=row.id, state=State.PROPOSED)
    if not await waiting.update(state=state, agreed_by=by.actor):
        raise errors.RepresentationMoved()


async def _lock(organisation_id: UUID) -> None:
    """Two changes of one organisation follow each other."""
    found = await Subject.filter(id=organisation_id).select_for_update().get_or_none()
    if found is None:
        raise errors.SubjectNotFound()


async def _get(representation_id: UUID) -> Representation:
    row = await Representation.get_or_none(id=representation_id)
    if row is None:
        raise errors.RepresentationNotFound()
    return row


async def _record(
    action: str, organisation_id: UUID, person_id: UUID, *, by: str, way: str
) -> None:
    await audit.record(
        actor=by,
        action=action,
        target=f"organisation:{organisation_id}",
        detail={"person": str(person_id), "way": way},
    )


def _view(row: Representation, known: dict[UUID, Subject], by: Principal) -> RepresentationView:
    firm, person = known[row.organisation_id], known[row.person_id]
    own = row.recorded_by == by.actor
    return RepresentationView(
        id=row.id,
        organisation=firm.name,
        uscc=firm.id_no,
        person_masked=f"{person.name[:1]}** {numbers.mask_id_no(person.id_no)}",
        way=row.way,
        document_no=row.document_no,
        state=row.state,
        recorded_at=row.recorded_at,
        ended_at=row.ended_at,
        may=["refuse"] if own else ["agree", "refuse"],
    )
