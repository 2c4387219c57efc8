"""制发、变更 by hand: an officer issues a licence, or its next version, on a decision (文书).

For what no case of this system led to: a court's order, a decision on paper, a correction. The
ground is the authority's document number; one document gives one holder one licence of a type, so
that a repeat makes nothing new. Types of sensitive data (PIPL art. 28) take a second officer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core import clock, database
from core.ids import derived_id
from core.protection import audit
from identity import queries as identity_queries
from identity.people import named
from identity.principal import Principal
from identity.queries import SubjectView
from identity.staff import roles
from identity.staff.roles import Act
from wallet import second_person
from wallet.desk import Desk
from wallet.errors import (
    GroundAlreadyUsed,
    HolderDoesNotFit,
    InvalidFacts,
    LicenceNotFound,
    NotALicenceOfficer,
    PreviousLicenceMissing,
    SecondPersonNeeded,
)
from wallet.issue import from_case
from wallet.issue.from_case import ByHand
from wallet.log import access_log
from wallet.log_models import UseKind
from wallet.models import Licence
from wallet.register import copies, status
from wallet.register.queries import facts_from
from wallet.types import catalogue
from wallet.types.facts import Facts
from wallet.types.licence_types import Field, LicenceType

CHANGEABLE = ("valid", "suspended")


@dataclass(frozen=True, kw_only=True)
class Named:
    """The holder as the officer reads the name and the number from the document."""

    name: str
    id_no: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The fields of the licence to be, filled in as far as holder and last version say them."""

    type_: LicenceType
    facts: Facts
    missing: tuple[Field, ...]
    allotted: str | None
    """The field of the licence number, which nobody types."""
    needs_second: bool


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the issue rests on, and who vouches for it beside the officer."""

    document_no: str
    cause: str
    second: Principal | None = None


def types_for(by: Principal) -> list[LicenceType]:
    """The types this officer may issue: those of the department. Raises NotALicenceOfficer."""
    if by.department is None or not roles.allows(by, Act.ISSUE_LICENCES):
        raise NotALicenceOfficer()
    return [type_ for type_ in catalogue.all_types() if type_.issuer == by.department]


def needs_second(type_: LicenceType) -> bool:
    """Whether another officer must look at it too."""
    return type_.sensitivity == "sensitive"


async def draft(licence_type: str, *, holder: Named, by: Principal) -> Draft:
    """A first draft for a holder; looking the holder up goes into the audit.

    Raises LicenceTypeNotFound, NotALicenceOfficer, HolderDoesNotFit, SubjectNotFound (an unknown
    number and a name that does not belong to it are answered alike), TooManyGuesses.
    """
    type_ = _own_type(licence_type, by)
    subject = await _holder(type_, holder, by)
    await audit.record_read(
        actor=by.actor, action="holder.looked-up", target=f"citizen:{subject.id}"
    )
    facts, missing = catalogue.draft_facts(
        type_.code, form={}, applicant=subject, previous=None, at=clock.today()
    )
    return _draft(type_, facts, missing)


async def draft_version(licence_id: UUID, *, by: Principal) -> Draft:
    """The facts of a licence for its next version; the look stands in the holder's log.

    Raises LicenceNotFound, NotALicenceOfficer.
    """
    licence = await _own_licence(licence_id, by)
    type_, rule = catalogue.get_type(licence.licence_type), catalogue.rule_for(licence.licence_type)
    facts = facts_from(licence)
    if rule.issued_on and rule.valid_to:
        # A change does not prolong: the end stays in its own field, only the day of issue moves.
        facts = {**facts, rule.issued_on: clock.today().isoformat()}
    look = access_log.Look.by(
        by,
        UseKind.OFFICE,
        ground="颁证机关变更证照",
        purpose="变更证照内容",
        fields_seen=[label for label, _ in catalogue.face_words(type_.code, facts)],
    )
    async with database.transaction():
        await access_log.record(licence, look)
        await audit.record(actor=by.actor, action="licence.read", target=f"licence:{licence.id}")
    return _draft(type_, facts, [])


async def make(
    licence_type: str,
    *,
    holder: Named,
    facts: Mapping[str, object],
    ground: Ground,
    by: Principal,
    desk: Desk,
) -> UUID:
    """制发: the id of the licence, made now or by an earlier call on the same document.

    Raises what `draft` raises, InvalidFacts, SecondPersonNeeded, GroundAlreadyUsed when the
    document led to a licence that says something else, and what sealing raises.
    """
    type_ = _own_type(licence_type, by)
    await _insist_on_second(type_, ground.second, by)
    subject = await _holder(type_, holder, by)
    checked = catalogue.check_facts(type_.code, facts)
    _insist_on_holder(type_, checked, subject)
    ground_id = _issue_ground(type_, checked, subject, ground)
    done = await _made_on(ground_id, checked)
    if done is not None:
        return done
    return await from_case.issue(
        case_id=ground_id,
        case_no=ground.document_no.strip(),
        item_code="",
        subject_id=subject.id,
        person_id=await _person_of(subject.id),
        licence_type=type_.code,
        action=from_case.ISSUE,
        facts=checked,
        previous_licence_id=None,
        by_hand=_by_hand(ground, by),
        desk=desk,
    )


async def change(
    licence_id: UUID,
    *,
    facts: Mapping[str, object],
    ground: Ground,
    by: Principal,
    desk: Desk,
) -> UUID:
    """变更: the id of the next version, which takes the place of this one.

    Pictures stay as they are. Raises LicenceNotFound, NotALicenceOfficer, InvalidFacts,
    SecondPersonNeeded, GroundAlreadyUsed, PreviousLicenceMissing when the licence is not in a state
    to be changed, and what sealing raises.
    """
    licence = await _own_licence(licence_id, by)
    type_ = catalogue.get_type(licence.licence_type)
    await _insist_on_second(type_, ground.second, by)
    checked = catalogue.check_facts(type_.code, {**_pictures(type_, licence), **facts})
    _insist_on_same_holder(type_, checked, licence)
    ground_id = await _change_ground(licence, ground)
    done = await _made_on(ground_id, checked)
    if done is not None:
        return done
    begun = await Licence.exists(case_id=ground_id)
    if licence.state.value not in CHANGEABLE and not begun:
        raise PreviousLicenceMissing(f"证照{licence.state.text}，不能变更")
    return await from_case.issue(
        case_id=ground_id,
        case_no=ground.document_no.strip(),
        item_code="",
        subject_id=licence.subject_id,
        person_id=await _person_of(licence.subject_id),
        licence_type=type_.code,
        action=from_case.CHANGE,
        facts=checked,
        previous_licence_id=licence.id,
        by_hand=_by_hand(ground, by),
        desk=desk,
    )


def _issue_ground(type_: LicenceType, facts: Facts, subject: SubjectView, ground: Ground) -> UUID:
    """What stands for the case. One document marries a couple once, whoever of them was named."""
    holders = sorted(
        identity_queries.id_index(str(facts[key]))
        for key in copies.holder_keys(type_.code)
        if key in facts
    )
    return derived_id(
        "issue", type_.code, *(holders or [str(subject.id)]), ground.document_no.strip()
    )


async def _change_ground(licence: Licence, ground: Ground) -> UUID:
    """The same, whichever of several copies the officer has opened."""
    first = licence
    if copies.holder_keys(licence.licence_type):
        same = Licence.filter(
            licence_type=licence.licence_type,
            number_index=licence.number_index,
            version=licence.version,
        )
        first = await same.order_by("copy", "id").first() or licence
    return derived_id("change", str(first.id), ground.document_no.strip())


def _own_type(code: str, by: Principal) -> LicenceType:
    type_ = catalogue.get_type(code)
    _insist_on_right(type_.issuer, by)
    return type_


async def _own_licence(licence_id: UUID, by: Principal) -> Licence:
    licence = await status.find_licence(licence_id)
    if licence is None or not by.covers(licence.department):
        raise LicenceNotFound()
    _insist_on_right(licence.department, by)
    return licence


def _insist_on_right(department: str, by: Principal) -> None:
    """Seal keepers of the issuing department; who supervises all decides nothing himself."""
    if not roles.allows(by, Act.ISSUE_LICENCES) or by.department != department:
        raise NotALicenceOfficer()


async def _insist_on_second(type_: LicenceType, second: Principal | None, by: Principal) -> None:
    if not needs_second(type_):
        return
    if second is None:
        raise SecondPersonNeeded(f"《{type_.name}》须由另一名工作人员现场复核")
    fits = second.department == by.department and roles.allows(second, Act.VOUCH)
    if second.id == by.id or not fits:
        raise await second_person.refuse(
            by.actor,
            action="licence.issue-by-hand",
            target=second.actor,
            why="复核人须是本部门的另一名审查人员或印章管理员",
        )


async def _holder(type_: LicenceType, holder: Named, by: Principal) -> SubjectView:
    found = await named.get(holder.id_no, holder.name, by=by)
    to_person = catalogue.rule_for(type_.code).issued_to_person
    wanted = "organisation" if type_.holder_kind == "legal_person" else "natural_person"
    if type_.holder_kind != "both" and found.kind != wanted and not to_person:
        raise HolderDoesNotFit()
    return found


def _insist_on_holder(type_: LicenceType, facts: Facts, subject: SubjectView) -> None:
    """The facts may not name somebody else than the holder who was looked up."""
    rule = catalogue.rule_for(type_.code)
    keys = [copy.id for copy in rule.copies] or _holder_keys(type_)
    named = {key: str(facts[key]) for key in keys if key in facts}
    if named and subject.id_no not in named.values() and not rule.issued_to_person:
        fault = "与所填持证主体的证件号码不一致，请核对"
        raise InvalidFacts(fault, fields=dict.fromkeys(named, fault))


def _insist_on_same_holder(type_: LicenceType, facts: Facts, licence: Licence) -> None:
    """A licence passes to nobody else by a change."""
    before = facts_from(licence)
    keys = copies.holder_keys(type_.code) or _holder_keys(type_)
    moved = [key for key in keys if facts.get(key) != before.get(key)]
    if moved:
        fault = "持证主体的号码不能变更，请另行制发"
        raise InvalidFacts(fault, fields=dict.fromkeys(moved, fault))


def _holder_keys(type_: LicenceType) -> list[str]:
    """Fields that tell whose licence it is; the licence number is allotted and kept by itself."""
    rule = catalogue.rule_for(type_.code)
    return [key for key in rule.holder_id if key != rule.number_field]


async def _made_on(ground_id: UUID, facts: Facts) -> UUID | None:
    """The licence an earlier call made on this ground; None while one of its copies is missing.

    Raises GroundAlreadyUsed.
    """
    made = await Licence.filter(case_id=ground_id).order_by("copy")
    if not made:
        return None
    rule = catalogue.rule_for(made[0].licence_type)
    own = {rule.number_field, rule.holder_name if rule.copies else None}
    before = {key: value for key, value in facts_from(made[0]).items() if key not in own}
    if {key: value for key, value in facts.items() if key not in own} != before:
        raise GroundAlreadyUsed()
    return made[0].id if len(made) == max(1, len(rule.copies)) else None


async def _person_of(subject_id: UUID) -> UUID:
    """Whom the issue is told to."""
    return await identity_queries.find_responsible_person(subject_id) or subject_id


def _pictures(type_: LicenceType, licence: Licence) -> Facts:
    pictures = {field.key for field in type_.fields if field.type == "image"}
    return {key: value for key, value in facts_from(licence).items() if key in pictures}


def _by_hand(ground: Ground, by: Principal) -> ByHand:
    return ByHand(
        officer=by.actor,
        cause=ground.cause,
        second=ground.second.actor if ground.second else None,
    )


def _draft(type_: LicenceType, facts: Facts, missing: list[Field]) -> Draft:
    return Draft(
        type_=type_,
        facts=facts,
        missing=tuple(missing),
        allotted=catalogue.rule_for(type_.code).number_field,
        needs_second=needs_second(type_),
    )
