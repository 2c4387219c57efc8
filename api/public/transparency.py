"""The public transparency log: checkpoints, leaf hashes, proofs (RFC 9162, section 2.1), anchors.

Hashes and signatures are base64; nothing here tells anything about a person. Anybody may ask, so
every answer costs a bounded number of rows, and each address is heard a bounded number of times.
"""

import base64
from datetime import datetime
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, throttle
from api.edge.bounds import Place, Positive
from api.edge.endpoint import endpoint
from api.edge.throttle import TooManyTries
from core.errors import Invalid
from wallet import errors
from wallet.log import anchors, savings, transparency
from wallet.log.transparency import Checkpoint, InclusionProof

bp = Blueprint("transparency", url_prefix="/api/transparency")

PER_MINUTE = 600
"""Questions of one address: an auditor reads 600,000 entries a minute, and others wait."""
HEADS_PER_MINUTE = 60
"""The costly question: an anchor's logs are read anew."""

LARGEST = 2**63 - 1
Size = Positive
Position = Place
Hash = Annotated[str, msgspec.Meta(min_length=44, max_length=44)]


class InvalidHash(Invalid):
    slug = "invalid-hash"
    title = "哈希值应为 32 字节的 base64 文本"


class CheckpointAnswer(msgspec.Struct, kw_only=True):
    size: int
    root: str
    at: datetime
    note: str
    """The signed lines, exactly."""
    signature: str
    """DER over the UTF-8 bytes of `note`."""
    certificate: str
    """The operator's, DER."""


class LatestAnswer(msgspec.Struct, kw_only=True):
    checkpoint: CheckpointAnswer | None
    """None while the log is empty."""


class InclusionWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    leaf_hash: Hash
    size: Size


class InclusionAnswer(msgspec.Struct, kw_only=True):
    position: int
    path: list[str]


class ConsistencyWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    first: Size
    second: Size


class PathAnswer(msgspec.Struct, kw_only=True):
    path: list[str]


class LeavesWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    start: Position = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 256


class LeavesAnswer(msgspec.Struct, kw_only=True):
    start: int
    leaves: list[str]


class LogProofAnswer(msgspec.Struct, kw_only=True):
    """That a licence stands in the log: part of the report about one of ours."""

    data: str
    """The entry; its leaf hash is SHA-256 of 0x00 and these bytes."""
    position: int
    path: list[str]
    checkpoint: CheckpointAnswer


class AnchorsWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    after: Position = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class AnchorAnswer(msgspec.Struct, kw_only=True):
    """A statement of where other logs stood; an entry of the transparency log."""

    number: int
    at: datetime
    heads: int
    """How many logs had moved."""
    data: str
    """The entry; its leaf hash is SHA-256 of 0x00 and these bytes. It names the root."""
    position: int


class AnchorsAnswer(msgspec.Struct, kw_only=True):
    anchors: list[AnchorAnswer]


class HeadsAnswer(msgspec.Struct, kw_only=True):
    number: int
    leaves: list[str]
    """Computed now, from the records that stand in the logs; 32 zero bytes for one that does not.
    Their Merkle root must be the one that was anchored."""


class SavedAnswer(msgspec.Struct, kw_only=True):
    materials: int
    cases: int


@bp.get("/checkpoint")
@guards.public
@endpoint(
    summary="The newest signed checkpoint of the log",
    returns=LatestAnswer,
    problems=(TooManyTries,),
)
async def get_checkpoint(request: Request) -> LatestAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    found = await transparency.latest()
    return LatestAnswer(checkpoint=None if found is None else checkpoint_answer(found))


@bp.get("/inclusion")
@guards.public
@endpoint(
    summary="The proof that a leaf is in the log of a size",
    query=InclusionWanted,
    returns=InclusionAnswer,
    problems=(errors.LogSizeUnknown, errors.LogEntryNotFound, InvalidHash, TooManyTries),
)
async def get_inclusion(request: Request, query: InclusionWanted) -> InclusionAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    found = await transparency.inclusion(_bytes(query.leaf_hash), size=query.size)
    if found is None:
        raise errors.LogEntryNotFound()
    position, path = found
    return InclusionAnswer(position=position, path=[_text(step) for step in path])


@bp.get("/consistency")
@guards.public
@endpoint(
    summary="The proof that a larger log only appends to a smaller one",
    query=ConsistencyWanted,
    returns=PathAnswer,
    problems=(errors.LogSizeUnknown, TooManyTries),
)
async def get_consistency(request: Request, query: ConsistencyWanted) -> PathAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    path = await transparency.consistency(query.first, query.second)
    return PathAnswer(path=[_text(step) for step in path])


@bp.get("/leaves")
@guards.public
@endpoint(
    summary="Leaf hashes in order, for auditors who compute the root themselves",
    query=LeavesWanted,
    returns=LeavesAnswer,
    problems=(TooManyTries,),
)
async def get_leaves(request: Request, query: LeavesWanted) -> LeavesAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    found = await transparency.leaves(query.start, limit=query.limit)
    return LeavesAnswer(start=query.start, leaves=[_text(leaf) for leaf in found])


@bp.get("/anchors")
@guards.public
@endpoint(
    summary="Where the other logs stood, minute by minute, oldest first",
    query=AnchorsWanted,
    returns=AnchorsAnswer,
    problems=(TooManyTries,),
)
async def get_anchors(request: Request, query: AnchorsWanted) -> AnchorsAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    found = await anchors.list_anchors(after=query.after, limit=query.limit)
    return AnchorsAnswer(
        anchors=[msgspec.convert(one, AnchorAnswer, from_attributes=True) for one in found]
    )


@bp.get("/anchors/<number:int>/heads")
@guards.public
@endpoint(
    summary="The heads of an anchor, computed from what stands in the logs now",
    returns=HeadsAnswer,
    problems=(errors.AnchorNotFound, errors.AnchorForgotten, TooManyTries),
)
async def get_heads(request: Request, number: int) -> HeadsAnswer:
    await throttle.per_address(request, "anchored-heads", limit=HEADS_PER_MINUTE)
    if not 0 < number <= LARGEST:
        raise errors.AnchorNotFound()
    found = await anchors.leaves_now(number)
    return HeadsAnswer(number=number, leaves=[_text(leaf) for leaf in found])


@bp.get("/savings")
@guards.public
@endpoint(
    summary="Documents that nobody in the city had to bring",
    returns=SavedAnswer,
    problems=(TooManyTries,),
)
async def get_savings(request: Request) -> SavedAnswer:
    await throttle.per_address(request, "transparency", limit=PER_MINUTE)
    found = await savings.of_city()
    return SavedAnswer(materials=found.materials, cases=found.cases)


def checkpoint_answer(found: Checkpoint) -> CheckpointAnswer:
    """How a checkpoint looks in an answer."""
    return CheckpointAnswer(
        size=found.size,
        root=_text(found.root),
        at=found.at,
        note=found.signed.text,
        signature=_text(bytes.fromhex(found.signed.signature)),
        certificate=_text(found.signed.certificate),
    )


def proof_answer(found: InclusionProof | None) -> LogProofAnswer | None:
    """How the proof of a licence looks in the report about it."""
    if found is None:
        return None
    return LogProofAnswer(
        data=found.data,
        position=found.position,
        path=[_text(step) for step in found.path],
        checkpoint=checkpoint_answer(found.checkpoint),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        found = base64.b64decode(text.replace(" ", "+"), validate=True)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise InvalidHash()
    return found
