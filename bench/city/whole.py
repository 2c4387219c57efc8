"""Is the city whole? Every case, wallet and log in it is opened as the product opens it.

Of a large one those of some thousand people, evenly over it: only a tenth of its people have a
depth that opens (recipe.py), and even theirs would take hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from bench.city.keeping import City
from bench.city.recipe import ALL_WHOLE, WHOLE_EVERY, ident
from core import clock, database
from core.protection import audit
from identity.log_in import sessions
from identity.models import Officer
from identity.principal import Principal, PrincipalKind
from identity.staff.roles import Role
from push import inbox
from services.cases import counts
from services.cases.models import Case
from services.cases.views import queries as cases
from tools.setup_commands import opened
from wallet.log import access_log, signed_days, transparency
from wallet.models import Licence
from wallet.register import queries as wallets
from wallet.show import printed

LOOKS_READ = 50
MOST = 2_000
"""People of a large city whose cases and wallets are opened."""


def citizen(person: UUID, name: str, *, acting_for: UUID | None = None) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN, id=person, name=name, subject_id=person, acting_for=acting_for
    )


async def check(city: City) -> Counter[str]:
    """How much of each was opened. Raises what the product raises for what is not whole."""
    found: Counter[str] = Counter()
    async with opened(city.settings):
        people, supervisor = _asked(city.people), await _supervisor()
        for cases_of, licences_of in _lots(people, every=len(people) == city.people):
            async for case in database.each_row(cases_of, "id"):
                await _open_case(case, found, supervisor=supervisor)
            async for licence in database.each_row(licences_of, "id"):
                await _open_licence(licence, found)
        for row in people:
            found["messages"] += len(await inbox.list_messages(row, limit=50))
            found["wallets"] += bool(await wallets.list_licences(row))
            found["looks read"] += len(await access_log.list_uses(row, limit=LOOKS_READ))
        for department in await counts.departments():
            wrong = await counts.differences(department, today=clock.today())
            if any(wrong.values()):
                raise ValueError(f"the counts of {department} are not those of its cases: {wrong}")
            found["departments counted"] += 1
        found["audit records"] = await audit.check()
        found["looks"] = await signed_days.check()
        found["log entries"] = await transparency.check()
    return found


def _asked(people: int) -> list[UUID]:
    """All of a small city; of a large one MOST whose depth opens, evenly over it."""
    step = 1 if people <= ALL_WHOLE else max(people // MOST // WHOLE_EVERY, 1) * WHOLE_EVERY
    return [UUID(ident("person", person)) for person in range(0, people, step)]


def _lots(
    people: Sequence[UUID], *, every: bool
) -> Iterator[tuple[QuerySet[Case], QuerySet[Licence]]]:
    """Everything at once, organisations' too, or what these people applied for and hold."""
    if every:
        yield Case.all(), Licence.all()
        return
    for piece in database.pieces(people):
        yield Case.filter(person_id__in=piece), Licence.filter(subject_id__in=piece)


async def _supervisor() -> Principal:
    """Of the demo's officers: acts ask how an officer stands now, so nobody can be made up."""
    rows = await Officer.all()
    return sessions.officer_principal(next(row for row in rows if Role.SUPERVISOR in row.roles))


async def _open_case(case: Case, found: Counter[str], *, supervisor: Principal) -> None:
    acting = case.subject_id if case.subject_id != case.person_id else None
    by = citizen(case.person_id, "", acting_for=acting)
    detail = await cases.get_detail(case.id, by=by)
    if len(detail.timeline) != case.timeline_length:
        raise ValueError(f"case {case.id}: its timeline is not as long as it says")
    if case.submitted_at is not None:
        await cases.get_staff_detail(
            case.id, by=supervisor, licence_names={}, face_words=lambda *_: []
        )
    found["cases"] += 1
    found[f"cases {case.state.value}"] += 1


async def _open_licence(licence: Licence, found: Counter[str]) -> None:
    if not await wallets.get_licence(
        licence.id, by=citizen(licence.subject_id, licence.holder_name)
    ):
        raise ValueError(f"licence {licence.id}")
    code = printed.code_of(licence.identifier)
    if await printed.find(code) is None:
        raise ValueError(f"licence {licence.id}: its printed code is not found")
    found["licences"] += 1
    found["licences of cases"] += licence.case_id is not None
