"""The public transparency log: checkpoints, leaf hashes and proofs (RFC 9162, section 2.1).

Hashes and signatures are base64; nothing here tells anything about a person.
"""

import base64
from datetime import datetime
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api import guards
from api.bounds import Place, Positive
from api.endpoint import endpoint
from core.errors import Invalid
from wallet import annotated, errors, transparency
from wallet.transparency import Checkpoint, InclusionProof

bp = Blueprint("transparency", url_prefix="/api/transparency")

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


class SavedAnswer(msgspec.Struct, kw_only=True):
    materials: int
    cases: int


@bp.get("/checkpoint")
@guards.public
@endpoint(summary="The newest signed checkpoint of the log", returns=LatestAnswer)
async def get_checkpoint(request: Request) -> LatestAnswer:
    found = await transparency.latest()
    return LatestAnswer(checkpoint=None if found is None else checkpoint_answer(found))


@bp.get("/inclusion")
@guards.public
@endpoint(
    summary="The proof that a leaf is in the log of a size",
    query=InclusionWanted,
    returns=InclusionAnswer,
    problems=(errors.LogSizeUnknown, errors.LogEntryNotFound, InvalidHash),
)
async def get_inclusion(request: Request, query: InclusionWanted) -> InclusionAnswer:
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
    problems=(errors.LogSizeUnknown,),
)
async def get_consistency(request: Request, query: ConsistencyWanted) -> PathAnswer:
    path = await transparency.consistency(query.first, query.second)
    return PathAnswer(path=[_text(step) for step in path])


@bp.get("/leaves")
@guards.public
@endpoint(
    summary="Leaf hashes in order, for auditors who compute the root themselves",
    query=LeavesWanted,
    returns=LeavesAnswer,
)
async def get_leaves(request: Request, query: LeavesWanted) -> LeavesAnswer:
    found = await transparency.leaves(query.start, limit=query.limit)
    return LeavesAnswer(start=query.start, leaves=[_text(leaf) for leaf in found])


@bp.get("/savings")
@guards.public
@endpoint(summary="Documents that nobody in the city had to bring", returns=SavedAnswer)
async def get_savings(request: Request) -> SavedAnswer:
    found = await annotated.savings_of()
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
