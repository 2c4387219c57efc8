"""Who is signed in for the measurements, and where they go: pages of the running product."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from bench.city.recipe import WHOLE_EVERY, ident
from bench.city.whole import citizen
from identity.log_in import sessions
from identity.models import Officer
from identity.principal import Principal
from services.cases.models import Case
from wallet.models import Licence, LogEntry

MINUTES = 600
VISITORS = 24
KNOWN = 500
"""Of the first block, whose depth can be read, so many are looked among for officers' cases."""
LARGEST = "SCJG"
"""The department with most cases."""


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody signed in."""

    token: str
    case: UUID | None = None
    licence: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Guests:
    citizens: Sequence[Guest]
    richest: Guest
    """The person with the most messages."""
    organisation: Guest
    """Somebody who acts for the organisation with the most licences and cases."""
    officers: Sequence[Guest]
    """Of departments of every size, the largest first, each with a case of hers."""
    supervisor: Guest
    operator: Guest
    leaf: str
    """A leaf hash of the transparency log, as the query of its proof."""
    log_size: int


async def invite(people: int) -> Guests:
    """Sign all of them in, in the open database."""
    officers = await Officer.filter(department_id__isnull=False).order_by("staff_no")
    reviewers = sorted(
        (row for row in officers if "reviewer" in row.roles),
        key=lambda row: (row.department_id != LARGEST, row.staff_no),
    )
    newest = await LogEntry.filter(position__isnull=False).order_by("-position").first()
    assert newest is not None
    assert newest.leaf is not None
    return Guests(
        citizens=[one async for one in _citizens(people)],
        richest=await _citizen(UUID(ident("person", 0))),
        organisation=await _acting(),
        officers=[await _reviewer(row) for row in reviewers],
        supervisor=await _staff("supervisor"),
        operator=await _staff("supervisor"),
        leaf=quote(b64encode(bytes.fromhex(newest.leaf)).decode(), safe=""),
        log_size=int(newest.position or 0) + 1,
    )


async def _citizens(people: int):  # type: ignore[no-untyped-def]
    """People whose whole depth can be read, evenly over the city."""
    step = max(people // VISITORS // WHOLE_EVERY, 1) * WHOLE_EVERY
    for person in range(step // WHOLE_EVERY * WHOLE_EVERY, people, step):
        yield await _citizen(UUID(ident("person", person)))


async def _citizen(person: UUID) -> Guest:
    case = await Case.filter(subject_id=person).order_by("-updated_at").first()
    licence = await Licence.filter(subject_id=person).first()
    return Guest(
        token=await _token(citizen(person, "")),
        case=case.id if case else None,
        licence=licence.id if licence else None,
    )


async def _acting() -> Guest:
    representative, organisation = UUID(ident("person", 0)), UUID(ident("organisation", 0))
    found = await sessions.issue(citizen(representative, ""), idle_minutes=MINUTES, via="bench")
    await sessions.act_for(found.principal, organisation)
    case = await Case.filter(subject_id=organisation).first()
    licence = await Licence.filter(subject_id=organisation).first()
    return Guest(
        token=found.token,
        case=case.id if case else None,
        licence=licence.id if licence else None,
    )


async def _reviewer(row: Officer) -> Guest:
    """With the newest case of the department whose applicant's depth can be read."""
    principal = sessions.officer_principal(row)
    known = [UUID(ident("person", person)) for person in range(KNOWN)]
    case = await Case.filter(
        department=row.department_id, submitted_at__isnull=False, person_id__in=known
    ).first()
    return Guest(token=await _token(principal), case=case.id if case else None)


async def _staff(role: str) -> Guest:
    rows = await Officer.all()
    row = next(one for one in rows if role in one.roles)
    return Guest(token=await _token(sessions.officer_principal(row)))


