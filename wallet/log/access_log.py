"""Who looked: for each holder an append-only log whose records are chained by their digests.

Every look is written in the transaction that grants it. A record holds the digest of the one before
it, so that changing, removing or inserting one breaks the chain. The head bears our seal
(core/protection/chain_heads.py), heads that moved are anchored in the transparency log every minute
(wallet/log/anchors.py), and once a day the heads of all holders go into a signed Merkle tree, so
that even who rewrites a whole chain is found out. Digests are plain SHA-256: holders check them
themselves.
Kept for at least three years (PIPL art. 56 keeps assessments as long).
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock, database, outbox
from core.data import pages
from core.data.pages import Page, Section
from core.ids import new_id
from core.protection import audit, chain_heads
from identity import queries as identity_queries
from identity.principal import Principal
from wallet.errors import LicenceNotFound, UseNotFound
from wallet.events import LicenceLookedAt
from wallet.log_models import UseHead, UseKind, UseRecord
from wallet.models import Licence
from wallet.types import catalogue, verdict

START = "0" * 64

_LOCK = database.Statement(
    "SELECT n, digest, mac FROM wallet_use_head WHERE subject_id = ? FOR UPDATE"
)
_MOVE = database.Statement(
    "UPDATE wallet_use_head SET n = ?, digest = ?, mac = ?, moved = 1 WHERE subject_id = ?"
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is to be written about one look."""

    kind: UseKind
    who: str
    who_name: str
    ground: str
    purpose: str
    department: str = ""
    terminal: str = ""
    item_code: str = ""
    case_no: str = ""
    fields_seen: Sequence[str] = ()
    verdict: str = ""
    reasons: Sequence[str] = field(default=())

    @classmethod
    def by(cls, principal: Principal, kind: UseKind, *, ground: str, **more: Any) -> "Look":
        """A look of this caller."""
        return cls(
            kind=kind,
            who=principal.actor,
            who_name=principal.name,
            department=principal.department or "",
            ground=ground,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class Use:
    """Someone looked at a licence, as the holder reads it."""

    id: UUID
    n: int
    at: datetime
    kind: str
    kind_text: str
    who: str
    department: str
    terminal: str
    purpose: str
    case_no: str
    ground: str
    fields_seen: tuple[str, ...]
    verdict: str
    verdict_text: str
    licence_id: UUID
    licence_name: str


def replace_fields(look: Look, labels: Sequence[str]) -> Look:
    """The same look with the labels of what was shown."""
    return replace(look, fields_seen=tuple(labels))


async def record(
    licence: Licence, look: Look, *, tell: bool = True, use_id: UUID | None = None
) -> None:
    """Append a record to the holder's log, in the current transaction, as the last it does.

    `use_id` is for looks that another event tells of, perhaps twice: the second is refused by the
    database when the transaction ends.
    The holder hears of it, unless `tell` is False because another event says so already.
    """
    if not database.in_progress():
        raise RuntimeError("uses.record() belongs inside transaction()")
    row = UseRecord(
        id=use_id or new_id(),
        subject_id=licence.subject_id,
        n=0,
        at=clock.now(),
        kind=look.kind,
        licence_id=licence.id,
        licence_type=licence.licence_type,
        who=look.who,
        who_name=look.who_name,
        department=look.department,
        terminal=look.terminal,
        purpose=look.purpose,
        item_code=look.item_code,
        case_no=look.case_no,
        ground=look.ground,
        fields_seen=list(look.fields_seen),
        verdict=look.verdict,
        reasons=list(look.reasons),
        previous="",
        digest="",
    )
    database.before_commit(_write, row)
    if tell:
        await outbox.publish(_event(row), key=str(licence.id))


async def _write(rows: Sequence[UseRecord]) -> None:
    """The records of one transaction, holder after holder: all writers lock in the same order."""
    by_holder: defaultdict[UUID, list[UseRecord]] = defaultdict(list)
    for row in rows:
        by_holder[row.subject_id].append(row)
    for subject_id in sorted(by_holder):
        await _append(subject_id, by_holder[subject_id])


async def _append(subject_id: UUID, rows: Sequence[UseRecord]) -> None:
    """Lock the head once and move it over all records; they are written with the last statement."""
    n, previous, mac = await _head_of(subject_id)
    for row in rows:
        before = (n, previous)
        row.n, row.previous = n + 1, previous
        row.digest = digest_of(content_of(row))
        database.insert_last(row)
        n, previous = row.n, row.digest
        mac = chain_heads.next_mac(
            mac, name=name_of(subject_id), before=before, after=(n, previous)
        )
    database.run_last(_MOVE, n, previous, mac, str(subject_id))


async def record_once(licence: Licence, look: Look, *, action: str, tell: bool = True) -> None:
    """A look and its audit record, in a transaction of its own; the same again is one look.

    A page that refreshes itself, or a form that is changed answer by answer, reads again and again:
    within a sitting (`audit.SITTING`) the same caller's look at the same fields is noted once.
    """
    since = clock.now() - audit.SITTING
    before = UseRecord.filter(
        licence_id=licence.id, who=look.who, kind=look.kind, at__gt=since
    ).order_by("-n")
    noted = {label for row in await before for label in row.fields_seen}
    if noted and noted.issuperset(look.fields_seen):
        return
    async with database.transaction():
        await record(licence, look, tell=tell)
        await audit.record(actor=look.who, action=action, target=f"licence:{licence.id}")


async def is_recorded(use_id: UUID | None) -> bool:
    """Whether a look with this id stands in a log already."""
    return use_id is not None and await UseRecord.exists(id=use_id)


def name_of(subject_id: UUID) -> str:
    """Under which name the head of a holder's log is sealed and anchored."""
    return f"uses:{subject_id}"


async def _head_of(subject_id: UUID) -> tuple[int, str, str]:
    """Number and digest of the newest record and the head's seal, locked until the transaction
    ends."""
    head = await _LOCK.row(str(subject_id))
    if head is None:
        await UseHead.get_or_create(await _first_head(subject_id), subject_id=subject_id)
        return await _head_of(subject_id)
    return int(head["n"]), str(head["digest"]), str(head["mac"])


async def _first_head(subject_id: UUID) -> dict[str, object]:
    """The head of a log that has none: of an empty one, or of one whose head was taken away.

    The latter goes on without our seal, so that nobody's look fails and the checks find it.
    """
    records = UseRecord.filter(subject_id=subject_id)
    newest, oldest = await records.order_by("-n").first(), await records.order_by("n").first()
    if newest is None or oldest is None:
        mac = chain_heads.mac(name_of(subject_id), 0, START)
        return {"n": 0, "digest": START, "base_digest": START, "mac": mac}
    return {
        "n": newest.n,
        "digest": newest.digest,
        "base_n": oldest.n - 1,
        "base_digest": oldest.previous,
        "mac": chain_heads.UNSEALED,
    }


def content_of(row: UseRecord) -> dict[str, Any]:
    """What the digest covers: everything a holder is told, in plain values."""
    return {
        "n": row.n,
        "at": f"{row.at.timestamp():.6f}",
        "kind": UseKind(row.kind).value,
        "licence": str(row.licence_id),
        "licence_type": row.licence_type,
        "who": row.who,
        "who_name": row.who_name,
        "department": row.department,
        "terminal": row.terminal,
        "purpose": row.purpose,
        "item_code": row.item_code,
        "case_no": row.case_no,
        "ground": row.ground,
        "fields": list(row.fields_seen),
        "verdict": row.verdict,
        "reasons": list(row.reasons),
        "subject": str(row.subject_id),
        "previous": row.previous,
    }


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 over the content as JSON: keys sorted, no spaces, UTF-8. Pure."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def list_uses(
    subject_id: UUID,
    *,
    licence_id: UUID | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[Use]:
    """Who looked at the subject's licences (or at one of them), newest first. Raises WrongPlace."""
    rows = UseRecord.filter(subject_id=subject_id)
    if licence_id is not None:
        rows = rows.filter(licence_id=licence_id)
    found = await pages.read(Section("uses", rows, ("n",)), after=after, limit=limit)
    departments = await identity_queries.department_names(row.department for row in found)
    return found.map(lambda row: _view(row, departments[row.department]))


async def list_of_licence(
    licence_id: UUID, *, by: Principal, after: str | None = None, limit: int = 100
) -> Page[Use]:
    """Who looked at one of the caller's licences, newest first.

    Raises LicenceNotFound, WrongPlace.
    """
    if not await Licence.exists(id=licence_id, subject_id=by.applicant_id):
        raise LicenceNotFound()
    return await list_uses(by.applicant_id, licence_id=licence_id, after=after, limit=limit)


async def own_record(use_id: UUID, *, by: Principal) -> UseRecord:
    """A record of the caller's own log, or UseNotFound."""
    row = await UseRecord.get_or_none(id=use_id, subject_id=by.applicant_id)
    if row is None:
        raise UseNotFound()
    return row


def _view(row: UseRecord, department: str) -> Use:
    kind = UseKind(row.kind)
    return Use(
        id=row.id,
        n=row.n,
        at=row.at,
        kind=kind.value,
        kind_text=kind.text,
        who=row.who_name,
        department=department,
        terminal=row.terminal,
        purpose=row.purpose,
        case_no=row.case_no,
        ground=row.ground,
        fields_seen=tuple(row.fields_seen),
        verdict=row.verdict,
        verdict_text=verdict.title_of(row.verdict, row.reasons)[0] if row.verdict else "",
        licence_id=row.licence_id,
        licence_name=catalogue.get_type(row.licence_type).name,
    )


def _event(row: UseRecord) -> LicenceLookedAt:
    return LicenceLookedAt(
        licence_id=row.licence_id,
        subject_id=row.subject_id,
        licence_type=row.licence_type,
        licence_name=catalogue.get_type(row.licence_type).name,
        use_id=row.id,
        who=row.who_name,
        how=UseKind(row.kind).text,
        purpose=row.purpose,
        at=row.at,
    )
