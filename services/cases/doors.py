"""The doors by which officers come to a case: each takes the act and asks `identity.authority`.

`get_for_officer` looks the case up and refuses early. What changes anything asks `authorise` again
inside its transaction: roles, dismissal and delegations as they stand then, held until the end of
it. Pages draw from `granted`, which asks the same function, so that nobody is offered what the act
would refuse, and who is refused reads why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from core import clock
from core.errors import Problem
from identity import authority
from identity import errors as identity_errors
from identity.authority import Basis, Register, Standing
from identity.principal import Principal, PrincipalKind
from identity.staff import register, roles, standing
from identity.staff.roles import Act
from services.cases import errors
from services.cases.models import Case

Question = Callable[[Act], Basis]
"""The ground for an act on one case; raises the refusal."""

_NEVER_DELEGATED = ("department", "item")


async def get_for_officer(case_id: UUID, *, act: Act, by: Principal) -> Case:
    """A submitted case on which the officer may do `act`.

    Raises `CaseNotFound` for a case of another department of which nothing was delegated, and the
    refusals of `authority.basis`.
    """
    insist_on_role(by, act)
    case = await Case.get_or_none(id=case_id)
    if case is None:
        raise errors.CaseNotFound()
    await insist(case, act=act, by=by)
    return case


async def insist(case: Case, *, act: Act, by: Principal) -> None:
    """For who has looked up something of a case: a file, a picture. Raises as `get_for_officer`."""
    insist_on_role(by, act)
    if case.submitted_at is None:
        raise errors.CaseNotFound()
    _ask(case, act, standing.of_principal(by), await _register(case, by))


async def authorise(case: Case, *, act: Act, by: Principal) -> Basis:
    """The ground on which the officer does `act` now; inside the transaction that does it.

    Raises as `get_for_officer`.
    """
    who = await standing.now(by)
    found = _ask(case, act, who, await register.current())
    await register.hold(found)
    return found


async def granted(case: Case, *, by: Principal) -> Question:
    """What pages ask before they draw a button."""
    who, known = await standing.now(by), await register.current()
    return lambda act: _ask(case, act, who, known)


@dataclass(frozen=True)
class Withheld:
    """An act that the case would allow and the officer may not do, and why not."""

    word: str
    refusal: Problem


def sort(words: Mapping[str, Act], ask: Question) -> tuple[list[str], list[Withheld]]:
    """What of `words` may be done, and what is withheld. Pure, but for the question's own."""
    may, withheld = [], []
    for word, act in words.items():
        try:
            ask(act)
        except Problem as refusal:
            withheld.append(Withheld(word, refusal))
        else:
            may.append(word)
    return may, withheld


def office(basis: Basis, *, name_of: Callable[[str], str], case: Case, by: Principal) -> str:
    """Who acted, as the applicant reads it: the department, or who acts in its name."""
    name = name_of(case.department)
    if basis.delegation is None:
        return name
    return f"{name_of(by.department or basis.delegation.key)}（受{name}委托）"


def insist_on_role(by: Principal, act: Act) -> None:
    """Before anything is looked up: who may not do it anywhere learns nothing of a case.

    Raises RoleMissing.
    """
    if by.kind is not PrincipalKind.OFFICER:
        raise identity_errors.RoleMissing()
    roles.insist(by, act)


def _ask(case: Case, act: Act, who: Standing, known: Register) -> Basis:
    try:
        return authority.basis(
            act,
            department=case.department,
            item=case.item_code,
            day=clock.today(),
            who=who,
            register=known,
            about=frozenset({case.subject_id, case.person_id}),
        )
    except identity_errors.NotDelegated as refusal:
        if refusal.members["reason"] in _NEVER_DELEGATED:
            raise errors.CaseNotFound() from None
        raise


async def _register(case: Case, by: Principal) -> Register:
    """Asked only for what is another department's."""
    return Register() if by.covers(case.department) else await register.current()
