"""The rows of a piece of an intake batch: licences, log entries, and the report on the rest."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from tortoise.expressions import F

from core import clock
from core.data import copying
from core.ids import new_id
from identity.people import registry
from identity.people.registry import Named
from wallet.document.lines import Incoming
from wallet.issue import numbers
from wallet.log import transparency
from wallet.log.transparency import EntryKind
from wallet.models import Licence, LogEntry, NumberCounter
from wallet.register import holders, pictures, taken_in
from wallet.register.taken_in import Origin
from wallet.share_models import IntakeLine, LineOutcome
from wallet.types import catalogue
from wallet.types import identifier as identifiers
from wallet.types.identifier import Identifier

Key = tuple[str, str]
"""Licence type and the index of its number: what makes two licences the same one."""


@dataclass(frozen=True, kw_only=True)
class _New:
    """A licence that nobody sent before."""

    incoming: Incoming
    key: Key


async def store(
    batch_id: UUID, read: Sequence[Incoming | str], *, first: int, vouched_by: str = ""
) -> tuple[Counter[LineOutcome], list[IntakeLine]]:
    """Write what is new, in the current transaction; counts and report lines of the whole piece.

    `vouched_by` is the second officer who stands for what comes without a seal, also for what was
    taken in before without one.
    """
    counts: Counter[LineOutcome] = Counter()
    report: list[IntakeLine] = []

    def note(line: int, outcome: LineOutcome, message: str) -> None:
        counts[outcome] += 1
        report.append(
            IntakeLine(batch_id=batch_id, line=line, outcome=outcome, message=message[:400])
        )

    known = await _known([one for one in read if isinstance(one, Incoming)])
    taken_identifiers = await _taken_identifiers(read)
    new: list[_New] = []
    confirmed: list[Key] = []
    for line, one in enumerate(read, start=first):
        if isinstance(one, str):
            note(line, LineOutcome.INVALID, one)
            continue
        key = _key(one)
        fingerprint = _fingerprint(one)
        if key in known:
            if known[key] == fingerprint:
                note(line, LineOutcome.DUPLICATE, "这张证照已在库中，内容一致")
                confirmed.append(key)
            else:
                note(line, LineOutcome.CONFLICT, "库中已有相同编号的证照，内容不一致，请核对后更正")
            continue
        if one.identifier is not None and one.identifier in taken_identifiers:
            note(line, LineOutcome.CONFLICT, "证照标识已被另一张证照使用")
            continue
        known[key] = fingerprint
        if one.identifier is not None:
            taken_identifiers.add(one.identifier)
        new.append(_New(incoming=one, key=key))
        counts[LineOutcome.TAKEN] += 1
    await _insert(new, vouched_by=vouched_by)
    if vouched_by and confirmed:
        await _vouch(confirmed, by=vouched_by)
    return counts, report


async def _vouch(keys: Sequence[Key], *, by: str) -> None:
    """Stand for licences that are here as data only."""
    bare = Licence.filter(
        number_index__in=[index for _, index in keys], document="", vouched_by=""
    ).only("id", "licence_type", "number_index")
    known = set(keys)
    chosen = [row.id for row in await bare if (row.licence_type, row.number_index) in known]
    await Licence.filter(id__in=chosen, document="").update(vouched_by=by)


async def store_report(report: Sequence[IntakeLine]) -> None:
    """The report lines of a piece, in the current transaction."""
    await copying.insert_many(list(report))


async def _known(read: Sequence[Incoming]) -> dict[Key, str]:
    """Licences in the register with one of these numbers, by what they say."""
    indexes = {index for one in read for index in holders.number_indexes(one.number)}
    rows = await Licence.filter(number_index__in=list(indexes)).order_by("version")
    return {
        (row.licence_type, holders.number_index(row.number)): _fingerprint_of_row(row)
        for row in rows
    }


async def _taken_identifiers(read: Sequence[Incoming | str]) -> set[str]:
    given = [one.identifier for one in read if isinstance(one, Incoming) and one.identifier]
    if not given:
        return set()
    rows = await Licence.filter(identifier__in=given).only("identifier")
    return {row.identifier for row in rows}


async def _insert(new: Sequence[_New], *, vouched_by: str) -> None:
    if not new:
        return
    named = [
        Named(one.incoming.holder_id_type, one.incoming.holder_id_no, one.incoming.holder_name)
        for one in new
    ]
    subjects = await registry.ensure(named)
    identifiers_ = await _identifiers(new)
    rows = [
        _row(
            one,
            subjects[(one.incoming.holder_id_type, one.incoming.holder_id_no)],
            identifier,
            vouched_by=vouched_by,
        )
        for one, identifier in zip(new, identifiers_, strict=True)
    ]
    await copying.insert_many(rows)
    await copying.insert_many([_entry(row) for row in rows])
    await pictures.register(rows)
    await taken_in.note(rows)


async def _identifiers(new: Sequence[_New]) -> list[str]:
    """The given identifiers, and fresh ones for the rest, allotted in blocks."""
    wanted: Counter[tuple[str, int]] = Counter(
        (one.incoming.licence_type, one.incoming.issued_on.year)
        for one in new
        if one.incoming.identifier is None
    )
    following = {key: await _block(*key, count) for key, count in wanted.items()}
    found = []
    for one in new:
        if one.incoming.identifier is not None:
            found.append(one.incoming.identifier)
            continue
        key = (one.incoming.licence_type, one.incoming.issued_on.year)
        type_ = catalogue.get_type(one.incoming.licence_type)
        serial = f"{key[1]}{following[key]:06d}"
        following[key] += 1
        found.append(str(Identifier(type_.type_code, type_.issuer_code, serial, 1)))
    return found


async def _block(licence_type: str, year: int, count: int) -> int:
    """The first of `count` serials that are ours; see `numbers.allot_identifier`."""
    name = f"identifier/{licence_type}/{year}"
    await NumberCounter.get_or_create(name=name, defaults={"following": numbers.FIRST_SERIAL})
    await NumberCounter.filter(name=name).update(following=F("following") + count)
    row = await NumberCounter.get(name=name)
    return int(row.following) - count


def _row(new: _New, subject_id: UUID, identifier: str, *, vouched_by: str) -> Licence:
    one = new.incoming
    parts = identifiers.parse(identifier)
    document = hashlib.new("sm3", one.document).hexdigest() if one.document else ""
    return Licence(
        id=new_id(),
        case_id=None,
        copy=1,
        licence_type=one.licence_type,
        subject_id=subject_id,
        holder_id_type=one.holder_id_type,
        holder_id_no=one.holder_id_no,
        holder_index=holders.index(one.holder_id_no),
        holder_name=one.holder_name,
        number=one.number,
        number_index=new.key[1],
        identifier=identifier,
        version=parts.version if parts else 1,
        facts=msgspec.json.encode(one.facts).decode(),
        issued_on=one.issued_on,
        valid_to=one.valid_to,
        state=one.state,
        department=catalogue.get_type(one.licence_type).issuer,
        document=document,
        taken_in_as=Origin.DOCUMENT if document else Origin.DATA,
        vouched_by="" if document else vouched_by,
        previous_id=None,
        created_at=clock.now(),
    )


def _entry(row: Licence) -> LogEntry:
    facts = {"document": row.document, "version": row.version}
    return LogEntry(
        **transparency.new_entry(EntryKind.LICENCE_ISSUED, about=row.identifier, facts=facts)
    )


def _key(one: Incoming) -> Key:
    return one.licence_type, holders.number_index(one.number)


def _fingerprint(one: Incoming) -> str:
    return _digest(one.holder_id_no, one.issued_on, one.valid_to, one.facts)


def _fingerprint_of_row(row: Licence) -> str:
    facts = msgspec.json.decode(row.facts, type=dict[str, object])
    return _digest(row.holder_id_no, row.issued_on, row.valid_to, facts)


def _digest(id_no: str, issued_on: date, valid_to: date | None, facts: dict[str, object]) -> str:
    content = msgspec.json.encode([id_no, issued_on, valid_to, facts], order="sorted")
    return hashlib.sha256(content).hexdigest()
