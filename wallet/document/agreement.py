"""Does the register say what the sealed document says? Pure, but for the key of the digests.

Counters are shown the row, and the seal protects the document: a row that was changed behind our
back would be shown under a valid seal. Both are brought into one form and compared by a digest,
so that nothing of a person has to be kept beside the cached checks of the seal.
"""

import json
from collections.abc import Mapping
from datetime import date

import msgspec

from core.protection.protect import blind_index
from wallet.document import lines
from wallet.document.face import stored_text
from wallet.document.lines import Incoming, Line
from wallet.errors import LicenceTypeNotFound
from wallet.models import Licence
from wallet.types import catalogue
from wallet.types.facts import Facts

Statement = Mapping[str, object]

UNREADABLE = "document"


def of_row(licence: Licence) -> Statement:
    """What the row says."""
    facts = msgspec.json.decode(licence.facts, type=dict[str, object])
    return _statement(
        licence_type=licence.licence_type,
        number=licence.number,
        identifier=licence.identifier,
        holder=(licence.holder_name, licence.holder_id_type, licence.holder_id_no),
        dates=(licence.issued_on, licence.valid_to),
        facts=facts,
    )


def of_document(data: bytes) -> tuple[Statement, ...]:
    """What a document says: as it stands there, and as taking it in would have understood it.

    Empty when it cannot be read. Some milliseconds of CPU work.
    """
    line = lines.line_of(data)
    if line is None:
        return ()
    literal = _statement(
        licence_type=line.type,
        number=line.number,
        identifier=line.identifier or "",
        holder=(line.holder.name, line.holder.id_type, line.holder.id_no),
        dates=(line.issued_on, line.valid_to),
        facts=line.facts,
    )
    understood = _understood(line)
    return (literal,) if understood is None else (literal, understood)


def digest(statement: Statement) -> str:
    """What a statement is compared by."""
    text = json.dumps(statement, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blind_index(text, purpose="licence-statement")


def differences(row: Statement, document: tuple[Statement, ...]) -> tuple[str, ...]:
    """Names of what differs, by the reading of the document that is nearest; () when none does."""
    if not document:
        return (UNREADABLE,)
    found = (
        tuple(sorted(key for key in {*row, *one} if row.get(key) != one.get(key)))
        for one in document
    )
    return min(found, key=len)


def _understood(line: Line) -> Statement | None:
    try:
        issuer = catalogue.get_type(line.type).issuer
    except LicenceTypeNotFound:
        return None
    read = lines.check_line(line, issuer, line.issued_on)
    if not isinstance(read, Incoming):
        return None
    return _statement(
        licence_type=read.licence_type,
        number=read.number,
        identifier=read.identifier or "",
        holder=(read.holder_name, read.holder_id_type, read.holder_id_no),
        dates=(read.issued_on, read.valid_to),
        facts=read.facts,
    )


def _statement(
    *,
    licence_type: str,
    number: str,
    identifier: str,
    holder: tuple[str, str, str],
    dates: tuple[date, date | None],
    facts: Facts,
) -> Statement:
    name, id_type, id_no = holder
    issued_on, valid_to = dates
    return {
        "licence_type": licence_type,
        "number": number,
        "identifier": identifier,
        "holder_name": name,
        "holder_id_type": id_type,
        "holder_id_no": id_no,
        "issued_on": issued_on.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else "",
        **{f"facts.{key}": _text(value) for key, value in facts.items()},
    }


def _text(value: object) -> str:
    """As a document says it; XML knows one kind of line end."""
    return stored_text(value).replace("\r\n", "\n").replace("\r", "\n")
