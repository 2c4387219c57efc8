"""Whether a certificate was revoked, by the lists and the OCSP answers at hand.

A revocation for ever wins, whoever tells of it. Otherwise the newest evidence that holds at the
moment decides, and where none holds the newest tells why. What its issuer did not sign counts for
nothing when there is something else, and cannot be told when there is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from signing.errors import MalformedData, UnknownSuite
from signing.pki import crl, ocsp
from signing.pki.certificates import CRL_SIGN, Certificate, display_name
from signing.pki.crl import Revocation
from signing.pki.ocsp import Answer, Response, State
from signing.pki.trust import TrustList


class Moment(NamedTuple):
    """When to judge: `used` is when the key was used, None if nobody knows; `now` is when evidence
    must be fresh. `proven` says that a good time stamp vouches for `used`; with evidence kept
    in the document `now` then lies in the past, and `checked_at` is the true time of the check."""

    used: datetime | None
    now: datetime
    proven: bool = False
    checked_at: datetime | None = None

    @property
    def clock(self) -> datetime:
        return self.checked_at or self.now


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one list or one answer says about one certificate.

    `allowance` is whether a clock may be off by the policy's skew. `denied` is the answer of a
    service that does not know the certificate. `delegate` signed for the issuer, and its own
    certificate must not be revoked.
    """

    source: str
    issued_at: datetime
    next_at: datetime | None
    revocation: Revocation | None = None
    problem: str = ""
    denied: bool = False
    allowance: bool = False
    delegate: Certificate | None = None

    def ended(self, moment: Moment, skew: timedelta) -> bool:
        slack = skew if self.allowance else timedelta(0)
        return self.next_at is not None and self.next_at + slack < moment.now

    def is_future(self, moment: Moment, skew: timedelta) -> bool:
        """Only asked of answers: a list from after the time of the check still says whether the
        certificate was revoked by then, but a service answers about its own present."""
        return self.allowance and self.issued_at > moment.clock + skew


def state_of(
    certificate: Certificate,
    issuer: Certificate,
    moment: Moment,
    *,
    trust: TrustList,
    skew: timedelta,
) -> tuple[str, dict[str, str]]:
    """What the evidence says, as the code of a finding with its facts."""
    facts = {"issuer": display_name(issuer.subject_names)}
    try:
        found = _evidence(certificate, issuer, trust)
        standing = [_standing(one, issuer, moment, trust) for one in found]
    except UnknownSuite as problem:
        return "revocation-unusable", {**facts, "problem": str(problem)}
    if not standing:
        return "revocation-unchecked", facts
    return _conclude(_decisive(standing, moment, skew), moment, skew, facts)


def _decisive(found: Sequence[Evidence], moment: Moment, skew: timedelta) -> Evidence:
    sound = [one for one in found if not one.problem]
    final = [one for one in sound if one.revocation and not one.revocation.may_end]
    if final:
        return min(final, key=_mildness)
    holding = [
        one
        for one in sound
        if one.revocation or not (one.ended(moment, skew) or one.is_future(moment, skew))
    ]
    return max(holding or sound or found, key=lambda one: one.issued_at)


def _mildness(one: Evidence) -> tuple[bool, datetime]:
    """Of several revocations the one that leaves least: a stolen key, then the earliest."""
    entry = one.revocation
    return (entry is None or not entry.key_was_stolen), entry.revoked_at if entry else one.issued_at


def _conclude(
    decisive: Evidence, moment: Moment, skew: timedelta, facts: dict[str, str]
) -> tuple[str, dict[str, str]]:
    facts["source"] = decisive.source
    entry = decisive.revocation
    if decisive.problem:
        return "revocation-unusable", {**facts, "problem": decisive.problem}
    if entry is not None:
        facts["revoked_at"] = entry.revoked_at.isoformat()
        stolen = entry.key_was_stolen and not moment.proven
        later = moment.used is not None and entry.revoked_at > moment.used and not stolen
        return ("revoked-later" if later else "revoked"), facts
    if decisive.is_future(moment, skew):
        return "revocation-unusable", {**facts, "problem": "it is dated in the future"}
    if decisive.next_at is not None and decisive.ended(moment, skew):
        return "revocation-stale", {**facts, "ended": decisive.next_at.isoformat()}
    if decisive.denied:
        return "revocation-unusable", {**facts, "problem": "the service does not know it"}
    return "revocation-good", {**facts, "as_of": decisive.issued_at.isoformat()}


def _standing(one: Evidence, issuer: Certificate, moment: Moment, trust: TrustList) -> Evidence:
    """The evidence, with a problem when its delegate may have lost the right to speak.

    Delegates are looked up in lists only, so that no two of them can vouch for each other.
    """
    delegate = one.delegate
    if delegate is None or delegate.extensions.is_unchecked:
        return one
    newest = newest_list(issuer, trust)
    if newest is None or newest.unsupported:
        problem = "nothing tells whether the certificate of the service holds"
    elif newest.find(delegate.serial) is not None:
        problem = "the certificate of the service is revoked"
    elif newest.next_at is not None and newest.next_at < moment.now:
        problem = "the list that knows the service has ended"
    else:
        return one
    return Evidence(one.source, one.issued_at, one.next_at, problem=problem)


