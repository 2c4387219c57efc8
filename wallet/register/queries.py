"""Read the wallet: lists and details for holders, facts for forms, who looked at what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core import clock, database
from core.data import pages
from core.data.pages import Page, Section
from core.files.blobs import Blobs
from core.protection import audit
from identity.log_in import assurance
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from wallet.errors import LicenceNotFound
from wallet.log import access_log
from wallet.log_models import UseKind
from wallet.models import Licence
from wallet.register import holders, status, taken_in
from wallet.types import catalogue, masking
from wallet.types import facts as facts_of
from wallet.types.facts import Facts
from wallet.types.licence_types import Mask
from wallet.types.validity import LicenceState

SHOWN_STATES = [state for state in LicenceState if state is not LicenceState.SUPERSEDED]
ORGANISATION = "001"
MOST_OFFERED = 50
"""Licences one answer offers to choose from; who has more names the one that is meant."""

_CARD = (
    "id", "licence_type", "holder_id_type", "holder_name", "number", "state", "issued_on",
    "valid_to", "version", "document", "taken_in_as", "vouched_by",
)  # fmt: skip
"""What a list shows of a licence: what a row does not bring is not decrypted."""
_OWN_GROUND = "本人或其代办人登录查看"


@dataclass(frozen=True, kw_only=True)
class LicenceSummary:
    """A licence in a list."""

    id: UUID
    type: str
    name: str
    kind: str
    holder_masked: str
    number_masked: str
    issuer: str
    state: str
    state_text: str
    valid_to: date | None
    days_left: int | None
    version: int
    showable: bool
    only_data: bool
    """Nobody stands for it yet: it is shown to its holder, and carries no power."""
    origin_text: str
    """Said of licences that were taken in; "" for one that was issued here."""


@dataclass(frozen=True, kw_only=True)
class ShownFact:
    """A fact as its holder sees it."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class LicenceDetail:
    """Everything about a licence that its holder may see."""

    summary: LicenceSummary
    facts: tuple[ShownFact, ...]
    identifier: str
    issued_on: date
    document: str
    """Digest of the sealed document."""


@dataclass(frozen=True, kw_only=True)
class ReusableLicence:
    """A licence that may stand for a material of a case, with the fields asked for."""

    id: UUID
    type: str
    name: str
    number_masked: str
    holder_masked: str
    identifier: str
    valid_to: date | None
    face: Facts


@dataclass(frozen=True, kw_only=True)
class StaffLicence:
    """A licence as seal keepers and supervisors see it."""

    id: UUID
    name: str
    holder_masked: str
    number_masked: str
    identifier: str
    department: str
    state: str
    state_text: str
    valid_to: date | None


async def list_licences(
    subject_id: UUID, *, after: str | None = None, limit: int = 100
) -> Page[LicenceSummary]:
    """The newest version of each licence in a wallet, newest first: those that can be shown, then
    the others. Raises WrongPlace."""
    today, keys = clock.today(), ("issued_on", "id")
    rows = Licence.filter(subject_id=subject_id, state__in=SHOWN_STATES).only(*_CARD)
    usable = status.usable_on(today)
    found = await pages.read(
        Section("wallet.usable", rows.filter(usable), keys),
        Section("wallet.others", rows.filter(~usable), keys),
        after=after,
        limit=limit,
    )
    return found.map(lambda row: _summary(row, today))


async def held(subject_id: UUID, types: Collection[str]) -> dict[str, UUID]:
    """Of these types, the newest licence that its holder can show; nothing is decrypted."""
    found: dict[str, UUID] = {}
    for code in types:
        rows = _newest_first(subject_id, code).filter(status.usable_on(clock.today()))
        newest = await rows.only("id").first()
        if newest is not None:
            found[code] = newest.id
    return found


async def get_licence(licence_id: UUID, *, by: Principal) -> LicenceDetail:
    """A licence of the caller's, its facts masked. Raises LicenceNotFound."""
    return _detail(await status.own_licence(licence_id, by=by), masked=True)


def _detail(licence: Licence, *, masked: bool) -> LicenceDetail:
    type_ = catalogue.get_type(licence.licence_type)
    facts = facts_from(licence)
    shown = (
        ShownFact(
            key=field.key,
            label=field.label,
            value=facts_of.show(field, facts[field.key], masked=masked),
        )
        for field in type_.fields
        if field.key in facts
    )
    return LicenceDetail(
        summary=_summary(licence, clock.today()),
        facts=tuple(shown),
        identifier=licence.identifier,
        issued_on=licence.issued_on,
        document=licence.document,
    )


