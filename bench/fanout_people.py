"""Thousands of signed-in people for `bench fanout`, written straight into the tables."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from core import clock, ids
from identity.models import Officer, Session, Subject, SubjectKind
from identity.principal import PrincipalKind
from push.live import stream

DEPARTMENT = "SCJG"
SOCKETS_PER_OFFICER = 25
ROWS = 1000

Follower = tuple[str, str]
"""Key of the stream and token of the session."""


async def citizens(count: int) -> list[Follower]:
    """Each with a session and a stream of its own."""
    subjects = [
        Subject(
            kind=SubjectKind.NATURAL_PERSON,
            id_type="111",
            id_index=sha256(f"bench {number}".encode()).hexdigest(),
            id_no="bench",
            name="bench",
        )
        for number in range(count)
    ]
    await Subject.bulk_create(subjects, batch_size=ROWS)
    tokens = await _sessions(PrincipalKind.CITIZEN, [subject.id for subject in subjects])
    keys = [stream.person(subject.id) for subject in subjects]
    return list(zip(keys, tokens, strict=True))


async def officers(count: int) -> list[Follower]:
    """Of one department, so that one notice goes to all of them."""
    staff = [
        Officer(
            staff_no=f"bench-{number}",
            name="bench",
            password_hash="-",
            roles=[],
            department_id=DEPARTMENT,
        )
        for number in range(count // SOCKETS_PER_OFFICER)
    ]
    await Officer.bulk_create(staff, batch_size=ROWS)
    tokens = await _sessions(PrincipalKind.OFFICER, [officer.id for officer in staff])
    key = stream.department(DEPARTMENT)
    return [(key, token) for token in tokens for _ in range(SOCKETS_PER_OFFICER)]


async def _sessions(kind: PrincipalKind, holders: list[object]) -> list[str]:
    at = clock.now()
    tokens = [ids.new_token() for _ in holders]
    rows = [
        Session(
            token_digest=sha256(token.encode()).hexdigest(),
            kind=kind.value,
            principal_id=holder,
            idle_seconds=3600,
            expires_at=at + timedelta(hours=1),
        )
        for holder, token in zip(holders, tokens, strict=True)
    ]
    await Session.bulk_create(rows, batch_size=ROWS)
    return tokens
