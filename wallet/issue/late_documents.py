"""Draw and seal the document of a licence that was taken in as data, when it is first needed.

Sealing a hundred thousand documents at intake would take hours that nobody needs: most are never
opened. The row says "" for its document until then. Only what a second officer vouched for is
sealed: our seal says that the authority stands behind every word.
"""

from uuid import UUID

from core import clock, database
from core.files.blobs import BlobNotFound
from core.ids import new_id
from core.protection import audit
from identity.log_in import assurance
from identity.principal import Principal
from wallet.desk import Desk
from wallet.document.face import FaceData
from wallet.log import transparency
from wallet.models import Licence
from wallet.register import queries, status, taken_in
from wallet.seal import sealing, seals
from wallet.show import printed
from wallet.types import catalogue
from wallet.types.licence_types import FieldType

ACTOR = "system:wallet"


async def ensure(
    licence_id: UUID,
    *,
    by: Principal,
    desk: Desk,
) -> str:
    """Make the document of a licence of the caller's unless it is there; its digest.

    Where `desk` says how we are reached its face bears the code that printed copies are checked by.
    Raises LicenceNotFound, OnlyData, and what sealing raises; two at once make one document.
    """
    licence = await status.own_licence(licence_id, by=by)
    if licence.document:
        return licence.document
    taken_in.insist_on_more(licence)
    seal = await seals.for_department(licence.department)
    data = await _face_data(licence, desk)
    document = await sealing.sealed_document(data, seal=seal, desk=desk)
    digest = await desk.blobs.put(document)
    async with database.transaction():
        if not await Licence.filter(id=licence.id, document="").update(document=digest):
            return await _document_of(licence.id)
        await transparency.licence_issued(
            licence.identifier, document=digest, version=licence.version
        )
        if data.printed_code:
            await printed.register(licence)
        await audit.record(
            actor=ACTOR,
            action="licence.draw",
            target=f"licence:{licence.id}",
            detail={"document": digest, "seal": str(seal.id), "vouched": licence.vouched_by},
        )
        await seals.record_use(seal.id)
    return digest


async def take(
    licence_id: UUID,
    *,
    by: Principal,
    desk: Desk,
) -> bytes:
    """The document for its holder, drawn first when nobody needed it before.

    The right comes before the work: nobody has a document drawn and sealed who may not take it.
    Raises StepUpRequired, LicenceNotFound, OnlyData, and what sealing raises.
    """
    assurance.require(by, assurance.Act.TAKE_DOCUMENT)
    await ensure(licence_id, by=by, desk=desk)
    return await queries.get_document(licence_id, by=by, blobs=desk.blobs)


async def _document_of(licence_id: UUID) -> str:
    return (await Licence.get(id=licence_id)).document


async def _face_data(licence: Licence, desk: Desk) -> FaceData:
    facts = queries.facts_from(licence)
    pictures: dict[str, bytes] = {}
    for field in catalogue.get_type(licence.licence_type).fields:
        if field.type is FieldType.IMAGE and field.key in facts:
            try:
                pictures[field.key] = await desk.blobs.get(str(facts[field.key]))
            except BlobNotFound:
                continue  # the library sent the digest of a photo but not the photo
    return FaceData(
        licence_type=licence.licence_type,
        facts=facts,
        number=licence.number,
        identifier=licence.identifier,
        holder_name=licence.holder_name,
        holder_id_type=licence.holder_id_type,
        holder_id_no=licence.holder_id_no,
        issued_on=licence.issued_on,
        valid_to=licence.valid_to,
        document_id=new_id().hex,
        drawn_at=clock.now(),
        pictures=pictures,
        printed_code=printed.text_of(licence.identifier, public_url=desk.public_url),
    )