async def _token(principal: Principal) -> str:
    return (await sessions.issue(principal, idle_minutes=MINUTES, via="bench")).token


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page and who asks for it; `aim` in milliseconds at the median (and the 99th percentile)
    for a million people on PostgreSQL."""

    name: str
    calls: Sequence[tuple[str, str]]
    """Token ("" for none) and path."""
    aim: float | None = None
    aim_p99: float | None = None


STATES = ("submitted", "accepted", "supplement_requested", "closed")


def visits(guests: Guests) -> list[Visit]:
    """Everything that is measured over HTTP."""
    return [*_staff_visits(guests), *_citizen_visits(guests), *_public_visits(guests)]


def _staff_visits(guests: Guests) -> list[Visit]:
    officers, city = guests.officers, guests.supervisor.token
    lists = [
        (one.token, f"/api/staff/cases?limit=20&state={state}")
        for one in officers
        for state in STATES
    ]
    return [
        Visit(name="worklist", calls=lists, aim=10, aim_p99=60),
        Visit(
            name="worklist, supervisor",
            calls=[(city, f"/api/staff/cases?limit=20&state={state}") for state in STATES],
            aim=10,
            aim_p99=60,
        ),
        Visit(
            name="worklist, search",
            calls=[(one.token, "/api/staff/cases?limit=20&q=SJ2026") for one in officers],
            aim_p99=60,
        ),
        Visit(
            name="worklist, unread",
            calls=[(one.token, "/api/staff/cases?limit=20&unread=true") for one in officers],
            aim_p99=60,
        ),
        Visit(
            name="case page, officer",
            calls=[(one.token, f"/api/staff/cases/{one.case}") for one in officers if one.case],
            aim=12,
        ),
        Visit(
            name="overview, department",
            calls=[(one.token, "/api/staff/overview") for one in _overseers(guests)],
            aim=50,
        ),
        Visit(name="overview, city", calls=[(city, "/api/staff/overview")], aim=50),
        Visit(
            name="delivery statistics",
            calls=[(guests.operator.token, "/api/staff/messaging?hours=24")],
            aim=50,
        ),
        Visit(
            name="deliveries that failed",
            calls=[(guests.operator.token, "/api/staff/messaging/deliveries?state=failed")],
            aim=20,
        ),
        Visit(name="complaints", calls=[(city, "/api/staff/complaints")], aim=20),
        Visit(name="intakes", calls=[(city, "/api/staff/intakes")], aim=20),
        Visit(name="logs, staff", calls=[(guests.operator.token, "/api/staff/logs")], aim=50),
        Visit(name="payments", calls=[(city, "/api/staff/payments")], aim=50),
    ]


def _overseers(guests: Guests) -> Sequence[Guest]:
    return [guests.supervisor]


def _citizen_visits(guests: Guests) -> list[Visit]:
    people, rich, firm = guests.citizens, guests.richest.token, guests.organisation
    return [
        _each("citizen's cases", people, "/api/citizen/cases", aim=8),
        Visit(name="organisation's cases", calls=[(firm.token, "/api/citizen/cases")], aim=8),
        Visit(
            name="case page, citizen",
            calls=[(one.token, f"/api/citizen/cases/{one.case}") for one in people if one.case],
            aim=12,
        ),
        _each("wallet", people, "/api/citizen/licences", aim=8),
        Visit(name="organisation's wallet", calls=[(firm.token, "/api/citizen/licences")], aim=8),
        Visit(
            name="licence page",
            calls=[
                (one.token, f"/api/citizen/licences/{one.licence}") for one in people if one.licence
            ],
            aim=8,
        ),
        Visit(
            name="looks of a licence",
            calls=[
                (one.token, f"/api/citizen/licences/{one.licence}/uses")
                for one in people
                if one.licence
            ],
            aim=12,
        ),
        _each("looks", people, "/api/citizen/uses", aim=12),
        Visit(name="organisation's looks", calls=[(firm.token, "/api/citizen/uses")], aim=20),
        _each("inbox", people, "/api/citizen/inbox", aim=10),
        Visit(name="inbox of thousands", calls=[(rich, "/api/citizen/inbox")], aim=10),
        Visit(
            name="home",
            calls=[
                (one.token, path)
                for one in people
                for path in (
                    "/api/citizen/cases?state=supplement_requested&limit=1",
                    "/api/citizen/inbox?limit=1",
                )
            ],
            aim=8,
        ),
        _each("me", people, "/api/citizen/me", aim=8),
        _each("sign-ins", people, "/api/citizen/sign-ins", aim=8),
        _each("accounts", people, "/api/citizen/accounts", aim=8),
        _each("bills", people, "/api/citizen/bills", aim=8),
        _each("authorisations given", people, "/api/citizen/authorisations/given", aim=8),
        _each("authorisations received", people, "/api/citizen/authorisations/received", aim=8),
        _each("complaints, own", people, "/api/citizen/complaints", aim=8),
        _each("savings, own", people, "/api/citizen/savings", aim=8),
        _each("wards", people, "/api/citizen/wards", aim=8),
        _each("notices", people, "/api/citizen/notices", aim=8),
    ]


def _each(name: str, guests: Sequence[Guest], path: str, *, aim: float) -> Visit:
    return Visit(name=name, calls=[(one.token, path) for one in guests], aim=aim)


def _public_visits(guests: Guests) -> list[Visit]:
    size, log = guests.log_size, "/api/transparency"
    return [
        Visit(name="items", calls=[("", "/api/catalogue/items")], aim=20),
        Visit(name="themes", calls=[("", "/api/catalogue/themes")], aim=20),
        Visit(name="status lists", calls=[("", "/api/status-lists")], aim=8),
        Visit(
            name="status list",
            calls=[("", f"/api/status-lists/{number}") for number in (1, 2)],
            aim=20,
        ),
        Visit(name="checkpoint", calls=[("", f"{log}/checkpoint")], aim=8),
        Visit(
            name="inclusion",
            calls=[("", f"{log}/inclusion?leaf_hash={guests.leaf}&size={size}")],
            aim=20,
        ),
        Visit(
            name="consistency",
            calls=[("", f"{log}/consistency?first={size // 3}&second={size}")],
            aim=20,
        ),
        Visit(name="leaves", calls=[("", f"{log}/leaves?start={size // 2}")], aim=50),
        Visit(name="anchors", calls=[("", f"{log}/anchors")], aim=20),
        Visit(name="savings", calls=[("", f"{log}/savings")], aim=8),
        Visit(name="ready", calls=[("", "/api/ready")], aim=20),
    ]
