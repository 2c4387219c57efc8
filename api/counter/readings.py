"""A counter that was without network hands in what it read meanwhile."""

from datetime import datetime
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.counter.verifications import VerificationAnswer, answer_of, errand_of
from api.edge import guards
from api.edge.endpoint import endpoint
from identity.errors import InvalidSignature
from services.guides.errors import ItemNotFound
from wallet import errors
from wallet.check import readings

bp = Blueprint("counter-readings", url_prefix="/api/counter/readings")


class HandIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: Annotated[str, msgspec.Meta(min_length=16, max_length=64, pattern="^[0-9a-f]+$")]
    """The counter's own name for the reading; sent twice, it is entered once."""
    code: Annotated[str, msgspec.Meta(max_length=20_000)]
    read_at: datetime
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    item_code: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    case_no: Annotated[str, msgspec.Meta(max_length=50, pattern="^[0-9A-Z-]*$")] | None = None


@bp.post("/")
@guards.counter
@endpoint(
    summary="Enter an offline reading; the same pass is judged again with the evidence of now",
    body=HandIn,
    returns=VerificationAnswer,
    status=200,
    problems=(InvalidSignature, ItemNotFound, errors.ReadingNotPossible),
)
async def hand_in(request: Request, body: HandIn) -> VerificationAnswer:
    entry = readings.Entry(
        key=body.key,
        code=body.code,
        read_at=body.read_at,
        errand=await errand_of(body.purpose, body.item_code, body.case_no),
    )
    found = await readings.hand_in(
        entry, by=request.ctx.principal, desk=request.app.ctx.resources.desk
    )
    return answer_of(found)
