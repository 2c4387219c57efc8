"""Use instead of paper: a case gets an annotated copy of a licence, and never the original.

The copy shows only the fields that the material asks for, with purpose, case, maker and end date
printed on it, and is sealed by the issuing department. It is made when somebody first opens it;
every opening goes into the holder's log. Attaching a licence to a case is a use of its own, and
counts as a document that nobody had to bring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database, offload
from core.ids import new_id
from core.protection import audit
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from signing import SealReport, TrustList, Unsigned, begin_seal, verify_document
from wallet.desk import Desk
from wallet.document import annotated_face
from wallet.document.annotated_face import CopyData
from wallet.errors import IssueFailed, LicenceNotFound, LicenceNotInForce
from wallet.log import access_log, savings
from wallet.log_models import UseKind, UseRecord
from wallet.models import AnnotatedCopy, Licence
from wallet.register import status
from wallet.register.queries import facts_from
from wallet.seal import seals
from wallet.seal.seals import SealView
from wallet.types import catalogue
from wallet.types import facts as facts_of
from wallet.types.facts import Facts

LIFE = timedelta(days=60)
"""A copy outlives its case's longest usual limit; another is made if it ends earlier."""
PROVIDER = "云间证"


@dataclass(frozen=True, kw_only=True)
class CaseUse:
    """The case a licence is used in."""

    case_id: UUID
    case_no: str
    material_code: str
    item_code: str
    purpose: str
    """What for, in words that are printed: item and material."""
    fields: Sequence[str]
    """Keys of the fields the material asks for."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy as its reader sees it."""

    id: UUID
    licence_name: str
    annotation: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    made_at: datetime
    valid_to: date
    document: str


async def record_case_use(
    licence_id: UUID, use: CaseUse, *, use_id: UUID, subject_id: UUID, who: str, who_name: str
) -> None:
    """A licence of `subject_id` was used in a case: it goes into the holder's log, once a `use_id`.

    Raises LicenceNotFound.
    """
    if await UseRecord.exists(id=use_id):
        return
    licence = await Licence.get_or_none(id=licence_id, subject_id=subject_id)
    if licence is None:
        raise LicenceNotFound()
    look = access_log.Look(
        kind=UseKind.CASE,
        who=who,
        who_name=who_name,
        ground="申请人在办件中选用",
        purpose=use.purpose,
        item_code=use.item_code,
        case_no=use.case_no,
        fields_seen=[label for label, _ in _shown(licence, use.fields)],
    )
    async with database.transaction():
        await access_log.record(licence, look, tell=False, use_id=use_id)
        await savings.count(use.case_no, subject_id=licence.subject_id)


async def open_copy(
    licence_id: UUID,
    use: CaseUse,
    *,
    by: Principal,
    desk: Desk,
) -> Copy:
    """The copy of a licence for a case, made if there is none yet; the look goes on record.

    Whoever calls has made sure that the officer may read the case. Raises RoleMissing,
    LicenceNotFound, LicenceNotInForce, and what sealing raises.
    """
    roles.insist(by, Act.CHECK_MATERIAL)
    licence = await status.find_licence(licence_id)
    if licence is None:
        raise LicenceNotFound()
    copy = await _find(licence, use)
    if copy is None:
        copy = await _make(licence, use, by=by, desk=desk)
    look = access_log.Look.by(
        by,
        UseKind.COPY,
        ground="审查办件材料",
        purpose=use.purpose,
        item_code=use.item_code,
        case_no=use.case_no,
        fields_seen=list(copy.fields_shown),
    )
    async with database.transaction():
        await access_log.record(licence, look)
        await audit.record(
            actor=by.actor,
            action="licence.copy-opened",
            target=f"licence:{licence.id}",
            detail={"case": str(use.case_id), "copy": str(copy.id)},
        )
    return _view(licence, copy, tuple(_shown(licence, use.fields)))


async def _find(licence: Licence, use: CaseUse) -> AnnotatedCopy | None:
    return (
        await AnnotatedCopy.filter(
            case_id=use.case_id,
            material_code=use.material_code,
            licence_document=licence.document,
            valid_to__gte=clock.today(),
        )
        .order_by("-made_at")
        .first()
    )


