"""Reconciliation: a day's statement of a platform against our books; differences are listed.

What the platform has and we do not know is asked after first: most often a notice was lost, and the
question mends it. What remains needs a person.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core import clock
from core.database import pieces, transaction
from core.errors import Problem
from core.protection import audit
from miniapp_bridge.payments.provider import PaymentProvider, StatementLine
from payments import orders, settle
from payments.lifecycle import DifferenceKind, EntryKind
from payments.models import Difference, Entry, Refund, Statement

log = logging.getLogger(__name__)

BACK_DAYS = 3
"""A platform's statement of yesterday may come late: each of the last days is compared once."""

Key = tuple[EntryKind, str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One difference."""

    kind: DifferenceKind
    number: str
    ours: int | None
    theirs: int | None


def compare(ours: Mapping[Key, int], theirs: Mapping[Key, int]) -> list[Found]:
    """What two books do not agree on, by number. Pure."""
    found = []
    for key in sorted(set(ours) | set(theirs), key=lambda key: (key[0].value, key[1])):
        here, there = ours.get(key), theirs.get(key)
        if here == there:
            continue
        kind = DifferenceKind.AMOUNT
        if here is None:
            kind = DifferenceKind.MISSING_HERE
        elif there is None:
            kind = DifferenceKind.MISSING_THERE
        found.append(Found(kind=kind, number=key[1], ours=here, theirs=there))
    return found


async def reconcile(day: date, *, provider: PaymentProvider) -> list[Found]:
    """Compare a day, mend what a question can mend, and keep the result. Repeatable.

    Raises PlatformUnavailable when the statement cannot be had.
    """
    lines = await provider.statement(day)
    theirs = {_key(line): line.amount for line in lines}
    before = compare(await _books(provider.name, day), theirs)
    unknown = {one.number for one in before if one.kind is DifferenceKind.MISSING_HERE}
    for line in lines:
        if _key(line)[1] in unknown:
            await _mend(line, provider)
    left = compare(await _books(provider.name, day, also=set(theirs)), theirs)
    await _keep(day, provider.name, lines, left, mended=len(before) - len(left))
    return left


async def reconcile_due(*, providers: Mapping[str, PaymentProvider]) -> int:
    """Compare the last days that were not compared yet (a timer calls it after midnight)."""
    done = 0
    for provider in providers.values():
        for back in range(1, BACK_DAYS + 1):
            day = clock.today() - timedelta(days=back)
            if await Statement.filter(provider=provider.name, day=day).exists():
                continue
            try:
                await reconcile(day, provider=provider)
                done += 1
            except Problem as problem:
                log.warning("statement of %s for %s: %s", provider.name, day, problem.slug)
    return done


async def _books(provider: str, day: date, *, also: set[Key] | None = None) -> dict[Key, int]:
    """Our entries of the day; `also` names others that count wherever they stand."""
    rows = await Entry.filter(provider=provider, day=day)
    found = {(row.kind, row.number): row.amount for row in rows}
    numbers = [number for _, number in (also or set()) - set(found)]
    for piece in pieces(numbers):
        for row in await Entry.filter(provider=provider, number__in=piece):
            found[(row.kind, row.number)] = row.amount
    return found


async def _mend(line: StatementLine, provider: PaymentProvider) -> None:
    """Ask the platform itself about a line we do not know."""
    try:
        if line.refund_no is None:
            await orders.ask(line.order_no, providers={provider.name: provider})
        elif await Refund.filter(refund_no=line.refund_no).exists():
            standing = await provider.query_refund(line.refund_no, order_no=line.order_no)
            await settle.refund(standing, provider=provider.name)
    except Problem as problem:
        log.warning("line %s of %s: %s", line.order_no, provider.name, problem.slug)


async def _keep(
    day: date, provider: str, lines: list[StatementLine], left: list[Found], *, mended: int
) -> None:
    paid = sum(line.amount for line in lines if line.refund_no is None)
    refunded = sum(line.amount for line in lines if line.refund_no is not None)
    async with transaction():
        statement, _ = await Statement.update_or_create(
            {
                "lines": len(lines),
                "paid": paid,
                "refunded": refunded,
                "mended": mended,
                "differing": len(left),
                "compared_at": clock.now(),
            },
            provider=provider,
            day=day,
        )
        await Difference.filter(statement_id=statement.id).delete()
        for one in left:
            await Difference.create(
                statement_id=statement.id,
                kind=one.kind,
                number=one.number[:64],
                ours=one.ours,
                theirs=one.theirs,
            )
        await audit.record(
            actor="system:payments",
            action="statement-compared",
            target=f"statement:{provider}:{day}",
            detail={"lines": len(lines), "differences": len(left)},
        )
    if left:
        log.error("%s differences with %s for %s", len(left), provider, day)


def _key(line: StatementLine) -> Key:
    if line.refund_no is not None:
        return EntryKind.REFUND, line.refund_no
    return EntryKind.PAYMENT, line.order_no
