"""Proving that somebody is present: a face check of a platform, for binding or for stepping up.

The platform's own answer decides; what the client says about it counts for nothing. A proof is
bound to what it was opened for (a session, or an account that waits to be bound), lives ten minutes
and is spent by its outcome. A pending one may be asked for again.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from core import ids
from core.errors import Problem
from identity import errors
from identity.log_in import hand_over
from miniapp_bridge.connector import Connector, FaceChecking, FaceHandOff, FaceOutcome, RealName

if TYPE_CHECKING:
    from redis.asyncio import Redis

KIND = "proof"
LIFE_SECONDS = 600
IDENTITY_CARD = "111"
BY_PAGE = "alipay"
"""The platform whose face check opens as a page, hence in every browser."""


@dataclass(frozen=True, kw_only=True)
class OpenProof:
    """What the client needs to start the check."""

    id: str = field(repr=False)
    kind: str
    params: Mapping[str, str] = field(repr=False)
    seconds: int


def face_platform(platform: str, connectors: Mapping[str, Connector]) -> str | None:
    """Where a person who came by `platform` can be checked: there, or by a page."""
    for name in (platform, BY_PAGE):
        if hasattr(connectors.get(name), "start_face_check"):
            return name
    return None


async def open_proof(
    person: RealName,
    *,
    platform: str,
    user_id: str,
    purpose: Mapping[str, Any],
    connectors: Mapping[str, Connector],
    redis: "Redis",
) -> OpenProof:
    """Start a check of `person`. Raises ProofUnavailable, and what the platform raises."""
    where = face_platform(platform, connectors)
    if where is None:
        raise errors.ProofUnavailable()
    reference = ids.new_token(15).replace("-", "x").replace("_", "y")
    hand_off = await _checker(connectors, where).start_face_check(
        person, reference=reference, user_id=user_id
    )
    seconds = min(hand_off.seconds, LIFE_SECONDS)
    kept = {
        "where": where,
        "user_id": user_id,
        "reference": hand_off.reference,
        "params": dict(hand_off.params),
        "name": person.name,
        "id_no": person.id_no,
        "purpose": dict(purpose),
    }
    proof_id = await hand_over.leave(redis, KIND, kept, seconds=seconds)
    params = dict(hand_off.params)
    return OpenProof(id=proof_id, kind=params.pop("kind"), params=params, seconds=seconds)


@asynccontextmanager
async def finished(
    proof_id: str, *, connectors: Mapping[str, Connector], redis: "Redis"
) -> AsyncIterator[tuple[RealName, dict[str, Any]]]:
    """Who was proved, and what for, for the length of the act that the proof is for.

    Raises ProofExpired, ProofPending, ProofFailed. Where nothing was decided (the platform is away,
    or the phone hung up and its handler was cancelled, also in the middle of the act) the proof
    stays: the person need not look into the camera again.
    """
    async with hand_over.taken(redis, KIND, proof_id, seconds=LIFE_SECONDS) as kept:
        if kept is None:
            raise errors.ProofExpired()
        person = RealName(id_type=IDENTITY_CARD, id_no=kept["id_no"], name=kept["name"])
        hand_off = FaceHandOff(reference=kept["reference"], params=kept["params"], seconds=0)
        try:
            outcome = await _checker(connectors, kept["where"]).face_outcome(
                hand_off, person, user_id=kept["user_id"]
            )
        except Problem:
            await hand_over.put_back(redis, KIND, proof_id, kept, seconds=LIFE_SECONDS)
            raise
        if outcome is FaceOutcome.PENDING:
            await hand_over.put_back(redis, KIND, proof_id, kept, seconds=LIFE_SECONDS)
            raise errors.ProofPending()
        if outcome is FaceOutcome.FAILED:
            raise errors.ProofFailed()
        yield person, kept["purpose"]


def _checker(connectors: Mapping[str, Connector], platform: str) -> FaceChecking:
    connector = connectors.get(platform)
    if connector is None:
        raise errors.ProofUnavailable()
    return cast(FaceChecking, connector)
