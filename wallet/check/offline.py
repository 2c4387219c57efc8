"""Checks of the two codes that do not come from Redis: the phone's offline pass, the printed copy.

The pass is judged by the same function wherever it is read (`signing.verify_pass`); here, online,
its licence is also looked up in the register, so that a change of a second ago counts.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core import clock
from core.data import spent
from signing import Check as PassCheck
from signing import MalformedPass, PassReport, verify_pass
from signing.passes import passes
from signing.passes.statuslist import StatusToken
from signing.passes.verify import PROOF_AGE, SKEW
from wallet.desk import Desk
from wallet.errors import LicenceTypeNotFound, ListsNotReady, StatusListNotFound
from wallet.models import Licence
from wallet.register import status
from wallet.seal.checks import document_checks, doubts
from wallet.show import pass_origins, printed, status_lists
from wallet.show.passes import EVIDENCE_AGE, evidence_age
from wallet.types import verdict
from wallet.types.verdict import Check, Outcome, Reason, Verdict


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What came of looking at a code. `digest` recognises the same code, None if it need not."""

    result: Verdict
    licence: Licence | None = None
    digest: str | None = None
    chosen: Mapping[str, str] | None = None
    """Fields of the pass."""
    showing: str | None = None
    """What a pass and the moment it was shown are known by, also when it was read before."""

    def with_check(self, check: Check) -> "Looked":
        """The same with one more check, which must not change the verdict."""
        return replace(self, result=replace(self.result, checks=(*self.result.checks, check)))


async def look_at_pass(text: str, *, at: datetime, desk: Desk, fresh: bool = True) -> Looked:
    """Judge an offline pass as if it were shown at `at`.

    With `fresh` false the reading is one that a counter made without network: whether the code was
    read twice was for its own memory to say.
    """
    offered = _decoded(text)
    lists = {} if offered is None else await _lists(offered.claims.status_list, desk)
    report = verify_pass(
        text,
        signers=await status_lists.pass_certificates(),
        trust=desk.trust,
        status_lists=lists,
        seen_before=lambda _: False,
        at=at,
        evidence_age=_age_for(offered),
    )
    if fresh and _asked_for_replay(report) and await _seen_before(offered):
        report = report.as_replayed()
    checks = [_check(check, lists) for check in report.checks]
    if report.claims is None:
        return Looked(result=verdict.combine(checks))
    claims = report.claims
    licence = await status_lists.find_licence(claims.status_list, claims.status_index)
    checks = [
        Check(name="code", outcome=Outcome.PASS, detail="离线证照码格式正确"),
        *checks,
        await pass_origins.check_pass(claims, at=at),
        _register_check(licence, clock.now()),
        *(await doubts(licence) if licence is not None else ()),
    ]
    return Looked(
        result=verdict.combine(checks),
        licence=licence,
        digest=_digest(report, offered),
        showing=hashlib.sha256(report.replay_key).hexdigest(),
        chosen=claims.licence.fields,
    )


async def look_at_printed(text: str, *, desk: Desk) -> Looked:
    """Judge the code on a printed copy: state and seal as today, but nobody's presence."""
    licence = await printed.find(text)
    if licence is None:
        return Looked(result=verdict.refused(Reason.NOT_A_LICENCE_CODE, check="code"))
    now = clock.now()
    checks = [
        Check(name="code", outcome=Outcome.PASS, detail="打印件二维码由本系统生成"),
        Check(
            name="presence",
            outcome=Outcome.WARNING,
            detail="打印件不能证明持证人在场，请核对本人身份证件",
        ),
        _register_check(licence, now),
        *await document_checks(licence, desk=desk),
    ]
    return Looked(result=verdict.combine(checks), licence=licence)


def _decoded(text: str) -> passes.Offered | None:
    try:
        return passes.decode(text)
    except MalformedPass:
        return None


def _age_for(offered: passes.Offered | None) -> timedelta:
    try:
        return EVIDENCE_AGE if offered is None else evidence_age(offered.claims.licence.type_key)
    except LicenceTypeNotFound:
        return EVIDENCE_AGE


async def _lists(number: int, desk: Desk) -> dict[int, StatusToken]:
    """The list the pass points to, as it is now; none when it cannot be had."""
    try:
        edition = await status_lists.edition(number, desk=desk)
    except (StatusListNotFound, ListsNotReady):
        return {}
    return {number: status_lists.read_token(edition.data)}


def _asked_for_replay(report: PassReport) -> bool:
    return any(check.name == "replay" for check in report.checks)


async def _seen_before(offered: passes.Offered | None) -> bool:
    """One atomic step: of two readers at the same instant exactly one is the first."""
    if offered is None:
        return False
    return not await spent.spend("pass", offered.replay_key.hex(), until=_dies(offered))


def _dies(offered: passes.Offered) -> datetime:
    """From when on a showing is refused for its age, and need not be remembered.

    It outlives a restart of Valkey and is kept as long as the pass may be taken: an unbound one
    for all of its five minutes.
    """
    if offered.shown_at is None:
        return offered.claims.expires_at + SKEW
    return datetime.fromtimestamp(offered.shown_at, UTC) + PROOF_AGE


def _digest(report: PassReport, offered: passes.Offered | None) -> str | None:
    """What recognises this showing, if it was a living one that nobody had read before.

    An unbound pass shows no moment: the same text may rightly come again. A dead one is never
    answered with what was said while it lived.
    """
    living = _asked_for_replay(report) and "replayed" not in report.reasons
    if offered is None or offered.shown_at is None or not living:
        return None
    return hashlib.sha256(report.replay_key).hexdigest()


def _register_check(licence: Licence | None, now: datetime) -> Check:
    if licence is None:
        return Check(
            name="licence-state",
            outcome=Outcome.UNKNOWN,
            detail="证照登记簿中暂时查不到这张证照",
            reason=Reason.STATUS_UNREACHABLE,
        )
    state = status.state_of(licence, clock.local(now).date())
    return verdict.state_check(state, valid_to=licence.valid_to, at=now)


def _check(check: PassCheck, lists: Mapping[int, StatusToken]) -> Check:
    token = next(iter(lists.values()), None)
    as_of = token.issued_at if check.name == "status" and token is not None else None
    return Check(
        name=check.name,
        outcome=Outcome(check.outcome.value),
        detail=check.detail,
        reason=check.reason,
        as_of=as_of,
    )