@lru_cache(maxsize=256)
def _evidence(
    certificate: Certificate, issuer: Certificate, trust: TrustList
) -> tuple[Evidence, ...]:
    found = [*_of_list(certificate, issuer, trust)]
    for response, answers in answers_about(certificate, issuer, trust):
        signer, fault = _speaker(response, issuer, trust)
        for answer in answers:
            problem = fault or _problem(response, answer, certificate)
            found.append(_of_answer(answer, issuer, signer, problem))
    return tuple(found)


def _of_list(certificate: Certificate, issuer: Certificate, trust: TrustList) -> Iterator[Evidence]:
    newest = newest_list(issuer, trust)
    if newest is None:
        yield from _of_unverified_list(issuer, trust)
        return
    if newest.unsupported:
        problem = f"critical extension {newest.unsupported[0]}"
        yield Evidence("crl", newest.issued_at, newest.next_at, problem=problem)
        return
    yield Evidence("crl", newest.issued_at, newest.next_at, newest.find(certificate.serial))


def _of_unverified_list(issuer: Certificate, trust: TrustList) -> Iterator[Evidence]:
    """A list that bears the issuer's name and that the issuer did not sign, or may not sign, says
    nothing about its certificates; but it says that there is something to be known, so that the
    answer is not the one of an issuer without lists."""
    named = _lists_named(issuer, trust)
    if named:
        newest = max(named, key=lambda found: found.issued_at)
        may = issuer.may(CRL_SIGN)
        problem = "its issuer did not sign it" if may else "its issuer may not sign lists"
        yield Evidence("crl", newest.issued_at, newest.next_at, problem=problem)


def _lists_named(issuer: Certificate, trust: TrustList) -> list[crl.RevocationList]:
    """The lists that bear this issuer's name, whoever signed them."""
    return [found for found in map(crl.parse, trust.crls) if found.issuer == issuer.subject]


def has_unverified_list(issuer: Certificate, trust: TrustList) -> bool:
    """Whether there are lists under this issuer's name and none that it signed."""
    return newest_list(issuer, trust) is None and bool(_lists_named(issuer, trust))


def _speaker(
    response: Response, issuer: Certificate, trust: TrustList
) -> tuple[Certificate | None, str]:
    """Who signed a response, or why it counts for nothing. Asked once for all of its answers."""
    try:
        signer = response.signer(issuer, trust.intermediate_certificates)
        refused = signer is not None and trust.refuses(signer)
    except (UnknownSuite, MalformedData) as unusable:
        return None, str(unusable)
    if signer is None or refused:
        return None, "nobody who may answer for the issuer signed it"
    return signer, ""


def _of_answer(
    answer: Answer, issuer: Certificate, signer: Certificate | None, problem: str
) -> Evidence:
    """An answer without an end is as good as its time: newer ones were always to be had."""
    ends = answer.next_update or answer.this_update
    if signer is None or problem:
        return Evidence("ocsp", answer.this_update, ends, problem=problem)
    delegate = None if signer == issuer else signer
    return Evidence(
        "ocsp",
        answer.this_update,
        ends if delegate is None else min(ends, delegate.not_after),
        answer.revocation,
        denied=answer.state is State.UNKNOWN,
        allowance=True,
        delegate=delegate,
    )


def _problem(response: Response, answer: Answer, certificate: Certificate) -> str:
    unsupported = (*response.unsupported, *answer.unsupported)
    if unsupported:
        return f"critical extension {unsupported[0]}"
    if answer.state is not State.GOOD or answer.this_update <= certificate.not_after:
        return ""
    # Services forget what has ended, unless they say from when on they remember.
    kept = answer.archive_cutoff
    remembered = kept is not None and kept <= certificate.not_after
    return "" if remembered else "the certificate had ended when the service was asked"


@lru_cache(maxsize=256)
def answers_about(
    certificate: Certificate, issuer: Certificate, trust: TrustList
) -> tuple[tuple[Response, tuple[Answer, ...]], ...]:
    """The OCSP answers at hand that name this certificate, by response, whoever signed them."""
    responses = (ocsp.parse(der) for der in trust.ocsp)
    found = ((response, response.about(certificate, issuer)) for response in responses)
    return tuple((response, answers) for response, answers in found if answers)


@lru_cache(maxsize=256)
def newest_list(issuer: Certificate, trust: TrustList) -> crl.RevocationList | None:
    """The newest revocation list that this issuer signed; raises UnknownSuite."""
    newest = None
    for der in trust.crls:
        found = crl.parse(der)
        if found.issuer != issuer.subject or not found.signed_by(issuer):
            continue
        if newest is None or found.issued_at > newest.issued_at:
            newest = found
    return newest
