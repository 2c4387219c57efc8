"""Issue a licence for an approved case: facts, number, identifier, document, seal, wallet.

Journey (b) of the architecture. A case gets exactly one licence: number and identifier are granted
to the case first, the document is stored under its digest, and only the last step, one transaction,
makes the licence exist. A crash before it leaves a grant and perhaps a blob; the repeat uses both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from tortoise.exceptions import IntegrityError

from core import audit, clock, database, offload, outbox
from core.blobs import Blobs
from core.ids import new_id
from identity import queries
from identity.queries import SubjectView
from signing import SealReport, TrustList, Unsigned, begin_seal, verify_document
from wallet import catalogue, face, holders, masking, numbers, seals, status, validity
from wallet import identifier as identifiers
from wallet.errors import IssueFailed, PreviousLicenceMissing
from wallet.events import LicenceIssued
from wallet.face import FaceData
from wallet.facts import Facts, check_number
from wallet.holders import Holder
from wallet.licence_types import FieldType
from wallet.models import IssueGrant, Licence
from wallet.seals import SealView, Signs
from wallet.validity import LicenceState

PROVIDER = "云间证"
ACTOR = "system:wallet"
ISSUE, REISSUE, ENDORSE = "issue", "reissue", "endorse"


@dataclass(frozen=True, kw_only=True)
class _Order:
    """An issue that has passed its checks and waits to be drawn and stored."""

    case_id: UUID
    case_no: str
    item_code: str
    licence_type: str
    applicant: SubjectView
    person_id: UUID
    holder: Holder
    facts: Facts
    number: str
    identifier: str
    issued_on: date
    valid_to: date | None
    previous: Licence | None
    action: str


async def issue(
    *,
    case_id: UUID,
    case_no: str,
    item_code: str,
    subject_id: UUID,
    person_id: UUID,
    licence_type: str,
    action: str,
    facts: Mapping[str, object],
    previous_licence_id: UUID | None,
    keys: Signs,
    trust: TrustList,
    blobs: Blobs,
) -> UUID:
    """The id of the case's licence, issued now or by an earlier call.

    Raises InvalidFacts, PreviousLicenceMissing, SealNotReady, or IssueFailed when the sealed
    document does not verify; then nothing is stored and the call may be repeated.
    """
    done = await Licence.get_or_none(case_id=case_id)
    if done is not None:
        return done.id
    applicant = await queries.get_subject(subject_id)
    previous = await _previous(action, previous_licence_id, licence_type, applicant)
    order = await _order(
        case_id=case_id,
        case_no=case_no,
        item_code=item_code,
        applicant=applicant,
        person_id=person_id,
        licence_type=licence_type,
        action=action,
        facts=catalogue.check_facts(licence_type, facts),
        previous=previous,
    )
    seal = await seals.for_department(catalogue.get_type(licence_type).issuer)
    data = _face_data(order, await _pictures(order, blobs))
    document = await sealed_document(data, seal=seal, keys=keys, trust=trust)
    digest = await blobs.put(document)
    try:
        return await _store(order, digest)
    except IntegrityError:
        # Another worker was faster by a moment: its licence is the case's licence.
        done = await Licence.get_or_none(case_id=case_id)
        if done is None:
            raise
        return done.id


async def sealed_document(
    data: FaceData, *, seal: SealView, keys: Signs, trust: TrustList
) -> bytes:
    """Draw, seal, and check at once with the eyes of a verifier. Raises IssueFailed."""
    unsigned = await offload.run(_begin, data, seal.seal, seal.certificate, clock.now())
    signature = await keys.sign(seal.key_id, unsigned.to_sign)
    document, report = await offload.run(_finish, unsigned, signature, trust, clock.now())
    if report.verdict != "valid":
        raise IssueFailed(f"签章自检结果：{'、'.join(report.reasons) or report.verdict}")
    return document


def _begin(data: FaceData, seal: bytes, certificate: bytes, at: datetime) -> Unsigned:
    return begin_seal(
        face.draw(data),
        seal=seal,
        signer_certificate=certificate,
        at=at,
        page=1,
        boundary=face.seal_box(data.licence_type),
        provider=PROVIDER,
    )


def _finish(
    unsigned: Unsigned, signature: bytes, trust: TrustList, at: datetime
) -> tuple[bytes, SealReport]:
    document = unsigned.complete(signature)
    return document, verify_document(document, trust=trust, at=at)


async def _previous(
    action: str, licence_id: UUID | None, licence_type: str, applicant: SubjectView
) -> Licence | None:
    """The licence to be replaced, of the same type and holder; None for a first issue."""
    if action == ISSUE:
        return None
    candidates = Licence.filter(
        licence_type=licence_type,
        subject_id=applicant.id,
        state__in=[LicenceState.VALID, LicenceState.SUSPENDED],
    )
    if licence_id is not None:
        candidates = candidates.filter(id=licence_id)
    found = await candidates.order_by("-created_at").limit(2)
    if len(found) != 1:
        # With several premises there may be several permits: guessing would replace a wrong one.
        raise PreviousLicenceMissing()
    return found[0]


async def _order(
    *,
    case_id: UUID,
    case_no: str,
    item_code: str,
    applicant: SubjectView,
    person_id: UUID,
    licence_type: str,
    action: str,
    facts: Facts,
    previous: Licence | None,
) -> _Order:
    type_, rule = catalogue.get_type(licence_type), catalogue.rule_for(licence_type)
    issued_on = _day(facts, rule.issued_on) or clock.today()
    grant = await _grant(case_id, licence_type, facts, previous, issued_on)
    if rule.number_field is not None:
        facts = {**facts, rule.number_field: grant.number}
    facts = catalogue.check_facts(licence_type, facts, numbered=True)
    valid_to = _day(facts, rule.valid_to) or validity.last_day(
        type_.validity, facts=facts, issued_on=issued_on
    )
    return _Order(
        case_id=case_id,
        case_no=case_no,
        item_code=item_code,
        licence_type=licence_type,
        applicant=applicant,
        person_id=person_id,
        holder=holders.holder_of(type_, rule, facts, applicant=applicant),
        facts=facts,
        number=grant.number,
        identifier=grant.identifier,
        issued_on=issued_on,
        valid_to=valid_to,
        previous=previous,
        action=action,
    )


async def _grant(
    case_id: UUID, licence_type: str, facts: Facts, previous: Licence | None, issued_on: date
) -> IssueGrant:
    """The case's number and identifier: granted once, kept over repeats and crashes."""
    granted = await IssueGrant.get_or_none(case_id=case_id)
    if granted is not None:
        return granted
    if previous is not None:
        number = previous.number
        before = identifiers.parse(previous.identifier)
        if before is None:
            raise PreviousLicenceMissing("原证照的标识不完整，请联系发证机关")
        identifier = before.next_version()
    else:
        number = await _new_number(licence_type, facts, issued_on)
        identifier = await numbers.allot_identifier(licence_type, issued_on=issued_on)
    try:
        return await IssueGrant.create(case_id=case_id, number=number, identifier=str(identifier))
    except IntegrityError:
        return await IssueGrant.get(case_id=case_id)


