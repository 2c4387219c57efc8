"""Issue a licence for an approved case: facts, number, identifier, document, seal, wallet.

Journey (b) of the architecture. A case gets exactly one licence: number and identifier are granted
to the case first, the document is stored under its digest, and only the last step, one transaction,
makes the licence exist. A crash before it leaves a grant and perhaps a blob; the repeat uses both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from core import clock, database, outbox
from core.files.blobs import Blobs
from core.ids import new_id
from core.protection import audit
from identity import queries
from identity.queries import SubjectView
from wallet.desk import Desk
from wallet.document.face import FaceData
from wallet.errors import PreviousLicenceMissing
from wallet.events import LicenceIssued
from wallet.issue import allotment
from wallet.log import transparency
from wallet.models import Licence
from wallet.register import copies, holders, pictures, status
from wallet.register.holders import Holder
from wallet.seal import sealing, seals
from wallet.show import printed, status_lists
from wallet.types import catalogue, masking, validity
from wallet.types import identifier as identifiers
from wallet.types.facts import Facts
from wallet.types.licence_types import FieldType
from wallet.types.validity import LicenceState

ACTOR = "system:wallet"
ISSUE, CHANGE = "issue", "change"
"""The others, `reissue` and `endorse`, replace a licence like a change."""
CAUSES = {"reissue": "换发", "endorse": "签注", CHANGE: "变更"}


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """An officer's order outside any case; what would name the case then names the document."""

    officer: str
    """The actor."""
    cause: str
    second: str | None
    """The other officer's actor, where the type demands one."""


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What was approved, and for whom."""

    id: UUID
    no: str
    item_code: str
    applicant: SubjectView
    person_id: UUID
    licence_type: str
    action: str
    previous_id: UUID | None
    public_url: str
    by_hand: ByHand | None

    @property
    def actor(self) -> str:
        return self.by_hand.officer if self.by_hand else ACTOR

    @property
    def ground(self) -> dict[str, str]:
        """What the audit says of the ground."""
        if self.by_hand is None:
            return {"case": str(self.id), "item": self.item_code}
        second = {"second": self.by_hand.second} if self.by_hand.second else {}
        return {"document_no": self.no, "cause": self.by_hand.cause, **second}


@dataclass(frozen=True, kw_only=True)
class _Order:
    """One copy of a licence that has passed its checks and waits to be drawn and stored."""

    case: _Case
    copy: int
    holder: Holder
    facts: Facts
    number: str
    identifier: str
    issued_on: date
    valid_to: date | None
    previous: Licence | None


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
    desk: Desk,
    by_hand: ByHand | None = None,
) -> UUID:
    """The id of the case's licence, issued now or by an earlier call.

    Where `desk` says how we are reached the face bears the code that printed copies are checked by.
    With `by_hand` there is no case: `case_id` stands for the document that is the ground.

    A marriage yields two, one for each spouse; the applicant's is the one returned. Raises
    InvalidFacts, PreviousLicenceMissing, SealNotReady (or SealFrozen, SealExpired), or IssueFailed
    when the sealed document does not verify; then none is stored and the call may be repeated.
    """
    case = _Case(
        id=case_id,
        no=case_no,
        item_code=item_code,
        applicant=await queries.get_subject(subject_id),
        person_id=person_id,
        licence_type=licence_type,
        action=action,
        previous_id=previous_licence_id,
        public_url=desk.public_url,
        by_hand=by_hand,
    )
    checked = catalogue.check_facts(licence_type, facts)
    rule = catalogue.rule_for(licence_type)
    wanted = holders.copies_of(rule, checked, applicant=case.applicant)
    done = await _made(case)
    missing = [(copy, *content) for copy, content in enumerate(wanted, start=1) if copy not in done]
    if missing:
        done |= await _issue_copies(case, missing, desk=desk)
    return done[1]


async def _issue_copies(
    case: _Case,
    missing: Sequence[tuple[int, Holder | None, Facts]],
    *,
    desk: Desk,
) -> dict[int, UUID]:
    """All of them or none: what each replaces is found before the first is drawn."""
    previous = [await _previous(case, holder) for _, holder, _ in missing]
    orders = [
        await _order(case, *copy, before) for copy, before in zip(missing, previous, strict=True)
    ]
    seal = await seals.for_department(catalogue.get_type(case.licence_type).issuer)
    documents: list[str] = []
    for order in orders:
        data = _face_data(order, await _pictures(order, desk.blobs))
        document = await sealing.sealed_document(data, seal=seal, desk=desk)
        documents.append(await desk.blobs.put(document))
    try:
        return await _store(orders, documents, seal.id)
    except IntegrityError:
        # Another worker was faster by a moment: its licences are the case's licences.
        done = await _made(case)
        if any(order.copy not in done for order in orders):
            raise
        return done


async def _made(case: _Case) -> dict[int, UUID]:
    """The copies an earlier call has made: number → id."""
    return dict(await Licence.filter(case_id=case.id).values_list("copy", "id"))


async def _previous(case: _Case, holder: Holder | None) -> Licence | None:
    """The licence to be replaced, of the same type and holder; None for a first issue.

    `holder` is that of one of several copies: each spouse's licence follows the same spouse's. A
    copy that was replaced already by an earlier call still says which the others are.
    """
    if case.action == ISSUE:
        return None
    candidates = Licence.filter(licence_type=case.licence_type, state__in=copies.LIVING)
    if holder is None:
        candidates = candidates.filter(subject_id=case.applicant.id)
    else:
        candidates = candidates.filter(holder_index=holders.index(holder.id_no))
    if case.previous_id is not None:
        candidates = await _of_same_act(candidates, case.previous_id, holder)
    found = await candidates.order_by("-created_at").limit(2)
    if len(found) != 1:
        # With several premises there may be several permits: guessing would replace a wrong one.
        raise PreviousLicenceMissing()
    return found[0]


async def _of_same_act(
    candidates: QuerySet[Licence], previous_id: UUID, holder: Holder | None
) -> QuerySet[Licence]:
    if holder is None:
        return candidates.filter(id=previous_id)
    named = await Licence.get_or_none(id=previous_id)
    if named is None:
        raise PreviousLicenceMissing()
    if named.holder_index == holders.index(holder.id_no):
        return candidates.filter(id=previous_id)
    return candidates.filter(number_index=named.number_index)


async def _order(
    case: _Case, copy: int, holder: Holder | None, facts: Facts, previous: Licence | None
) -> _Order:
    type_, rule = catalogue.get_type(case.licence_type), catalogue.rule_for(case.licence_type)
    issued_on = _day(facts, rule.issued_on) or clock.today()
    granted = await allotment.grant(
        case.id,
        copy=copy,
        licence_type=type_.code,
        facts=facts,
        previous=previous,
        issued_on=issued_on,
    )
    if rule.number_field is not None:
        facts = {**facts, rule.number_field: granted.number}
    facts = catalogue.check_facts(type_.code, facts, numbered=True)
    valid_to = _day(facts, rule.valid_to) or validity.last_day(
        type_.validity, facts=facts, issued_on=issued_on
    )
    return _Order(
        case=case,
        copy=copy,
        holder=holder or holders.holder_of(type_, rule, facts, applicant=case.applicant),
        facts=facts,
        number=granted.number,
        identifier=granted.identifier,
        issued_on=issued_on,
        valid_to=valid_to,
        previous=previous,
    )


async def _pictures(order: _Order, blobs: Blobs) -> dict[str, bytes]:
    """The photos that the facts name by their digests."""
    fields = catalogue.get_type(order.case.licence_type).fields
    named = [field.key for field in fields if field.type is FieldType.IMAGE]
    return {key: await blobs.get(str(order.facts[key])) for key in named if key in order.facts}


def _face_data(order: _Order, pictures: Mapping[str, bytes]) -> FaceData:
    return FaceData(
        licence_type=order.case.licence_type,
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
        printed_code=printed.text_of(order.identifier, public_url=order.case.public_url),
    )


async def _store(
    orders: Sequence[_Order], documents: Sequence[str], seal_id: UUID
) -> dict[int, UUID]:
    """The one step in which the licences come to exist, and those they replace are superseded."""
    made: dict[int, UUID] = {}
    async with database.transaction():
        for order, digest in zip(orders, documents, strict=True):
            made[order.copy] = await _store_copy(order, digest, seal_id)
        # Last, so that the row of the seal is locked for the shortest time.
        for _ in orders:
            await seals.record_use(seal_id)
    return made


async def _store_copy(order: _Order, digest: str, seal_id: UUID) -> UUID:
    """One of them, in the current transaction."""
    case, rule = order.case, catalogue.rule_for(order.case.licence_type)
    subject_id = await holders.wallet_for(
        order.holder,
        rule,
        facts=order.facts,
        applicant=case.applicant,
        person_id=case.person_id,
        by=case.actor,
    )
    if order.previous is not None:
        await _supersede(order.previous, order)
    licence = await add_row(
        _face_data(order, {}),
        document=digest,
        subject_id=subject_id,
        case_id=case.id,
        copy=order.copy,
        previous_id=order.previous.id if order.previous else None,
    )
    await outbox.publish(_issued(order, licence), key=str(case.id))
    await audit.record(
        actor=case.actor,
        action=f"licence.{case.action}",
        target=f"licence:{licence.id}",
        detail={
            **case.ground,
            "type": case.licence_type,
            "document": digest,
            "seal": str(seal_id),
        },
    )
    return licence.id


def _issued(order: _Order, licence: Licence) -> LicenceIssued:
    """The event: the applicant's copy ends the case, the others only reach their holders."""
    first = order.copy == 1
    in_case = first and order.case.by_hand is None
    return LicenceIssued(
        licence_id=licence.id,
        case_id=order.case.id if in_case else None,
        case_no=order.case.no if in_case else None,
        subject_id=licence.subject_id,
        person_id=order.case.person_id if first else licence.subject_id,
        licence_type=licence.licence_type,
        licence_name=catalogue.get_type(licence.licence_type).name,
        number_masked=masking.number(order.number),
        identifier=order.identifier,
        version=licence.version,
        valid_to=order.valid_to,
        applicant_id=order.case.applicant.id if first else None,
    )


