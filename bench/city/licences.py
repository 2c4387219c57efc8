"""Licences, their places in the status lists, changes of state, and the transparency log."""

from __future__ import annotations

import hashlib

from bench.city.cases import Applicant, Course, gives_licence
from bench.city.ink import context
from bench.city.molds import CaseMold, LicenceMold
from bench.city.recipe import digest, ident, identity_no, name_of
from bench.city.sheets import NONE, Block
from wallet.log import merkle
from wallet.register import listed, reminders
from wallet.show import printed, status_lists
from wallet.types import catalogue
from wallet.types.validity import LicenceState

_NUMBER = context("wallet_licence", "number")
_NAME = context("wallet_licence", "holder_name")
_ID_NO = context("wallet_licence", "holder_id_no")
_FACTS = context("wallet_licence", "facts")
_GRANTED = context("wallet_issue_grant", "number")
_MAC = context("wallet_printed_code", "mac")
_CAUSE = context("wallet_state_change", "cause")
_BY_HOLDER = b"wallet.holder\x00"
_BY_NUMBER = b"wallet.number\x00"
CHANGED_EVERY = 97
_CHANGES = ("suspended", "revoked", "withdrawn", "cancelled")
_FIRST_LIST = 1
_SOON = 5
"""Nobody is to be told of an end in the next few days: the timers have nothing due."""


def entries_before(n: int) -> int:
    """Entries of the transparency log that the licences before `n` have."""
    return n + (n + CHANGED_EVERY - 1) // CHANGED_EVERY


def write(
    block: Block, n: int, mold: CaseMold, who: Applicant, course: Course, short_no: str
) -> None:
    """Licence `n`: what the case gave, or what its person has held for some time."""
    if course.state == "closed" and course.ended is not None and gives_licence(mold, who):
        assert mold.licence is not None
        _licence(block, n, mold.licence, who, course.ended, from_case=True)
        block.sheets["wallet_case_saving"].append(f"{short_no}\t{who.subject}\t{1 + n % 3}")
        return
    personal = block.molds.personal
    row = ident("person", n)
    holder = Applicant(
        subject=row,
        person=row,
        number=n,
        name=name_of(n),
        id_type="111",
        id_no=identity_no(n),
    )
    _licence(block, n, personal[n % len(personal)], holder, n * 31 % 1000 + 20, from_case=False)


def _licence(
    block: Block, n: int, mold: LicenceMold, who: Applicant, age: int, *, from_case: bool
) -> None:
    row, ink = ident("licence", n), block.ink
    number, at = f"{mold.code}{n:09d}", block.at(age, n)
    identifier = mold.identifier(at[:4], n)
    facts = mold.facts.replace(mold.holder_name, who.name).replace(mold.holder_no, who.id_no)
    valid_to, remind_on = _end(block, n, mold, age)
    changed = n % CHANGED_EVERY == 0
    state = _CHANGES[n // CHANGED_EVERY % len(_CHANGES)] if changed else "valid"
    document = digest("licence", n)
    whole, cell = block.recipe.is_whole(who.number), block.cell
    block.sheets["wallet_licence"].append(
        f"{row}\t{ident('case', n) if from_case else NONE}\t1\t{mold.code}\t{who.subject}"
        f"\t{who.id_type}\t{cell(who.id_no, _ID_NO, row, whole=whole)}"
        f"\t{ink.index(who.id_no, _BY_HOLDER)}\t{cell(who.name, _NAME, row, whole=whole)}"
        f"\t{cell(number, _NUMBER, row, whole=whole)}\t{ink.index(number, _BY_NUMBER)}"
        f"\t{identifier}\t1\t{cell(facts, _FACTS, row, whole=whole)}"
        f"\t{at[:10]}\t{valid_to}\t{remind_on}\t{state}\t{mold.department}\t{document}\t{at}"
    )
    half = status_lists.FULL
    block.sheets["wallet_status_entry"].append(
        f"{row}\t{_FIRST_LIST + n // half}\t{n % half * 40_503 % half * 2 + n % 2}"
        f"\t{listed.status_of(LicenceState(state)).value}"
    )
    block.held[who.subject].append((row, mold.code, n, age))
    _printed(block, n, row, identifier, whole=whole)
    if from_case:
        granted = f"{ident('case', n)}\x001"
        block.sheets["wallet_issue_grant"].append(
            f"{ident('grant', n)}\t{ident('case', n)}\t1"
            f"\t{block.cell(number, _GRANTED, granted, whole=whole)}\t{identifier}\t{at}"
        )
    facts_logged = f'"document":"{document}","kind":"licence-issued"'
    _entry(block, entries_before(n), identifier, at, facts_logged, '"version":1')
    if changed:
        _changed(block, n, row, identifier, state, min(age, 3 + n % 15))


def _end(block: Block, n: int, mold: LicenceMold, age: int) -> tuple[str, str]:
    """The last day, and the day of the next look of the reminders; what was told is noted."""
    if not mold.years:
        return NONE, NONE
    distances = reminders.distances(catalogue.get_type(mold.code).validity)
    left = mold.years * 365 - age
    while any(0 <= left - distance <= _SOON for distance in distances):
        left += _SOON
    reached = [distance for distance in distances if 0 <= left <= distance]
    ahead = [left - distance for distance in distances if left > distance]
    if reached:
        told = min(reached)
        block.sheets["wallet_reminder"].append(
            f"{ident('licence', n)}\t{told}\t{block.at(told - left, n)}"
        )
    remind_on = block.on(-min(ahead)) if ahead else str(reminders.NEVER)
    return block.on(-left), remind_on


def _printed(block: Block, n: int, row: str, identifier: str, *, whole: bool) -> None:
    if whole:
        short_id, _, code = printed.code_of(identifier).partition("-")
        mac = block.ink.seal(code, _MAC + short_id.encode())
    else:
        short_id, mac = ident("picture", n).replace("-", "")[3:15].upper(), block.ink.blot("*" * 10)
    block.sheets["wallet_printed_code"].append(f"{short_id}\t{mac}\t{row}")


def _changed(block: Block, n: int, row: str, identifier: str, state: str, age: int) -> None:
    change, at = ident("change", n), block.at(age, n + 1)
    cause = block.ink.seal("依职权", _CAUSE + change.encode())
    block.sheets["wallet_state_change"].append(
        f"{change}\t{row}\tvalid\t{state}\t{cause}\t发证机关\t{n}号\tsystem:city\t{at}"
    )
    number, told = entries_before(n) + 1, '"kind":"licence-changed"'
    _entry(block, number, identifier, at, told, f'"state":"{state}"')


def _entry(block: Block, number: int, identifier: str, at: str, facts: str, last: str) -> None:
    """An entry with its place in the tree; keys stand in the order that is hashed."""
    ref = hashlib.sha256(identifier.encode()).hexdigest()
    salt = ident("record", number, 9).replace("-", "")
    kind = facts.split('"kind":"')[1].split('"')[0]
    when = at.replace(" ", "T")
    data = f'{{"about":"{ref}","at":"{when}",{facts},"salt":"{salt}",{last}}}'
    leaf = merkle.leaf_hash(data.encode())
    block.leaves.append(leaf)
    position, first_id = block.log_base
    block.sheets["wallet_log_entry"].append(
        f"{first_id + number}\t{kind}\t{ref}\t{data}\t{position + number}\t{at}\t{leaf.hex()}"
    )
