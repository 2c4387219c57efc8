"""My offline codes: the key of my phone, and passes it shows without network."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.bounds import Key
from api.edge.endpoint import endpoint
from core.errors import TooMany
from identity.errors import StepUpRequired
from wallet import errors
from wallet.show import passes
from wallet.show.passes import PassField

bp = Blueprint("citizen-passes", url_prefix="/api/citizen")


class PhoneKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    public_key: Annotated[str, msgspec.Meta(max_length=100)]
    """base64url of the P-256 point, 65 bytes or 33. The private half never leaves the phone."""


class WantedPass(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    fields: Annotated[list[Key], msgspec.Meta(max_length=20)] | None = None
    """Keys of the fields to be inside; null means all on offer, [] none."""
    bound: bool = True
    """False only for a phone that cannot keep a key: the pass then lives five minutes."""


class PassFieldAnswer(msgspec.Struct, kw_only=True):
    key: str
    label: str
    value: str
    """Masked; exactly what a reader will see."""


class OfferedFields(msgspec.Struct, kw_only=True):
    fields: list[PassFieldAnswer]


class PassAnswer(msgspec.Struct, kw_only=True):
    licence_id: UUID
    data: bytes
    """The signed pass, base64; the phone adds its proof and shows both."""
    text: str
    """The whole code of an unbound pass; empty for a bound one."""
    issued_at: datetime
    expires_at: datetime
    fields: list[PassFieldAnswer]


@bp.put("/phone-key")
@guards.citizen
@endpoint(
    summary="Register the public half of the key this phone made, for this session",
    body=PhoneKey,
    problems=(errors.InvalidPhoneKey, errors.PhoneKeyMissing, StepUpRequired),
)
async def register_phone(request: Request, body: PhoneKey) -> None:
    await passes.register_phone(body.public_key, by=request.ctx.principal)


@bp.get("/licences/<licence_id:uuid>/pass-fields")
@guards.citizen
@endpoint(
    summary="What a pass of one of my licences may hold beside name, number and last day",
    returns=OfferedFields,
    problems=(errors.LicenceNotFound,),
)
async def list_fields(request: Request, licence_id: UUID) -> OfferedFields:
    found = await passes.list_fields(licence_id, by=request.ctx.principal)
    return OfferedFields(fields=_fields(found))


@bp.post("/licences/<licence_id:uuid>/passes")
@guards.citizen
@endpoint(
    summary="A pass to show this licence without network",
    body=WantedPass,
    returns=PassAnswer,
    status=201,
    problems=(
        errors.LicenceNotFound,
        errors.LicenceNotInForce,
        errors.FieldNotOffered,
        errors.PhoneKeyMissing,
        errors.OnlyData,
        errors.SealNotReady,
        StepUpRequired,
        TooMany,
    ),
)
async def make_pass(request: Request, licence_id: UUID, body: WantedPass) -> PassAnswer:
    resources = request.app.ctx.resources
    made = await passes.make(
        licence_id,
        fields=body.fields,
        bound=body.bound,
        by=request.ctx.principal,
        desk=resources.desk,
    )
    return PassAnswer(
        licence_id=made.licence_id,
        data=made.data,
        text=made.text,
        issued_at=made.issued_at,
        expires_at=made.expires_at,
        fields=_fields(made.fields),
    )


def _fields(found: tuple[PassField, ...]) -> list[PassFieldAnswer]:
    return [msgspec.convert(one, PassFieldAnswer, from_attributes=True) for one in found]
