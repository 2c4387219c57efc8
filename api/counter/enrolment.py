"""A counter device registers its key with a code, and asks who it is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, throttle
from api.edge.endpoint import endpoint
from identity import errors, queries
from identity.systems import counters

bp = Blueprint("counter-enrolment", url_prefix="/api/counter")

TRIES_PER_MINUTE = 10


class Enrol(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    public_key: Annotated[str, msgspec.Meta(max_length=100)]
    """base64url of the uncompressed P-256 point, 65 bytes."""
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class CounterDevice(msgspec.Struct, kw_only=True):
    counter_id: UUID
    name: str
    department: str
    department_name: str
    hall: str


@bp.post("/enrolments")
@guards.public
@endpoint(
    summary="Register this device's public key by an enrolment code",
    body=Enrol,
    returns=CounterDevice,
    status=201,
    problems=(errors.EnrolmentCodeRefused, errors.InvalidPublicKey, throttle.TooManyTries),
)
async def enrol(request: Request, body: Enrol) -> CounterDevice:
    await throttle.per_address(request, "enrolment", limit=TRIES_PER_MINUTE)
    enrolled = await counters.enrol(body.code, public_key=body.public_key, name=body.label)
    return msgspec.convert(enrolled, CounterDevice, from_attributes=True)


@bp.get("/me")
@guards.counter
@endpoint(summary="This counter device", returns=CounterDevice, problems=(errors.InvalidSignature,))
async def get_me(request: Request) -> CounterDevice:
    counter = await queries.get_counter(request.ctx.principal.id)
    department = await queries.get_department(counter.department)
    return CounterDevice(
        counter_id=counter.id,
        name=counter.name,
        department=department.key,
        department_name=department.name,
        hall=counter.hall,
    )