async def _make(
    licence: Licence,
    use: CaseUse,
    *,
    by: Principal,
    desk: Desk,
) -> AnnotatedCopy:
    state = status.state_of(licence, clock.today())
    if not state.in_force:
        raise LicenceNotInForce(f"证照{state.text}", state=state.value)
    seal = await seals.for_department(licence.department)
    data = _copy_data(licence, use, by=by, seal=seal)
    document = await _sealed(data, seal=seal, desk=desk)
    digest = await desk.blobs.put(document)
    try:
        async with database.transaction():
            copy = await AnnotatedCopy.create(
                licence_id=licence.id,
                subject_id=licence.subject_id,
                case_id=use.case_id,
                material_code=use.material_code,
                case_no=use.case_no,
                purpose=use.purpose,
                made_by=by.actor,
                made_for=by.name,
                fields_shown=[label for label, _ in data.fields],
                made_at=data.drawn_at,
                valid_to=data.valid_to,
                document=digest,
                licence_document=licence.document,
            )
            await seals.record_use(seal.id)
    except IntegrityError:
        # Another reviewer was faster by a moment: there is one copy for a case.
        found = await _find(licence, use)
        if found is None:
            raise
        return found
    return copy


def _copy_data(licence: Licence, use: CaseUse, *, by: Principal, seal: SealView) -> CopyData:
    type_ = catalogue.get_type(licence.licence_type)
    ends_on = clock.today() + LIFE
    valid_to = min(ends_on, licence.valid_to) if licence.valid_to else ends_on
    return CopyData(
        licence_name=type_.name,
        holder_name=licence.holder_name,
        fields=_shown(licence, use.fields),
        purpose=use.purpose,
        case_no=use.case_no,
        made_for=by.name,
        made_by=seal.name,
        valid_to=valid_to,
        identifier=licence.identifier,
        document_id=new_id().hex,
        drawn_at=clock.now(),
        metadata={"JZYT": use.purpose, "JZBJBH": use.case_no, "JZYXQ": valid_to.isoformat()},
    )


def _shown(licence: Licence, keys: Sequence[str]) -> list[tuple[str, str]]:
    """Label and value of the fields asked for; the face when the material names none."""
    type_ = catalogue.get_type(licence.licence_type)
    facts: Facts = facts_from(licence)
    wanted = set(keys) or set(type_.face)
    return [
        (item.label, facts_of.show(item, facts[item.key]))
        for item in type_.fields
        if item.key in wanted and item.key in facts
    ]


def _view(licence: Licence, copy: AnnotatedCopy, fields: tuple[tuple[str, str], ...]) -> Copy:
    type_ = catalogue.get_type(licence.licence_type)
    return Copy(
        id=copy.id,
        licence_name=type_.name,
        annotation=(
            f"本件仅用于：{copy.purpose}",
            f"办件编号：{copy.case_no}",
            f"调取人：{copy.made_for}",
            f"有效期至：{copy.valid_to.isoformat()}，逾期作废；他用无效",
        ),
        fields=fields,
        made_at=copy.made_at,
        valid_to=copy.valid_to,
        document=copy.document,
    )


async def _sealed(data: CopyData, *, seal: SealView, desk: Desk) -> bytes:
    unsigned = await offload.run(_begin, data, seal.seal, seal.certificate)
    signature = await desk.keys.sign(seal.key_id, unsigned.to_sign)
    document, report = await offload.run(_finish, unsigned, signature, desk.trust, data.drawn_at)
    if report.verdict != "valid":
        raise IssueFailed(f"加注件签章自检结果：{'、'.join(report.reasons) or report.verdict}")
    return document


def _begin(data: CopyData, seal: bytes, certificate: bytes) -> Unsigned:
    return begin_seal(
        annotated_face.draw(data),
        seal=seal,
        signer_certificate=certificate,
        at=data.drawn_at,
        page=1,
        boundary=annotated_face.SEAL_BOX,
        provider=PROVIDER,
    )


def _finish(
    unsigned: Unsigned, signature: bytes, trust: TrustList, at: datetime
) -> tuple[bytes, SealReport]:
    document = unsigned.complete(signature)
    return document, verify_document(document, trust=trust, at=at)
