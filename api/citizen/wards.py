"""The children whose guardian I am, and the licences in their wallets."""

from datetime import date
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.citizen.licences import LicenceCard
from api.edge import guards
from api.edge.endpoint import endpoint
from identity.people import guardians
from wallet.register import queries

bp = Blueprint("citizen-wards", url_prefix="/api/citizen")


class WardAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    """What `PUT /acting-for` takes, to open or show one of the licences."""
    name: str
    until: date
    licences: list[LicenceCard]


class Wards(msgspec.Struct, kw_only=True):
    wards: list[WardAnswer]


@bp.get("/wards")
@guards.citizen
@endpoint(summary="The children I am guardian of, with their licences", returns=Wards)
async def list_wards(request: Request) -> Wards:
    found = await guardians.list_wards(request.ctx.principal.person_id)
    return Wards(
        wards=[
            WardAnswer(
                id=ward.id,
                name=ward.name,
                until=ward.until,
                licences=[
                    msgspec.convert(one, LicenceCard, from_attributes=True)
                    for one in await queries.list_licences(ward.id)
                ],
            )
            for ward in found
        ]
    )
