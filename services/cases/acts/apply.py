"""The applicant's acts: open a draft, answer, fill in, submit, withdraw."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, outbox
from core.clocks import holidays
from core.database import transaction
from core.files.blobs import Blobs
from core.ids import new_id
from core.protection import audit
from identity import channels
from identity import queries as identity_queries
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.numbers import mask_name
from identity.principal import Principal
from services.cases import case_clocks, errors, events, lifecycle, moves, serials, timeline
from services.cases.acts import sign
from services.cases.lifecycle import CaseState, Move
from services.cases.materials import checking, content_checks, papers
from services.cases.models import Case, Supplement, Upload
from services.cases.rules import completeness, forms, numbers
from services.guides import catalogue
from services.guides.definitions import Item
from services.guides.guide import Guide, evaluate

DRAFT_LIFE = timedelta(days=90)
MOST_DRAFTS = 100
"""Of one applicant; each carries a copy of what is known about it."""
_BATCH = 500
_DEFAULT_DELIVERY = "电子证照"
_NATURAL_PERSON = "1"

Answers = Mapping[str, Sequence[str]]
LicenceFacts = Mapping[str, Mapping[str, object]]
"""Licence type → field → value, of the licences the applicant holds."""


async def open_draft(
    item_code: str,
    *,
    answers: Answers,
    by: Principal,
    request_key: str | None = None,
    licences: LicenceFacts | None = None,
    licence_names: Mapping[str, str] | None = None,
) -> UUID:
    """A new draft with everything prefilled that is known; returns the case's id.

    The same `request_key` of the same applicant gives the same draft. Raises `ItemNotFound`,
    `WrongApplicant`, `ItemNotOffered` (the entry of the session does not offer it), `GuideStopped`
    `TooManyDrafts`, and what `guide.evaluate` raises.
    """
    loaded = await catalogue.get_item(item_code)
    channels.require_offer(by.channel, item_code)
    _check_audience(loaded.item, by)
    await _refuse_ward(by)
    guide = evaluate(loaded.item, answers)
    completeness.refuse_stop(guide)
    if request_key and (earlier := await _find_by_key(by, request_key)):
        return earlier
    drafts = Case.filter(subject_id=by.applicant_id, state=CaseState.DRAFT)
    if await drafts.limit(MOST_DRAFTS).count() >= MOST_DRAFTS:
        raise errors.TooManyDrafts(most=MOST_DRAFTS)
    known = await known_facts(by, licences=licences, licence_names=licence_names)
    filled = forms.prefill(guide.fields, known)
    at = clock.now()
    name = str(known.org.get("name") or known.account.get("name") or by.name)
    case = Case(
        id=new_id(),
        item_code=item_code,
        item_version=loaded.version,
        item_digest=loaded.digest,
        item_name=loaded.item.name,
        department=loaded.item.dept,
        subject_id=by.applicant_id,
        person_id=by.person_id,
        applicant_masked=name if by.acting_for else mask_name(name),
        applicant_index=moves.applicant_index(name),
        request_key=request_key,
        state=CaseState.DRAFT,
        answers={code: list(values) for code, values in answers.items()},
        form=moves.to_text({key: entry.value for key, entry in filled.items()}),
        provenance=_provenance(filled),
        created_at=at,
        updated_at=at,
    )
    try:
        async with transaction():
            await case.save(force_create=True)
            await timeline.append(
                case.id, kind="opened", title="开始办理", actor_text=timeline.APPLICANT, at=at
            )
            await audit.record(actor=by.actor, action="case.open", target=moves.target_of(case))
    except IntegrityError:
        # The same request ran side by side and was first.
        if request_key and (earlier := await _find_by_key(by, request_key)):
            return earlier
        raise
    return case.id


async def change_answers(
    case_id: UUID,
    *,
    answers: Answers,
    by: Principal,
    licences: LicenceFacts | None = None,
    licence_names: Mapping[str, str] | None = None,
) -> None:
    """Other answers for a draft; fields that newly apply are prefilled, typed values are kept."""
    case = await moves.get_own(case_id, by=by)
    lifecycle.after(case.state, Move.CHANGE_ANSWERS)
    guide = evaluate(await moves.item_of(case), answers)
    completeness.refuse_stop(guide)
    known = await known_facts(by, licences=licences, licence_names=licence_names)
    values = moves.form_values(case)
    fresh = {
        key: entry
        for key, entry in forms.prefill(guide.fields, known).items()
        if values.get(key) is None
    }
    values |= {key: entry.value for key, entry in fresh.items()}
    async with transaction():
        await moves.move(
            case,
            Move.CHANGE_ANSWERS,
            at=clock.now(),
            answers={code: list(chosen) for code, chosen in answers.items()},
            form=moves.to_text(values),
            provenance=case.provenance | _provenance(fresh),
        )


async def fill(
    case_id: UUID, *, values: Mapping[str, Any], by: Principal, revision: str | None = None
) -> None:
    """Store these form values beside the others.

    `revision` is the form the values were typed into (`CaseDetail.form_revision`); None for acts of
    the system itself. Raises `InvalidForm` with an error per field, `FormChanged` when the form was
    stored from elsewhere since and says something else.
    """
    case = await moves.get_own(case_id, by=by)
    lifecycle.after(case.state, Move.FILL)
    guide = await moves.guide_of(case)
    free = [entry for entry in guide.fields if entry.key not in guide.presets]
    checked = forms.check(free, values)
    stored = moves.form_values(case)
    typed = {key for key, value in checked.items() if value != stored.get(key)}
    if revision is not None and revision != moves.form_revision(case):
        if not typed:
            return  # the same words again: the answer to the first request was lost
        raise errors.FormChanged(fields=sorted(typed))
    provenance = {key: origin for key, origin in case.provenance.items() if key not in typed}
    async with transaction():
        await moves.move(
            case,
            Move.FILL,
            at=clock.now(),
            form=moves.to_text(stored | checked),
            provenance=provenance,
        )


async def submit(case_id: UUID, *, by: Principal, blobs: Blobs) -> None:
    """Hand the case in (收件): give it its numbers and start the clock of acceptance.

    Files that were not looked at yet are checked now. Raises `CaseIncomplete` with everything that
    is missing, `FormNotSigned` where the item asks for it, `TransitionNotAllowed` when it was
    submitted before, `StepUpRequired`.
    """
    assurance.require(by, Act.SUBMIT)
    case = await moves.get_own(case_id, by=by)
    lifecycle.after(case.state, Move.SUBMIT)
    _check_audience(await moves.item_of(case), by)
    await checking.check_waiting(case.id, blobs=blobs)
    case = await moves.get_own(case_id, by=by)
    guide = await moves.guide_of(case)
    await _check_complete(case, guide)
    item = await moves.item_of(case)
    if item.sign_form:
        await sign.require(case, guide)
    at, today, days = clock.now(), clock.today(), await holidays.calendar()
    begun = case_clocks.acceptance(today)
    async with transaction():
        official = numbers.case_no(
            item.impl_code, on=today, serial=await serials.next_serial(item.code, today)
        )
        short = numbers.short_no(
            on=today, serial=await serials.next_serial(serials.ALL_CASES, today)
        )
        await moves.move(
            case,
            Move.SUBMIT,
            at=at,
            case_no=official,
            short_no=short,
            submitted_at=at,
            received_on=today,
            approval_mode=guide.approval_mode,
            **case_clocks.dates((begun,), days),
        )
        await case_clocks.start(case, begun, days=days)
        await content_checks.note_text(content_checks.FORM, case_id=case.id, by=by, at=at)
        await timeline.append(
            case.id,
            kind="submitted",
            title="申请已提交",
            text=f"办件编号 {short}。{case.acceptance_due_on} 前会答复是否受理。",
            actor_text=timeline.APPLICANT,
            at=at,
        )
        await outbox.publish(events.CaseSubmitted(**moves.event_facts(case)), key=str(case.id))
        await audit.record(actor=by.actor, action="case.submit", target=moves.target_of(case))


async def withdraw(case_id: UUID, *, reason: str, by: Principal) -> None:
    """Take the application back while nothing is decided; an open supplement ends with it.

    Raises `StepUpRequired` for one that was handed in.
    """
    case = await moves.get_own(case_id, by=by)
    submitted = case.submitted_at is not None
    if submitted:
        assurance.require(by, Act.SUBMIT)
    lifecycle.after(case.state, Move.WITHDRAW)
    reason = moves.require_reason(reason) if submitted else reason.strip()[:1000]
    at = clock.now()
    async with transaction():
        await moves.move(case, Move.WITHDRAW, at=at, outcome_text=reason or None, ended_at=at)
        await _end_owing(case, on=clock.local(at).date())
        await timeline.append(
            case.id,
            kind="withdrawn",
            title="申请已撤回",
            text=reason,
            actor_text=timeline.APPLICANT,
            at=at,
        )
        if submitted:
            withdrawn = events.CaseWithdrawn(**moves.event_facts(case), reason=reason)
            await outbox.publish(withdrawn, key=str(case.id))
        await audit.record(actor=by.actor, action="case.withdraw", target=moves.target_of(case))


async def _end_owing(case: Case, *, on: date) -> None:
    """Nobody owes anything for a case that was taken back."""
    if case.submitted_at is None:
        return
    notice = await Supplement.get_or_none(case_id=case.id, state="open")
    if notice is not None:
        await Supplement.filter(id=notice.id, state="open").update(state="withdrawn")
    await case_clocks.void(case, on=on, notice_id=notice.id if notice else None)


async def forget_drafts(at: datetime) -> int:
    """Delete drafts nobody touched for ninety days; returns how many. For the timer.

    Personal data is kept no longer than its purpose needs (Personal Information Protection Law
    art. 19); a draft that was never handed in has none after that.
    """
    # What was never handed in has no day of that: so says the index of drafts.
    forgotten = Case.filter(
        submitted_at__isnull=True, state=CaseState.DRAFT, updated_at__lt=at - DRAFT_LIFE
    )
    ids = [case.id for case in await forgotten.order_by("updated_at").only("id").limit(_BATCH)]
    if not ids:
        return 0
    async with transaction():
        await Upload.filter(case_id__in=ids).delete()
        still_drafts = Case.filter(id__in=ids, state=CaseState.DRAFT)
        count = await still_drafts.count()  # what delete() returns counts cascades on SQLite
        await still_drafts.delete()
        await audit.record(
            actor="system:retention",
            action="case.forget-drafts",
            target="case:drafts",
            detail={"count": count},
        )
    return count


async def known_facts(
    by: Principal,
    *,
    licences: LicenceFacts | None = None,
    licence_names: Mapping[str, str] | None = None,
) -> forms.Known:
    """What the platform knows of the caller and the organisation acted for.

    Who is known by a phone only types the own number: the phone may be somebody else's by now.
    """
    person = await identity_queries.get_subject(by.person_id)
    org: dict[str, object] = {}
    if by.acting_for is not None:
        organisation = await identity_queries.get_subject(by.acting_for)
        representative = await identity_queries.legal_representative_of(by.acting_for)
        org = {"name": organisation.name, "uscc": organisation.id_no}
        if representative is not None:
            org["legal_rep"] = representative.name
    account: dict[str, object] = {"name": person.name, "default_delivery": _DEFAULT_DELIVERY}
    if assurance.suffices(by, Act.PREFILL):
        account |= {"id_no": person.id_no, "mobile": person.phone}
    return forms.Known(
        account=account, org=org, licences=licences or {}, licence_names=licence_names or {}
    )


async def _check_complete(case: Case, guide: Guide) -> None:
    handed_in = await papers.handed_in(case.id)
    values = moves.effective_values(case, guide)
    completeness.check(guide, values=values, handed_in=handed_in)


async def _find_by_key(by: Principal, request_key: str) -> UUID | None:
    case = await Case.get_or_none(subject_id=by.applicant_id, request_key=request_key)
    return case.id if case else None


def _check_audience(item: Item, by: Principal) -> None:
    """Codes of GB/T 39046: 1 is a natural person, all others are organisations."""
    for_persons = _NATURAL_PERSON in item.audience
    for_organisations = any(code != _NATURAL_PERSON for code in item.audience)
    if by.acting_for is None and not for_persons:
        raise errors.WrongApplicant("这个事项由单位申请，请先切换到要代办的单位")
    if by.acting_for is not None and not for_organisations:
        raise errors.WrongApplicant("这个事项由个人申请，请先切换回个人身份")


async def _refuse_ward(by: Principal) -> None:
    """A guardian acts for a child in its wallet; in cases the guardian applies in person."""
    if by.acting_for is None:
        return
    if (await identity_queries.get_subject(by.acting_for)).kind == "natural_person":
        raise errors.WrongApplicant("为被监护人办事请切换回本人身份申请")


def _provenance(filled: Mapping[str, forms.Prefilled]) -> dict[str, dict[str, str]]:
    return {key: {"path": entry.path, "text": entry.text} for key, entry in filled.items()}
