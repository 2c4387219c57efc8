"""What a case is allotted before its licence is drawn: number and identifier, once and for all.

A crash between the grant and the licence costs no second number: the repeat finds the grant.
"""

from datetime import date
from uuid import UUID

from tortoise.exceptions import IntegrityError

from wallet.errors import PreviousLicenceMissing
from wallet.issue import numbers
from wallet.models import IssueGrant, Licence
from wallet.types import catalogue
from wallet.types import identifier as identifiers
from wallet.types.facts import Facts, check_number
from wallet.types.identifier import Identifier


async def grant(
    case_id: UUID,
    *,
    copy: int,
    licence_type: str,
    facts: Facts,
    previous: Licence | None,
    issued_on: date,
) -> IssueGrant:
    """The number and identifier of one copy of the case's licence.

    A new version keeps the number of the one before; all copies of a case share one number.
    """
    granted = await IssueGrant.get_or_none(case_id=case_id, copy=copy)
    if granted is not None:
        return granted
    first = await IssueGrant.get_or_none(case_id=case_id, copy=1)
    if first is not None:
        number = first.number
    elif previous is not None:
        number = previous.number
    else:
        number = await _new_number(licence_type, facts, issued_on)
    identifier = await _identifier(licence_type, previous, issued_on)
    try:
        return await IssueGrant.create(
            case_id=case_id, copy=copy, number=number, identifier=str(identifier)
        )
    except IntegrityError:
        return await IssueGrant.get(case_id=case_id, copy=copy)


async def _identifier(licence_type: str, previous: Licence | None, issued_on: date) -> Identifier:
    if previous is None:
        return await numbers.allot_identifier(licence_type, issued_on=issued_on)
    before = identifiers.parse(previous.identifier)
    if before is None:
        raise PreviousLicenceMissing("原证照的标识不完整，请联系发证机关")
    return before.next_version()


async def _new_number(licence_type: str, facts: Facts, issued_on: date) -> str:
    """The number the officer entered, if it is a right one, else the next of the counter."""
    type_, rule = catalogue.get_type(licence_type), catalogue.rule_for(licence_type)
    entered = facts.get(rule.number_field) if rule.number_field else None
    if isinstance(entered, str) and check_number(type_, entered):
        return entered
    return await numbers.allot(licence_type, facts=facts, issued_on=issued_on)