async def _new_number(licence_type: str, facts: Facts, issued_on: date) -> str:
    """The number the officer entered, if it is a right one, else the next of the counter."""
    type_, rule = catalogue.get_type(licence_type), catalogue.rule_for(licence_type)
    entered = facts.get(rule.number_field) if rule.number_field else None
    if isinstance(entered, str) and check_number(type_, entered):
        return entered
    return await numbers.allot(licence_type, facts=facts, issued_on=issued_on)


async def _pictures(order: _Order, blobs: Blobs) -> dict[str, bytes]:
    """The photos that the facts name by their digests."""
    fields = catalogue.get_type(order.licence_type).fields
    named = [field.key for field in fields if field.type is FieldType.IMAGE]
    return {key: await blobs.get(str(order.facts[key])) for key in named if key in order.facts}


def _face_data(order: _Order, pictures: Mapping[str, bytes]) -> FaceData:
    return FaceData(
        licence_type=order.licence_type,
        facts=order.facts,
        number=order.number,
        identifier=order.identifier,
        holder_name=order.holder.name,
        holder_id_type=order.holder.id_type,
        holder_id_no=order.holder.id_no,
        issued_on=order.issued_on,
        valid_to=order.valid_to,
        document_id=new_id().hex,
        drawn_at=clock.now(),
        pictures=pictures,
    )


async def _store(order: _Order, digest: str) -> UUID:
    """The one step in which the licence comes to exist, and the one it replaces is superseded."""
    type_, rule = catalogue.get_type(order.licence_type), catalogue.rule_for(order.licence_type)
    async with database.transaction():
        subject_id = await holders.wallet_for(
            order.holder, rule, applicant=order.applicant, person_id=order.person_id, by=ACTOR
        )
        if order.previous is not None:
            await _supersede(order.previous, order)
        licence = await add_row(
            _face_data(order, {}),
            document=digest,
            subject_id=subject_id,
            case_id=order.case_id,
            previous_id=order.previous.id if order.previous else None,
        )
        event = LicenceIssued(
            licence_id=licence.id,
            case_id=order.case_id,
            case_no=order.case_no,
            subject_id=subject_id,
            person_id=order.person_id,
            licence_type=type_.code,
            licence_name=type_.name,
            number_masked=masking.number(order.number),
            identifier=order.identifier,
            version=licence.version,
            valid_to=order.valid_to,
        )
        await outbox.publish(event, key=str(order.case_id))
        await audit.record(
            actor=ACTOR,
            action=f"licence.{order.action}",
            target=f"licence:{licence.id}",
            detail={
                "case": str(order.case_id),
                "item": order.item_code,
                "type": type_.code,
                "document": digest,
            },
        )
    return licence.id


async def add_row(
    data: FaceData,
    *,
    document: str,
    subject_id: UUID,
    case_id: UUID | None,
    previous_id: UUID | None,
) -> Licence:
    """The row of a drawn and sealed licence, in the current transaction."""
    parts = identifiers.parse(data.identifier)
    return await Licence.create(
        case_id=case_id,
        licence_type=data.licence_type,
        subject_id=subject_id,
        holder_id_type=data.holder_id_type,
        holder_id_no=data.holder_id_no,
        holder_index=holders.index(data.holder_id_no),
        holder_name=data.holder_name,
        number=data.number,
        number_index=holders.number_index(data.number),
        identifier=data.identifier,
        version=parts.version if parts else 1,
        facts=msgspec.json.encode(data.facts).decode(),
        issued_on=data.issued_on,
        valid_to=data.valid_to,
        department=catalogue.get_type(data.licence_type).issuer,
        document=document,
        previous_id=previous_id,
        created_at=clock.now(),
    )


async def _supersede(previous: Licence, order: _Order) -> None:
    changed = await status.record_change(
        previous,
        LicenceState.SUPERSEDED,
        cause="换发" if order.action == REISSUE else "签注",
        authority=catalogue.get_type(order.licence_type).issuer_name,
        document_no=order.case_no,
        by=ACTOR,
    )
    if not changed:
        raise PreviousLicenceMissing("原证照状态已有变化，请核对后再办理")


def _day(facts: Facts, key: str | None) -> date | None:
    value = facts.get(key) if key else None
    return date.fromisoformat(value) if isinstance(value, str) else None
