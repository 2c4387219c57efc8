"""Many holders with one sealed licence each, for the bench `redeem`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core import clock, database
from identity.people import registry
from identity.people.registry import Named
from resources import Resources
from tests.wallet.factories import RESIDENCE
from wallet.document.face import FaceData
from wallet.issue import from_case, numbers
from wallet.seal import sealing, seals
from wallet.types import catalogue
from wallet.types.check_digits import identity_digit

HOLDERS = 240


@dataclass(frozen=True)
class Shown:
    """Whose licence is shown, and the document that its seal stands in."""

    licence_id: UUID
    person_id: UUID
    document: str


async def build(resources: Resources) -> list[Shown]:
    """Holders with a residence permit each, sealed as any other."""
    named = [Named("111", _id_no(serial), "张演示") for serial in range(HOLDERS)]
    async with database.transaction():
        subjects = await registry.ensure(named)
    seal = await seals.for_department(catalogue.get_type("RES").issuer)
    shown = []
    for serial, one in enumerate(named):
        subject_id = subjects[(one.id_type, one.id_no)]
        identifier = await numbers.allot_identifier("RES", issued_on=clock.today())
        data = _face(one, serial, str(identifier))
        document = await sealing.sealed_document(data, seal=seal, desk=resources.desk)
        digest = await resources.blobs.put(document)
        async with database.transaction():
            licence = await from_case.add_row(
                data, document=digest, subject_id=subject_id, case_id=None, previous_id=None
            )
        shown.append(Shown(licence.id, subject_id, digest))
    return shown


def _face(one: Named, serial: int, identifier: str) -> FaceData:
    facts = {**RESIDENCE, "id_no": one.id_no}
    return FaceData(
        licence_type="RES",
        facts=catalogue.check_facts("RES", facts, numbered=True),
        number=f"JZ310117{serial:08d}",
        identifier=identifier,
        holder_name=one.name,
        holder_id_type=one.id_type,
        holder_id_no=one.id_no,
        issued_on=date(2026, 11, 25),
        valid_to=None,
        document_id="0" * 32,
        drawn_at=clock.now(),
    )


def _id_no(serial: int) -> str:
    """A synthetic identity number of a division that is not in use."""
    body = f"31019919800101{serial:03d}"
    return body + identity_digit(body)
