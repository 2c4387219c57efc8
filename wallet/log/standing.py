"""What stands in the other logs at this moment, computed from their records and not from heads.

For a head that was anchored: the digest that its record gives now, if the record is there, the
last records before it still hang together, and the log's own head goes on from it under our seal.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.expressions import Q

from core.protection import audit, chain_heads
from wallet.log.access_log import content_of, digest_of, name_of
from wallet.models import UseHead, UseRecord

AUDIT, USES = "audit:", "uses:"
WALK = 16
"""Records looked at before each head: more than most logs grow between two anchors."""
PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Head:
    """How far a log had come."""

    log: str
    n: int
    digest: str


async def digests(heads: Sequence[Head], *, walk: int = WALK) -> list[str | None]:
    """For each head the digest its record gives now; None when it does not stand there."""
    found: dict[str, str | None] = {}
    uses = [head for head in heads if head.log.startswith(USES)]
    for begin in range(0, len(uses), PAGE):
        found |= await _of_uses(uses[begin : begin + PAGE], walk)
    ends = {one.chain: one for one in await audit.heads()}
    for head in heads:
        if head.log.startswith(AUDIT):
            chain = int(head.log.removeprefix(AUDIT))
            end = ends.get(chain)
            stands = end is not None and end.sealed and end.sequence >= head.n
            found[head.log] = await audit.digest_at(chain, head.n, walk=walk) if stands else None
    return [found.get(head.log) for head in heads]


async def _of_uses(heads: Sequence[Head], walk: int) -> dict[str, str | None]:
    wanted = {UUID(head.log.removeprefix(USES)): head.n for head in heads}
    ends = {row.subject_id: row for row in await UseHead.filter(subject_id__in=list(wanted))}
    pieces = [Q(subject_id=subject, n__gt=n - walk, n__lte=n) for subject, n in wanted.items()]
    records: defaultdict[UUID, list[UseRecord]] = defaultdict(list)
    for row in await UseRecord.filter(Q(*pieces, join_type="OR")).order_by("subject_id", "n"):
        records[row.subject_id].append(row)
    return {
        name_of(subject): _digest(ends.get(subject), records[subject], n, walk)
        for subject, n in wanted.items()
    }


def _digest(head: UseHead | None, rows: Sequence[UseRecord], n: int, walk: int) -> str | None:
    """The digest of record `n`, when the rows before it are there and hang together."""
    if head is None or head.n < n or not _is_sealed(head):
        return None
    first = max(n - walk, head.base_n) + 1
    rows = [row for row in rows if row.n >= first]
    if [row.n for row in rows] != list(range(first, n + 1)) or not rows:
        return None
    if first == head.base_n + 1 and rows[0].previous != head.base_digest:
        return None
    given = [digest_of(content_of(row)) for row in rows]
    linked = all(row.previous == before for row, before in zip(rows[1:], given, strict=False))
    return given[-1] if linked else None


def _is_sealed(head: UseHead) -> bool:
    return chain_heads.is_sealed(
        head.mac, name=name_of(head.subject_id), n=head.n, digest=head.digest
    )
