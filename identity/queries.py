"""Reading people, organisations, officers and counters. Views are plain values, decrypted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from core import clock
from core.data.statements import Statement
from core.protection.protect import blind_index, blind_indexes
from identity import errors
from identity.models import (
    ID_NO_PURPOSE,
    USER_PURPOSE,
    Counter,
    Department,
    Officer,
    PlatformAccount,
    Relation,
    RelationKind,
    State,
    Subject,
)

_PLATFORMS = Statement("SELECT platform FROM identity_platform_account WHERE subject_id = ?")


@dataclass(frozen=True, kw_only=True)
class SubjectView:
    """A person or an organisation as other packages see it."""

    id: UUID
    kind: Literal["natural_person", "organisation"]
    name: str = field(repr=False)
    id_type: str
    """`111` identity card, `001` unified social credit code."""
    id_no: str = field(repr=False)
    phone: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OrganisationLink:
    """An organisation or a ward a person may act for, with the strongest relation."""

    id: UUID
    name: str
    uscc: str
    """Empty for a ward: a child's number is nobody's to list."""
    relation: Literal["legal_representative", "agent", "guardian"]


@dataclass(frozen=True, kw_only=True)
class PlatformUser:
    """How a platform names a person."""

    platform: str
    user_id: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DepartmentView:
    """A department as the staff pages show it."""

    key: str
    name: str
    short_name: str
    credit_code: str


@dataclass(frozen=True, kw_only=True)
class OfficerView:
    """A member of staff without anything secret."""

    id: UUID
    staff_no: str
    name: str
    roles: frozenset[str]
    department: str | None
    active: bool


@dataclass(frozen=True, kw_only=True)
class CounterView:
    """A counter device."""

    id: UUID
    name: str
    department: str
    hall: str
    active: bool


async def get_subject(subject_id: UUID) -> SubjectView:
    """The subject, or SubjectNotFound."""
    subject = await Subject.get_or_none(id=subject_id)
    if subject is None:
        raise errors.SubjectNotFound()
    return _subject_view(subject)


async def names_of(subject_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of people and organisations, read at once. Raises SubjectNotFound."""
    rows = await Subject.filter(id__in=list(subject_ids)).only("id", "name")
    found = {row.id: row.name for row in rows}
    if len(found) != len(set(subject_ids)):
        raise errors.SubjectNotFound()
    return found


async def find_subject(id_type: str, id_no: str) -> SubjectView | None:
    """The subject with this document, or None. `id_no` in its normalised form."""
    subject = await Subject.get_or_none(id_type=id_type, id_index__in=id_indexes(id_no))
    return None if subject is None else _subject_view(subject)


async def list_organisations(person_id: UUID) -> list[OrganisationLink]:
    """The organisations a person may act for today, each once, ordered by code."""
    relations = await _valid_relations(person_id, at=clock.today())
    strongest: dict[UUID, OrganisationLink] = {}
    for relation in sorted(relations, key=_weakest_first):
        organisation = relation.organisation
        strongest[organisation.id] = OrganisationLink(
            id=organisation.id,
            name=organisation.name,
            uscc="" if relation.kind is RelationKind.GUARDIAN else organisation.id_no,
            relation=relation.kind.value,
        )
    return sorted(strongest.values(), key=lambda link: link.uscc)


async def legal_representative_of(organisation_id: UUID) -> SubjectView | None:
    """The person who represents the organisation today, or None when none is registered."""
    relations = await Relation.filter(
        organisation_id=organisation_id, kind=RelationKind.LEGAL_REPRESENTATIVE
    ).select_related("person")
    today = clock.today()
    return next(
        (_subject_view(relation.person) for relation in relations if _covers(relation, today)),
        None,
    )


async def find_responsible_person(subject_id: UUID) -> UUID | None:
    """Whom to tell about a subject: the person itself, a minor's guardian, or who represents it."""
    subject = await get_subject(subject_id)
    if subject.kind == "natural_person":
        return await _guardian_of(subject_id) or subject.id
    representative = await legal_representative_of(subject_id)
    return None if representative is None else representative.id


async def _guardian_of(ward_id: UUID) -> UUID | None:
    relations = await Relation.filter(organisation_id=ward_id, kind=RelationKind.GUARDIAN)
    today = clock.today()
    return next((row.person_id for row in relations if _covers(row, today)), None)