async def add_row(
    data: FaceData,
    *,
    document: str,
    subject_id: UUID,
    case_id: UUID | None,
    previous_id: UUID | None,
    copy: int = 1,
) -> Licence:
    """The row of a drawn and sealed licence with its place in the status lists, in the current
    transaction."""
    parts = identifiers.parse(data.identifier)
    version = parts.version if parts else 1
    await transparency.licence_issued(data.identifier, document=document, version=version)
    licence = await Licence.create(
        case_id=case_id,
        copy=copy,
        licence_type=data.licence_type,
        subject_id=subject_id,
        holder_id_type=data.holder_id_type,
        holder_id_no=data.holder_id_no,
        holder_index=holders.index(data.holder_id_no),
        holder_name=data.holder_name,
        number=data.number,
        number_index=holders.number_index(data.number),
        identifier=data.identifier,
        version=version,
        facts=msgspec.json.encode(data.facts).decode(),
        issued_on=data.issued_on,
        valid_to=data.valid_to,
        department=catalogue.get_type(data.licence_type).issuer,
        document=document,
        previous_id=previous_id,
        created_at=clock.now(),
    )
    await pictures.register([licence])
    await status_lists.reference(licence.id)
    if data.printed_code:
        await printed.register(licence)
    return licence


async def _supersede(previous: Licence, order: _Order) -> None:
    by_hand = order.case.by_hand
    changed = await status.record_change(
        previous,
        LicenceState.SUPERSEDED,
        cause=by_hand.cause if by_hand else CAUSES[order.case.action],
        authority=catalogue.get_type(order.case.licence_type).issuer_name,
        document_no=order.case.no,
        by=order.case.actor,
    )
    if not changed:
        raise PreviousLicenceMissing("原证照状态已有变化，请核对后再办理")


def _day(facts: Facts, key: str | None) -> date | None:
    value = facts.get(key) if key else None
    return date.fromisoformat(value) if isinstance(value, str) else None
