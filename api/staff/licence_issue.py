"""Seal keepers: issue a licence by hand on a decision, and make its next version on a change."""

from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.addresses import address_of
from api.edge.bounds import Values
from api.edge.endpoint import endpoint
from api.staff.licences import FoundLicence, found_answer
from api.staff.review import LicenceField
from identity.errors import (
    InvalidCreditCode,
    InvalidIdentityNumber,
    SubjectNotFound,
    TooManyGuesses,
    TooManySignIns,
    WrongCredentials,
)
from identity.factors import errors as factor_errors
from identity.factors import second_step
from identity.principal import Principal
from identity.staff.roles import Act
from wallet import errors
from wallet.issue import by_hand
from wallet.issue.by_hand import Draft, Ground, Named
from wallet.register import queries

bp = Blueprint("staff-licence-issue", url_prefix="/api/staff")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
PaperNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=8)]

_SEALING = (
    errors.SealNotReady,
    errors.SealFrozen,
    errors.SealExpired,
    errors.IssueFailed,
    errors.SecondPersonNeeded,
    TooManySignIns,
    factor_errors.CodeOfSecondNeeded,
    factor_errors.CodeRefused,
    factor_errors.CodeOutOfTime,
    factor_errors.CodeUsed,
    factor_errors.TooManyCodes,
)
_HOLDER = (
    errors.LicenceTypeNotFound,
    errors.NotALicenceOfficer,
    errors.HolderDoesNotFit,
    SubjectNotFound,
    TooManyGuesses,
    InvalidIdentityNumber,
    InvalidCreditCode,
)


class Holder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Name and number as the document writes them; never in an address."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    id_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Second(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The other officer, present at the desk."""

    staff_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    """The one-time code of an officer who holds a second factor."""


class IssuableType(msgspec.Struct, kw_only=True):
    code: str
    name: str
    holder_kind: str
    needs_second: bool


class IssuableTypes(msgspec.Struct, kw_only=True):
    types: list[IssuableType]


class WantedDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    licence_type: Code
    holder: Holder


class HandDraft(msgspec.Struct, kw_only=True):
    licence_type: str
    name: str
    needs_second: bool
    fields: list[LicenceField]


class Order(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    licence_type: Code
    holder: Holder
    facts: Values
    """What the licence shall say; the licence type decides what is taken, hence Any."""
    document_no: PaperNumber
    """Number of the decision (文书号) the issue rests on."""
    cause: Text
    second: Second | None = None


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    facts: Values
    document_no: PaperNumber
    cause: Text
    second: Second | None = None


@bp.get("/licence-types")
@guards.officer(Act.ISSUE_LICENCES)
@endpoint(
    summary="The licence types that my department issues",
    returns=IssuableTypes,
    problems=(errors.NotALicenceOfficer,),
)
async def list_types(request: Request) -> IssuableTypes:
    found = by_hand.types_for(request.ctx.principal)
    return IssuableTypes(
        types=[
            IssuableType(
                code=type_.code,
                name=type_.name,
                holder_kind=type_.holder_kind,
                needs_second=by_hand.needs_second(type_),
            )
            for type_ in found
        ]
    )


@bp.post("/licence-drafts")
@guards.officer(Act.ISSUE_LICENCES)
@endpoint(
    summary="The fields of a licence for a holder, filled in as far as is known",
    body=WantedDraft,
    returns=HandDraft,
    problems=_HOLDER,
)
async def draft(request: Request, body: WantedDraft) -> HandDraft:
    found = await by_hand.draft(
        body.licence_type, holder=_named(body.holder), by=request.ctx.principal
    )
    return _draft(found)


@bp.post("/licences")
@guards.officer(Act.ISSUE_LICENCES)
@endpoint(
    summary="Issue a licence by hand on the ground of a document",
    body=Order,
    returns=FoundLicence,
    status=201,
    problems=(*_HOLDER, *_SEALING, errors.InvalidFacts, errors.GroundAlreadyUsed),
    idempotent=True,
)
async def make(request: Request, body: Order) -> FoundLicence:
    principal, resources = request.ctx.principal, request.app.ctx.resources
    licence_id = await by_hand.make(
        body.licence_type,
        holder=_named(body.holder),
        facts=body.facts,
        ground=await _ground(request, body),
        by=principal,
        desk=resources.desk,
    )
    return found_answer(await queries.get_for_staff(licence_id, by=principal))


@bp.post("/licences/<licence_id:uuid>/draft")
@guards.officer(Act.ISSUE_LICENCES)
@endpoint(
    summary="What a licence says, to be changed; the holder is told of the look",
    returns=HandDraft,
    problems=(errors.LicenceNotFound, errors.NotALicenceOfficer),
)
async def draft_version(request: Request, licence_id: UUID) -> HandDraft:
    return _draft(await by_hand.draft_version(licence_id, by=request.ctx.principal))


@bp.post("/licences/<licence_id:uuid>/versions")
@guards.officer(Act.ISSUE_LICENCES)
@endpoint(
    summary="Make the next version of a licence, in place of this one",
    body=Change,
    returns=FoundLicence,
    status=201,
    problems=(
        *_SEALING,
        errors.LicenceNotFound,
        errors.NotALicenceOfficer,
        errors.InvalidFacts,
        errors.GroundAlreadyUsed,
        errors.PreviousLicenceMissing,
    ),
    idempotent=True,
)
async def change(request: Request, licence_id: UUID, body: Change) -> FoundLicence:
    principal, resources = request.ctx.principal, request.app.ctx.resources
    made = await by_hand.change(
        licence_id,
        facts=body.facts,
        ground=await _ground(request, body),
        by=principal,
        desk=resources.desk,
    )
    return found_answer(await queries.get_for_staff(made, by=principal))


async def _ground(request: Request, body: Order | Change) -> Ground:
    return Ground(
        document_no=body.document_no, cause=body.cause, second=await _present(request, body.second)
    )


async def _present(request: Request, second: Second | None) -> Principal | None:
    """The other officer proves to be there; a wrong password must not end this session (401)."""
    if second is None:
        return None
    try:
        return await second_step.vouch(
            second.staff_no,
            second.password,
            code=second.code,
            place=address_of(request),
            factor_required=request.app.ctx.resources.settings.staff_factor == "required",
        )
    except WrongCredentials:
        raise errors.SecondPersonNeeded("复核人的工号或密码不正确，请核对后再试") from None


def _named(holder: Holder) -> Named:
    return Named(name=holder.name, id_no=holder.id_no)


def _draft(found: Draft) -> HandDraft:
    return HandDraft(
        licence_type=found.type_.code,
        name=found.type_.name,
        needs_second=found.needs_second,
        fields=[
            LicenceField(
                key=field.key,
                label=field.label,
                type=str(field.type),
                required=field.required,
                options=list(field.options),
                note=field.note,
                value=found.facts.get(field.key),
                missing=field in found.missing,
            )
            for field in found.type_.fields
            if field.key != found.allotted and field.type != "image"
        ],
    )