async def may_act_for(person_id: UUID, organisation_id: UUID) -> bool:
    """Whether the person represents the organisation, or is its agent, today."""
    relations = await Relation.filter(person_id=person_id, organisation_id=organisation_id)
    today = clock.today()
    return any(_covers(relation, today) for relation in relations)


async def stands_for(person_id: UUID, subject_id: UUID) -> bool:
    """Whether the person is the subject, or may act for it today."""
    return person_id == subject_id or await may_act_for(person_id, subject_id)


async def list_platform_users(person_id: UUID) -> list[PlatformUser]:
    """The person's accounts on mini-app platforms, the one used last first."""
    accounts = await PlatformAccount.filter(subject_id=person_id).order_by("-last_used_at")
    return [PlatformUser(platform=account.platform, user_id=account.user) for account in accounts]


async def list_platforms(person_id: UUID) -> list[str]:
    """The platforms the person has accounts on; how they name the person is not opened."""
    rows = await _PLATFORMS.rows(str(person_id))
    return [row["platform"] for row in rows]


async def get_counter(counter_id: UUID) -> CounterView:
    """The counter, also a revoked one, or CounterNotFound."""
    counter = await Counter.get_or_none(id=counter_id)
    if counter is None:
        raise errors.CounterNotFound()
    return CounterView(
        id=counter.id,
        name=counter.name,
        department=counter.department_id,
        hall=counter.hall,
        active=counter.state is State.ACTIVE,
    )


async def get_officer(officer_id: UUID) -> OfficerView:
    """The officer, or OfficerNotFound."""
    officer = await Officer.get_or_none(id=officer_id)
    if officer is None:
        raise errors.OfficerNotFound()
    return OfficerView(
        id=officer.id,
        staff_no=officer.staff_no,
        name=officer.name,
        roles=frozenset(officer.roles),
        department=officer.department_id,
        active=officer.may_work(clock.today()),
    )


async def get_department(key: str) -> DepartmentView:
    """The department, or DepartmentNotFound."""
    department = await Department.get_or_none(key=key)
    if department is None:
        raise errors.DepartmentNotFound()
    return DepartmentView(
        key=department.key,
        name=department.name,
        short_name=department.short_name,
        credit_code=department.credit_code,
    )


async def department_names(keys: Iterable[str]) -> dict[str, str]:
    """Key → name; a department that is known no more is called by its key, and none by ""."""
    wanted = {key for key in keys if key}
    rows = await Department.filter(key__in=wanted).values_list("key", "name") if wanted else []
    return {"": "", **{key: key for key in wanted}, **dict(rows)}


def id_index(id_no: str) -> str:
    """The look-up value of a normalised ID number or credit code."""
    return blind_index(id_no, purpose=ID_NO_PURPOSE)


def user_index(user_id: str) -> str:
    """The look-up value of how a platform names a user."""
    return blind_index(user_id, purpose=USER_PURPOSE)


async def stored_index(id_type: str, id_no: str) -> str:
    """The index a subject stands under, while the master key is changed; else the present one."""
    indexes = id_indexes(id_no)
    if len(indexes) > 1:
        row = await Subject.get_or_none(id_type=id_type, id_index__in=indexes)
        if row is not None:
            return row.id_index
    return indexes[0]


def id_indexes(id_no: str) -> list[str]:
    """Where the number may stand while the master key is changed."""
    return blind_indexes(id_no, purpose=ID_NO_PURPOSE)


async def _valid_relations(person_id: UUID, *, at: date) -> list[Relation]:
    relations = await Relation.filter(person_id=person_id).select_related("organisation")
    return [relation for relation in relations if _covers(relation, at)]


def _covers(relation: Relation, day: date) -> bool:
    if relation.valid_from > day:
        return False
    return relation.valid_to is None or day <= relation.valid_to


def _weakest_first(relation: Relation) -> int:
    return 1 if relation.kind is RelationKind.LEGAL_REPRESENTATIVE else 0


def _subject_view(subject: Subject) -> SubjectView:
    return SubjectView(
        id=subject.id,
        kind=subject.kind.value,
        name=subject.name,
        id_type=subject.id_type,
        id_no=subject.id_no,
        phone=subject.phone,
    )
