"""The demo's licences: sealed documents of every common type for the demo's people. Idempotent."""

from datetime import date
from pathlib import Path

from core import clock, database
from core.ids import new_id
from core.protection import audit
from identity import queries
from papers.yaml_data import Strict, read_section
from wallet.desk import Desk
from wallet.document.face import FaceData
from wallet.issue import from_case
from wallet.models import Licence
from wallet.register import status
from wallet.seal import sealing, seals
from wallet.show import printed
from wallet.types import catalogue
from wallet.types.catalogue import DATA
from wallet.types.validity import LicenceState

ACTOR = "system:demo"
STORED_STATES = (LicenceState.REVOKED, LicenceState.WITHDRAWN, LicenceState.CANCELLED)


class DemoHolder(Strict, frozen=True, kw_only=True):
    """A person or company of the demo; identity keeps them, here only their names are needed."""

    key: str
    kind: str
    name: str
    id_type: str
    id_no: str
    mobile: str | None = None
    story: str | None = None
    legal_rep: str | None = None
    agents: tuple[str, ...] = ()


class DemoLicence(Strict, frozen=True, kw_only=True):
    """A licence of the demo. Expiring, expired and suspended follow from its dates."""

    type: str
    holder: str
    holder_id_type: str
    holder_id: str
    number: str
    identifier: str
    version: int
    issue_date: date
    valid_to: date | None
    state: LicenceState
    fields: dict[str, object]


def read(folder: Path = DATA) -> tuple[dict[str, DemoHolder], list[DemoLicence]]:
    """Holders by key, and their licences."""
    holders = read_section(folder / "demo.yaml", "demo_holders", list[DemoHolder])
    licences = read_section(folder / "demo.yaml", "demo_licences", list[DemoLicence])
    return {holder.key: holder for holder in holders}, licences


async def load(*, desk: Desk) -> int:
    """Issue what is not there yet, each with a real sealed document. Returns how many.

    The holders must be known (`identity.demo.load`) and the seals made (`seals.provision`).
    """
    holders, licences = read()
    made = 0
    for licence in licences:
        if await Licence.filter(identifier=licence.identifier).exists():
            continue
        await _issue(
            licence,
            holders[licence.holder],
            desk=desk,
        )
        made += 1
    return made


async def _issue(
    licence: DemoLicence,
    holder: DemoHolder,
    *,
    desk: Desk,
) -> None:
    subject = await queries.find_subject(licence.holder_id_type, licence.holder_id)
    if subject is None:
        raise LookupError(f"demo holder {holder.key} is not known to identity")
    data = FaceData(
        licence_type=licence.type,
        facts=catalogue.check_facts(licence.type, licence.fields, numbered=True),
        number=licence.number,
        identifier=licence.identifier,
        holder_name=holder.name,
        holder_id_type=licence.holder_id_type,
        holder_id_no=licence.holder_id,
        issued_on=licence.issue_date,
        valid_to=licence.valid_to,
        document_id=new_id().hex,
        drawn_at=clock.now(),
        printed_code=printed.text_of(licence.identifier, public_url=desk.public_url),
    )
    seal = await seals.for_department(catalogue.get_type(licence.type).issuer)
    document = await sealing.sealed_document(data, seal=seal, desk=desk)
    digest = await desk.blobs.put(document)
    async with database.transaction():
        row = await from_case.add_row(
            data, document=digest, subject_id=subject.id, case_id=None, previous_id=None
        )
        if licence.state in STORED_STATES:
            await status.record_change(
                row,
                LicenceState(licence.state),
                cause="演示数据",
                authority=catalogue.get_type(licence.type).issuer_name,
                document_no="",
                by=ACTOR,
            )
        await audit.record(
            actor=ACTOR,
            action="licence.issue",
            target=f"licence:{row.id}",
            detail={"type": licence.type, "demo": True, "seal": str(seal.id)},
        )
        await seals.record_use(seal.id)
