"""Whose licence it is, and in whose wallet it lies.

The holder (持证主体) stands in the facts. Mostly that is the applicant; but a daughter applies for
her father's senior card, a mother for a birth certificate, a founder for the company's licence.
"""

from dataclasses import dataclass
from uuid import UUID

from core.protection.protect import blind_index, blind_indexes
from identity import queries
from identity.people import organisations, persons, representatives
from identity.people.representatives import LicenceSays
from identity.queries import SubjectView
from wallet.types.check_digits import is_credit_code, is_identity_number
from wallet.types.facts import Facts
from wallet.types.licence_types import DraftRule, LicenceType

ORGANISATION, PERSON = "001", "111"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The holder as the licence names it; `id_type` is a code of GB/T 36903 annex A."""

    name: str
    id_type: str
    id_no: str


def copies_of(
    rule: DraftRule, facts: Facts, *, applicant: SubjectView
) -> list[tuple[Holder | None, Facts]]:
    """Each copy's holder and the facts as they stand in it, the applicant's first. Pure.

    A type without copies has one, whose holder `holder_of` tells once it is numbered.
    """
    if not rule.copies:
        return [(None, facts)]
    copies = [
        Holder(name=str(facts[copy.name]), id_type=PERSON, id_no=str(facts[copy.id]))
        for copy in rule.copies
    ]
    copies.sort(key=lambda holder: holder.id_no != applicant.id_no)
    return [(holder, {**facts, rule.holder_name: holder.name}) for holder in copies]


def holder_of(
    type_: LicenceType, rule: DraftRule, facts: Facts, *, applicant: SubjectView
) -> Holder:
    """The holder that numbered facts name, or the applicant where they name nobody. Pure."""
    name = str(facts.get(rule.holder_name, applicant.name))
    number = next((str(facts[key]) for key in rule.holder_id if key in facts), None)
    if number is None or number == applicant.id_no:
        return Holder(name=name, id_type=applicant.id_type, id_no=applicant.id_no)
    return Holder(name=name, id_type=_id_type(type_, number), id_no=number)


async def wallet_for(
    holder: Holder,
    rule: DraftRule,
    *,
    facts: Facts,
    applicant: SubjectView,
    person_id: UUID,
    by: str,
) -> UUID:
    """The subject in whose wallet the licence goes, inside the transaction of the issue.

    A company that gets its first business licence becomes a subject here, represented by whom the
    licence names, and so does a spouse, whose identity the registrar has checked. Any other holder
    who is not known yet (a newborn, a father without an account) leaves the licence with the
    applicant.
    """
    if rule.issued_to_person and holder.id_type == ORGANISATION:
        organisation_id = await organisations.ensure(uscc=holder.id_no, name=holder.name, by=by)
        if says := named_by(facts, number=holder.id_no):
            await representatives.follow_licence(
                organisation_id, says=says, applicant_id=person_id, by=by
            )
        return organisation_id
    known = await queries.find_subject(holder.id_type, holder.id_no)
    if known is not None:
        return known.id
    if rule.copies:
        return await persons.register(id_no=holder.id_no, name=holder.name, phone=None, by=by)
    return applicant.id


def named_by(facts: Facts, *, number: str) -> LicenceSays | None:
    """Whom these facts name; None for facts of another type. Pure."""
    name = facts.get("legal_rep")
    if not isinstance(name, str):
        return None
    id_no = facts.get("legal_rep_id")
    return LicenceSays(number=number, name=name, id_no=str(id_no) if id_no else None)


def index(id_no: str) -> str:
    """The look-up value of a holder's number."""
    return blind_index(id_no, purpose="wallet.holder")


def number_index(number: str) -> str:
    """The look-up value of a licence number."""
    return blind_index(number, purpose="wallet.number")


def number_indexes(number: str) -> list[str]:
    """Where a licence number may stand while the master key is changed."""
    return blind_indexes(number, purpose="wallet.number")


def _id_type(type_: LicenceType, number: str) -> str:
    if is_credit_code(number):
        return ORGANISATION
    return PERSON if is_identity_number(number) else type_.holder_id_types[0]
