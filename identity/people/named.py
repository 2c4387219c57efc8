"""Somebody named by name and number, by a person who should know both.

Whoever may ask "do these belong together?" often enough finds the number of a neighbour: with name,
district and birthday known, a thousand numbers are left. So every question comes out of a budget of
who asks, and every miss out of one of whom it is about, shared by all acts that ask.
"""

from identity import errors, numbers, queries
from identity.log_in import guesses
from identity.principal import Principal, PrincipalKind
from identity.queries import SubjectView

A_DAY = 20
"""Questions of a citizen, right or wrong: counting the wrong ones only would tell which were right.
Of an officer, whose right questions stand in the audit, only the misses count."""

MISSES_OF_ONE = 30
"""Misses a day about one number, or about one name and birthday, by everybody of one kind."""

_UP_TO_BIRTHDAY = 14
"""Digits of an identity number that name, district and birthday give away."""


async def find(id_no: str, name: str, *, by: Principal) -> SubjectView | None:
    """The person or organisation with this number, if the name is theirs too.

    None, alike, for an unknown number and for a name that does not belong to it. Raises
    InvalidIdentityNumber or InvalidCreditCode for what is no number (they cost nothing), and
    TooManyGuesses. Call it outside a transaction: what was spent stays spent.
    """
    id_type, number = numbers.check_number(id_no)
    name = name.strip()
    own, of_target = by.actor, _about(by.kind, id_type, number, name)
    await guesses.spend(own, limit=A_DAY)
    for scope in of_target:
        await guesses.spend(scope, limit=MISSES_OF_ONE)
    found = await queries.find_subject(id_type, number)
    if found is None or found.name != name:
        return None
    for scope in of_target if by.kind is PrincipalKind.CITIZEN else (own, *of_target):
        await guesses.give_back(scope)
    return found


async def get(id_no: str, name: str, *, by: Principal) -> SubjectView:
    """As `find`; raises SubjectNotFound instead of giving None."""
    found = await find(id_no, name, by=by)
    if found is None:
        raise errors.SubjectNotFound()
    return found


async def get_person(id_no: str, name: str, *, by: Principal) -> SubjectView:
    """As `get`, for natural persons: a credit code is an InvalidIdentityNumber."""
    return await get(numbers.check_identity_number(id_no), name, by=by)


def _about(kind: PrincipalKind, id_type: str, number: str, name: str) -> tuple[str, ...]:
    """The budgets of whom a question is about. Credit codes are public: nothing is to be guarded.

    Citizens and officers have budgets of their own, so that strangers cannot keep a desk from work.
    """
    if id_type != "111":
        return ()
    return f"{kind}/number/{number}", f"{kind}/name/{name}/{number[:_UP_TO_BIRTHDAY]}"