async def get_document(licence_id: UUID, *, by: Principal, blobs: Blobs) -> bytes:
    """The sealed OFD of a licence of the caller's; that it was taken goes on record.

    It says everything unmasked. Raises StepUpRequired, LicenceNotFound, OnlyData.
    """
    assurance.require(by, assurance.Act.TAKE_DOCUMENT)
    licence = await status.own_licence(licence_id, by=by)
    taken_in.insist_on_more(licence)
    data = await blobs.get(licence.document)
    await _note_own_look(licence, UseKind.TAKEN, "licence.take", purpose="下载证照文件", by=by)
    return data


async def reveal(licence_id: UUID, *, by: Principal) -> LicenceDetail:
    """A licence of the caller's with its facts unmasked; that they were shown goes on record.

    Sensitive fields are hidden until the holder asks (PIPL art. 28). Raises StepUpRequired,
    LicenceNotFound.
    """
    assurance.require(by, assurance.Act.REVEAL_LICENCE)
    licence = await status.own_licence(licence_id, by=by)
    await _note_own_look(licence, UseKind.REVEALED, "licence.reveal", purpose="查看完整信息", by=by)
    return _detail(licence, masked=False)


async def facts_for_prefill(
    wanted: Mapping[str, Collection[str]], *, by: Principal
) -> dict[str, dict[str, Any]]:
    """Type → the wanted facts of the applicant's licences in force, for filling in a form.

    Where there are several of a type, the newest speaks; the applicant may change what is filled.
    Who is not known surely enough gets nothing filled in, and whose licence was read finds the look
    in the log, once a sitting.
    """
    if not wanted or not assurance.suffices(by, assurance.Act.PREFILL):
        return {}
    found: dict[str, dict[str, Any]] = {}
    for code in wanted:
        rows = _newest_first(by.applicant_id, code).filter(status.in_force_on(clock.today()))
        licence = await rows.first()
        if licence is None:
            continue
        facts = facts_from(licence)
        found[code] = {key: facts[key] for key in wanted[code] if key in facts}
        if found[code]:
            await _note_prefill(licence, found[code], by=by)
    return found


async def _note_prefill(licence: Licence, facts: Facts, *, by: Principal) -> None:
    look = access_log.Look.by(
        by,
        UseKind.PREFILL,
        ground=_OWN_GROUND,
        purpose="填写申请表",
        fields_seen=[label for label, _ in catalogue.face_words(licence.licence_type, facts)],
    )
    await access_log.record_once(
        licence, look, action="licence.prefill", tell=by.acting_for is not None
    )


async def _note_own_look(
    licence: Licence, kind: UseKind, action: str, *, purpose: str, by: Principal
) -> None:
    """Every field was shown to the holder, or to somebody who acts for the holder."""
    facts = facts_from(licence)
    look = access_log.Look.by(
        by,
        kind,
        ground=_OWN_GROUND,
        purpose=purpose,
        fields_seen=[label for label, _ in catalogue.face_words(licence.licence_type, facts)],
    )
    async with database.transaction():
        await access_log.record(licence, look, tell=by.acting_for is not None)
        await audit.record(actor=by.actor, action=action, target=f"licence:{licence.id}")


async def find_reusable(
    licence_type: str,
    fields: Sequence[str] = (),
    *,
    by: Principal,
    among: Collection[UUID] | None = None,
) -> list[ReusableLicence]:
    """The newest `MOST_OFFERED` of the applicant's that may stand for a material (with `among`: of
    these), and only `fields` of them. That one is used stands in the holder's log when it is
    (`annotated.record_case_use`). Raises StepUpRequired."""
    assurance.require(by, assurance.Act.SHARE_LICENCE)
    type_ = catalogue.get_type(licence_type)
    rows = _newest_first(by.applicant_id, licence_type).filter(status.usable_on(clock.today()))
    if among is not None:
        rows = rows.filter(id__in=list(among))
    return [
        ReusableLicence(
            id=row.id,
            type=type_.code,
            name=type_.name,
            number_masked=masking.number(row.number),
            holder_masked=holder_masked(row),
            identifier=row.identifier,
            valid_to=row.valid_to,
            face={key: value for key, value in facts_from(row).items() if key in fields},
        )
        for row in await rows.limit(MOST_OFFERED)
    ]


async def facts_of_licence(licence_id: UUID, *, subject_id: UUID) -> Facts | None:
    """The facts of one licence of a subject, for a draft of its next version; None if unknown."""
    licence = await Licence.get_or_none(id=licence_id, subject_id=subject_id)
    return None if licence is None else facts_from(licence)


