"""Step-up by an enterprise certificate: the organisation's own key signs a challenge of ours.

What it proves is that the organisation's key is at hand, not who holds it. Hence it counts for the
organisation the session acts for, while it does, and never for what is the person's own
(assurance.OF_ORGANISATION). The certificate is checked by a port: its chain, validity, purpose and
revocation are matters of the certificate authorities a city trusts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core import clock
from identity import errors, numbers, queries
from identity.log_in import assurance, hand_over, sessions
from identity.log_in.assurance import Level
from identity.principal import Principal

if TYPE_CHECKING:
    from redis.asyncio import Redis

KIND = "certificate"
LIFE_SECONDS = 300
MEANS = "certificate"


class CertificateChecker(Protocol):
    """Whoever knows certificates. The development one trusts the development authority."""

    def names(
        self, chain: Sequence[bytes], *, message: bytes, signature: bytes, at: datetime
    ) -> tuple[str, ...] | None:
        """Every value of the subject of `chain[0]`, or None unless all is well: the signature over
        `message`, the chain to a trusted authority, validity, purpose and revocation at `at`.

        Certificates are DER, the holder's first. Raises nothing for bad input.
        """


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What is to be signed: the UTF-8 bytes of `to_sign`. `id` names it to us."""

    id: str = field(repr=False)
    to_sign: str = field(repr=False)
    organisation: str
    seconds: int


async def begin(*, checker: CertificateChecker | None, redis: "Redis", by: Principal) -> Challenge:
    """A challenge for the organisation acted for, good once, in this session, for five minutes.

    Raises CertificateUnavailable where no certificates are taken, NotActingFor for a person alone.
    """
    if checker is None:
        raise errors.CertificateUnavailable()
    if by.acting_for is None:
        raise errors.NotActingFor()
    organisation = await queries.get_subject(by.acting_for)
    kept = {"session": str(by.session_id), "organisation": str(by.acting_for)}
    name = await hand_over.leave(redis, KIND, kept, seconds=LIFE_SECONDS)
    return Challenge(
        id=name,
        to_sign=text(name, kept),
        organisation=organisation.name,
        seconds=LIFE_SECONDS,
    )


async def finish(
    challenge_id: str,
    *,
    chain: Sequence[bytes],
    signature: bytes,
    checker: CertificateChecker | None,
    redis: "Redis",
    by: Principal,
) -> Level:
    """Confirm the session for the organisation. The challenge is spent, whatever comes of it.

    Raises ProofExpired (unknown, used, late, or of another session or organisation),
    CertificateRefused, CertificateUnavailable.
    """
    if checker is None:
        raise errors.CertificateUnavailable()
    async with hand_over.taken(redis, KIND, challenge_id, seconds=LIFE_SECONDS) as kept:
        mine = {"session": str(by.session_id), "organisation": str(by.acting_for)}
        if kept is None or kept != mine or by.acting_for is None:
            raise errors.ProofExpired()
        message = text(challenge_id, kept).encode()
        found = checker.names(chain, message=message, signature=signature, at=clock.now())
        organisation = await queries.get_subject(by.acting_for)
        if found is None or credit_code(found) != organisation.id_no:
            raise errors.CertificateRefused()
        await sessions.certify(by, minutes=assurance.STEP_UP_MINUTES, by_means=MEANS)
    return Level.CONFIRMED


def text(challenge_id: str, kept: dict[str, str]) -> str:
    """The words that are signed: for what, and nothing a signature could be reused for. Pure."""
    return "\n".join(("yunjian step-up 1", challenge_id, kept["session"], kept["organisation"]))


def credit_code(values: Sequence[str]) -> str | None:
    """The one unified social credit code among a subject's values; authorities put it in different
    places. None for none, and for two that differ. Pure."""
    found = set()
    for value in values:
        try:
            found.add(numbers.check_credit_code(value.strip()))
        except errors.InvalidCreditCode:
            continue
    return found.pop() if len(found) == 1 else None
