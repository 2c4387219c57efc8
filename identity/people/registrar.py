"""The registrar's desk: guardianships by the names and numbers that stand in a document.

A child who is not known yet is registered from the document; a guardian must be known, since only
somebody who has proved who they are can act for a child.
"""

from dataclasses import dataclass
from datetime import date

from core.data import once
from core.protection import audit
from identity import errors, numbers, queries
from identity.people import guardians, named, persons
from identity.people.guardians import Guardian
from identity.principal import Principal
from identity.queries import SubjectView
from identity.staff import roles
from identity.staff.roles import Act


@dataclass(frozen=True, kw_only=True)
class NamedPerson:
    """A person as the document names them."""

    name: str
    id_no: str


async def record(
    ward: NamedPerson,
    *,
    guardian: NamedPerson,
    document_no: str,
    by: Principal,
    asked: once.Asked | None = None,
) -> date:
    """Record a guardianship; returns its last day. Repeating it changes nothing.

    Raises RoleMissing, SubjectNotFound (an unknown number and a name that does not belong to it
    are answered alike), TooManyGuesses, InvalidIdentityNumber, NotAMinor.
    """
    _insist(by)
    number = numbers.check_identity_number(ward.id_no)
    guardian_id = (await _known(guardian, by)).id
    child = await queries.find_subject("111", number)
    if child is None:
        guardians.insist_minor(number)
        child_id = await persons.register(
            id_no=number, name=ward.name.strip(), phone=None, by=by.actor
        )
    else:
        child_id = (await _known(ward, by)).id
    return await guardians.record(
        child_id, guardian_id=guardian_id, document_no=document_no, by=by.actor, asked=asked
    )


async def end(ward: NamedPerson, *, guardian: NamedPerson, document_no: str, by: Principal) -> None:
    """End a guardianship now. Raises as `record`, and GuardianshipNotFound."""
    _insist(by)
    child, adult = await _known(ward, by), await _known(guardian, by)
    ended = await guardians.end(
        child.id, guardian_id=adult.id, document_no=document_no, by=by.actor
    )
    if not ended:
        raise errors.GuardianshipNotFound()


async def find(ward: NamedPerson, *, by: Principal) -> list[Guardian]:
    """The guardians of a child today; the look goes into the audit. Raises as `record`."""
    _insist(by)
    child = await _known(ward, by)
    await audit.record_read(
        actor=by.actor, action="guardianship.read", target=f"citizen:{child.id}"
    )
    return await guardians.list_guardians(child.id)


def _insist(by: Principal) -> None:
    roles.insist(by, Act.KEEP_GUARDIANSHIPS)


async def _known(person: NamedPerson, by: Principal) -> SubjectView:
    return await named.get_person(person.id_no, person.name, by=by)