async def find_current(
    subject_id: UUID, licence_type: str, *, among: Collection[UUID] | None = None, limit: int = 2
) -> list[tuple[UUID, Facts]]:
    """Id and facts of the licences a subject could have reissued or endorsed, newest first, also
    expired and suspended ones: renewing is how they come back. With `among` only of these. Two say
    already that the type alone does not tell which is meant."""
    rows = _newest_first(subject_id, licence_type).filter(
        state__in=[LicenceState.VALID, LicenceState.SUSPENDED]
    )
    if among is not None:
        rows = rows.filter(id__in=list(among))
    return [(row.id, facts_from(row)) for row in await rows.only("id", "facts").limit(limit)]


async def note_read(licence_id: UUID, *, by: Principal) -> None:
    """That an officer is shown what a licence says, to renew it: before it is shown.

    Stands in the audit and in the holder's log, once a sitting. Raises RoleMissing.
    """
    roles.insist(by, Act.APPROVE)
    licence = await status.find_licence(licence_id)
    if licence is None:
        raise LicenceNotFound()
    look = access_log.Look.by(
        by,
        UseKind.OFFICE,
        ground="办件申请延续或变更这张证照",
        purpose="起草证照的新版本",
        fields_seen=[
            label for label, _ in catalogue.face_words(licence.licence_type, facts_from(licence))
        ],
    )
    await access_log.record_once(licence, look, action="licence.read")


async def find_for_staff(number: str, *, by: Principal) -> list[StaffLicence]:
    """The newest `MOST_OFFERED` with this whole number or identifier that the officer's department
    issued; what is shown of each goes into the audit. Raises RoleMissing."""
    roles.insist(by, Act.FIND_LICENCES)
    wanted = number.strip()
    rows = Licence.filter(
        Q(number_index__in=holders.number_indexes(wanted)) | Q(identifier=wanted.upper())
    )
    if by.department is not None:
        rows = rows.filter(department=by.department)
    rows = rows.order_by("-created_at", "id").limit(MOST_OFFERED)
    found = await rows.only(*_CARD, "identifier", "department", "created_at")
    for row in found:
        await audit.record_read(actor=by.actor, action="licence.found", target=f"licence:{row.id}")
    return [_for_staff(row) for row in found]


async def get_for_staff(licence_id: UUID, *, by: Principal) -> StaffLicence:
    """A licence that the officer's department issued. Raises RoleMissing, LicenceNotFound."""
    roles.insist(by, Act.FIND_LICENCES)
    licence = await status.find_licence(licence_id)
    if licence is None or not by.covers(licence.department):
        raise LicenceNotFound()
    return _for_staff(licence)


def facts_from(licence: Licence) -> Facts:
    """The facts of a row."""
    return msgspec.json.decode(licence.facts, type=dict[str, object])


def holder_masked(licence: Licence) -> str:
    """The holder's name as others may see it; organisations are no secret."""
    if licence.holder_id_type == ORGANISATION:
        return licence.holder_name
    return masking.apply(Mask.NAME, licence.holder_name)


def _newest_first(subject_id: UUID, licence_type: str) -> QuerySet[Licence]:
    rows = Licence.filter(subject_id=subject_id, licence_type=licence_type)
    return rows.order_by("-issued_on", "-created_at", "-id")


def _summary(licence: Licence, today: date) -> LicenceSummary:
    type_ = catalogue.get_type(licence.licence_type)
    state = status.state_of(licence, today)
    return LicenceSummary(
        id=licence.id,
        type=type_.code,
        name=type_.name,
        kind=type_.kind,
        holder_masked=holder_masked(licence),
        number_masked=masking.number(licence.number),
        issuer=type_.issuer_name,
        state=state.value,
        state_text=state.text,
        valid_to=licence.valid_to,
        days_left=(licence.valid_to - today).days if licence.valid_to else None,
        version=licence.version,
        showable=state.in_force and not taken_in.is_only_data(licence),
        only_data=taken_in.is_only_data(licence),
        origin_text=taken_in.text_of(licence),
    )


def _for_staff(licence: Licence) -> StaffLicence:
    state = status.state_of(licence, clock.today())
    return StaffLicence(
        id=licence.id,
        name=catalogue.get_type(licence.licence_type).name,
        holder_masked=holder_masked(licence),
        number_masked=masking.number(licence.number),
        identifier=licence.identifier,
        department=licence.department,
        state=state.value,
        state_text=state.text,
        valid_to=licence.valid_to,
    )
