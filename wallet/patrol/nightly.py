"""The nightly round over the register: rows against sealed documents, states against the log.

A round goes through all licences in the order of their ids, a bounded piece at a time, and knows
where it stands when it is interrupted. What differs raises an alarm, and no reader is told "valid"
of that licence until an operator has resolved it (`python manage.py compare-register`).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core import clock, database
from core.files.blobs import BlobNotFound, Blobs, DamagedBlob
from core.protection.protect import ProtectionError
from wallet.document import agreement
from wallet.log import alarms, transparency
from wallet.log.transparency import EntryKind
from wallet.models import Licence, LogAlarm, LogEntry, Patrol, StateChange
from wallet.types.validity import LicenceState

NAME = "register"
RECENT = 20
"""Changes of a licence that are looked at."""
PIECE = 200
SECONDS = 30.0
"""How long one call works at most."""
NIGHT = range(1, 5)
"""Hours, local time, in which the timer works."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a piece of work came to."""

    seen: int
    differing: int
    ended: bool


async def go_on(*, blobs: Blobs, seconds: float = SECONDS) -> Round:
    """Compare the next licences, for about `seconds`; a round that ended begins anew."""
    loop = asyncio.get_running_loop()
    end, seen, differing = loop.time() + seconds, 0, 0
    while True:
        rows = await _next_ids()
        for licence_id in rows:
            differing += not await compare(licence_id, blobs=blobs)
        seen += len(rows)
        await _note(rows)
        if len(rows) < PIECE or loop.time() >= end:
            return Round(seen=seen, differing=differing, ended=len(rows) < PIECE)


async def at_night(*, blobs: Blobs) -> None:
    """What the timer does: a round a night, as far as the hours allow."""
    patrol = await Patrol.get_or_none(name=NAME)
    today = clock.today()
    done = patrol is not None and patrol.ended_at is not None
    if done and patrol is not None and patrol.after is None:
        ended_at = patrol.ended_at
        if ended_at is not None and clock.local(ended_at).date() == today:
            return
    if clock.local(clock.now()).hour in NIGHT:
        await go_on(blobs=blobs)


async def compare(licence_id: UUID, *, blobs: Blobs) -> bool:
    """Whether one licence agrees with its document and with the log; if not, an alarm is raised."""
    about = f"licence:{licence_id}"
    try:
        licence = await Licence.get_or_none(id=licence_id)
    except ProtectionError:
        await _alarm(alarms.REGISTER, about, "a protected column cannot be read", licence_id)
        return False
    if licence is None:
        return True
    found = await _differences(licence, blobs)
    if found:
        await _alarm(alarms.REGISTER, about, ", ".join(found), licence_id)
    state = await _state_fault(licence)
    if state:
        await _alarm(alarms.STATE, about, state, licence_id)
    return not found and not state


async def resolve(*, blobs: Blobs, by: str) -> tuple[int, int]:
    """Compare all licences in doubt again; close the alarms of those that agree now.

    Returns how many were closed, and how many are left.
    """
    closed, left = 0, 0
    last: UUID | None = None
    while True:
        rows = LogAlarm.filter(licence_id__isnull=False, resolved_at__isnull=True)
        if last is not None:
            rows = rows.filter(licence_id__gt=last)
        page = list(
            dict.fromkeys(
                await rows.order_by("licence_id").limit(PIECE).values_list("licence_id", flat=True)
            )
        )
        if not page:
            return closed, left
        for licence_id in page:
            last = UUID(str(licence_id))
            if not await compare(last, blobs=blobs):
                left += 1
                continue
            closed += 1
            for kind in (alarms.REGISTER, alarms.STATE):
                await alarms.resolve(kind, about=f"licence:{last}", by=by)


async def _alarm(kind: str, about: str, detail: str, licence_id: UUID) -> None:
    await alarms.sound(kind, about=about, detail=detail, licence_id=licence_id)


async def _differences(licence: Licence, blobs: Blobs) -> tuple[str, ...]:
    """Names of the columns and facts that are not those of the document."""
    if not licence.document:
        return ()  # taken in as data and not drawn yet: there is nothing to compare with
    try:
        data = await blobs.get(licence.document)
    except (BlobNotFound, DamagedBlob):
        return (agreement.UNREADABLE,)
    said = await asyncio.to_thread(agreement.of_document, data)
    return agreement.differences(agreement.of_row(licence), said)


async def _state_fault(licence: Licence) -> str:
    """What is wrong with the state, "" when nothing is."""
    ref = transparency.ref_of(licence.identifier)
    entries = await LogEntry.filter(ref=ref).order_by("-id")
    issued = [one for one in entries if one.kind == EntryKind.LICENCE_ISSUED.value]
    if not any(_facts(one).get("document") == licence.document for one in issued):
        return "the document is not the one that the log names"
    logged = [one for one in entries if one.kind == EntryKind.LICENCE_CHANGED.value]
    changes = await StateChange.filter(licence_id=licence.id).order_by("-at").limit(RECENT)
    if not logged and not changes:
        # A library may send one that is suspended; nothing else begins otherwise than valid.
        taken_in = licence.case_id is None and licence.state is LicenceState.SUSPENDED
        return "" if licence.state is LicenceState.VALID or taken_in else "state without a change"
    said = _facts(logged[0]).get("state") if logged else None
    # Several may bear the same moment: the log knows which of them was the last.
    newest = {one.after.value for one in changes if one.at == changes[0].at}
    if said not in newest:
        return "the record of changes and the log differ"
    return "" if licence.state.value == said else "the state is not the one that was logged"


def _facts(entry: LogEntry) -> Mapping[str, object]:
    facts: Mapping[str, object] = json.loads(entry.data)
    return facts


async def _next_ids() -> list[UUID]:
    patrol = await Patrol.get_or_none(name=NAME)
    rows = (
        Licence.all()
        if patrol is None or patrol.after is None
        else (Licence.filter(id__gt=patrol.after))
    )
    found = await rows.order_by("id").limit(PIECE).values_list("id", flat=True)
    return [UUID(str(one)) for one in found]


async def _note(rows: Sequence[UUID]) -> None:
    now = clock.now()
    ended = len(rows) < PIECE
    async with database.transaction():
        patrol, _ = await Patrol.get_or_create({"begun_at": now}, name=NAME)
        if patrol.after is None:
            patrol.begun_at, patrol.seen = now, 0
        patrol.seen += len(rows)
        patrol.after = None if ended else rows[-1]
        if ended:
            patrol.ended_at = now
        await patrol.save()
