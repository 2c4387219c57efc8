"""What follows what: here packages meet (and in `timers.py`, which holds what the clock does).

REACTIONS maps an event to the acts it brings about; each act opens its own short transactions and
is harmless when repeated, because the outbox tells at least once. Long work only gets marked due
here: deliveries, webhooks, refunds and jobs have workers of their own (`timers.Queues`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import identity.queries
import payments.bills
import payments.refunds
import push.channels.live
import push.deliver
import push.texts.conversation_messages
import push.texts.licence_messages
import push.texts.messages
import push.webhooks.calls
import services.cases.acts.redate
import services.cases.acts.review
import services.cases.acts.supplement
import services.cases.materials.checking
import services.cases.materials.papers
import services.cases.materials.thumbnails
import services.cases.views.queries
import wallet.intake.batches
import wallet.issue.from_case
import wallet.log.alarms
import wallet.share.annotated
import wallet.show.status_lists
from core import database, jobs, outbox
from core.clocks import counting
from core.clocks import events as clock_events
from core.events import Event
from identity import events as identity_events
from payments import events as payment_events
from push.webhooks import notices
from resources import Resources
from services.cases import case_clocks
from services.cases import events as case_events
from wallet import events as wallet_events

Reaction = Callable[..., Awaitable[None]]


async def count_clocks(event: clock_events.CalendarChanged, resources: Resources) -> None:
    """Have every open clock counted by the new calendar: more than an event may wait for."""
    async with database.transaction():
        await jobs.mark(counting.COUNT_ALL, "calendar")


async def follow_clock(event: clock_events.ClockReached, resources: Resources) -> None:
    """What a clock of the cases lapsed for is done by a job, which is tried again alone."""
    if event.mark != "lapse":
        return
    job = LAPSED.get((event.owner_kind, event.kind))
    if job is not None:
        async with database.transaction():
            await jobs.mark(job, str(event.owner_id))


LAPSED = {
    (case_clocks.CASE, case_clocks.ACCEPTANCE): services.cases.acts.review.DEEM,
    (case_clocks.NOTICE, case_clocks.ANSWER): services.cases.acts.supplement.LAPSE,
}
"""Owner and kind of a clock → the job when it has lapsed."""


async def follow_calendar(event: clock_events.ClockMoved, resources: Resources) -> None:
    """The dates of a case are those of its clocks."""
    if event.owner_kind == case_clocks.CASE:
        await services.cases.acts.redate.follow(event.owner_id)


async def tell_person(event: Event, resources: Resources) -> None:
    """The message of the event, by every channel, to the person concerned."""
    message = push.texts.messages.compose(event)
    if message is not None:
        await push.deliver.deliver(
            message,
            event_id=event.id,
            redis=resources.redis,
            connectors=resources.connectors,
            outlets=resources.outlets,
            occurred_at=event.occurred_at,
        )


async def tell_holder(event: wallet_events.LicenceStateChanged, resources: Resources) -> None:
    """A change of state is told to the person who answers for the holder."""
    recipient_id = await identity.queries.find_responsible_person(event.subject_id)
    if recipient_id is None:
        return
    await push.deliver.deliver(
        push.texts.messages.licence_state_changed(event, recipient_id=recipient_id),
        event_id=event.id,
        redis=resources.redis,
        connectors=resources.connectors,
        outlets=resources.outlets,
        occurred_at=event.occurred_at,
    )


async def tell_answerer(event: Event, resources: Resources) -> None:
    """What happened to a holder's licence, to the person who answers for whom the event names."""
    subject_id = getattr(event, "recipient_subject_id", None) or getattr(event, "subject_id")  # noqa: B009
    recipient_id = await identity.queries.find_responsible_person(subject_id)
    if recipient_id is None:
        return
    await push.deliver.deliver(
        push.texts.licence_messages.compose(event, recipient_id=recipient_id),
        event_id=event.id,
        redis=resources.redis,
        connectors=resources.connectors,
    )


async def record_use(event: case_events.LicenceUsed, resources: Resources) -> None:
    """A licence that stood for a document: the holder finds it in the log."""
    use = wallet.share.annotated.CaseUse(
        case_id=event.case_id,
        case_no=event.short_no or "",
        material_code=event.material_code,
        item_code=event.item_code,
        purpose=f"{event.item_name}（{event.material_name}）",
        fields=event.fields,
    )
    await wallet.share.annotated.record_case_use(
        event.licence_id,
        use,
        use_id=event.id,
        subject_id=event.subject_id,
        who=event.actor,
        who_name=event.actor_name,
    )


async def read_batch(event: wallet_events.IntakeReceived, resources: Resources) -> None:
    """Have a batch of existing licences read: hours of work, which no event may wait for."""
    async with database.transaction():
        await jobs.mark(
            wallet.intake.batches.INTAKE, str(event.batch_id), key=f"intake:{event.department}"
        )


async def tell_of_complaint(event: wallet_events.ComplaintMade, resources: Resources) -> None:
    if event.department:
        notice = push.texts.licence_messages.complaint_made(event)
        await push.deliver.tell_keepers(notice, event_id=event.id, redis=resources.redis)


async def tell_department(event: Event, resources: Resources) -> None:
    """Move the worklists of the department."""
    notice = push.texts.messages.department_notice(event)
    if notice is not None and not _is_draft(event):
        await push.deliver.tell_department(notice, event_id=event.id, redis=resources.redis)


async def tell_talkers(event: Event, resources: Resources) -> None:
    """Move the conversation on both sides; the applicant is told of what the office writes."""
    await push.deliver.deliver(
        push.texts.conversation_messages.compose(event),
        event_id=event.id,
        redis=resources.redis,
        connectors=resources.connectors,
        outlets=resources.outlets,
        occurred_at=event.occurred_at,
    )
    notice = push.texts.conversation_messages.department_notice(event)
    await push.deliver.tell_department(notice, event_id=event.id, redis=resources.redis)


def _is_draft(event: Event) -> bool:
    """A case nobody has handed in yet is its applicant's alone."""
    return isinstance(event, case_events.CaseEvent) and not event.submitted


async def tell_webhooks(event: Event, resources: Resources) -> None:
    """Write the calls of systems that want the event; a timer sends them."""
    notice = notices.of_event(event)
    if notice is not None and not _is_draft(event):
        await push.webhooks.calls.enqueue(notice)


async def check_material(event: case_events.MaterialReceived, resources: Resources) -> None:
    await services.cases.materials.checking.check(event.material_id, blobs=resources.blobs)
    await services.cases.materials.thumbnails.make(event.material_id, blobs=resources.blobs)


async def issue_licence(event: case_events.CaseApproved, resources: Resources) -> None:
    """Make the licence an approval grants, or close the case when it grants none."""
    if event.licence_type is None:
        await services.cases.acts.review.close(event.case_id, licence_id=None)
        return
    if event.case_no is None:
        raise ValueError("an approved case without a number")
    await wallet.issue.from_case.issue(
        case_id=event.case_id,
        case_no=event.case_no,
        item_code=event.item_code,
        subject_id=event.subject_id,
        person_id=event.person_id,
        licence_type=event.licence_type,
        action=event.licence_action or "issue",
        facts=event.facts,
        previous_licence_id=event.previous_licence_id,
        desk=resources.desk,
    )


async def announce_status(
    event: wallet_events.LicenceIssued | wallet_events.LicenceStateChanged, resources: Resources
) -> None:
    """Readers hear within seconds that a status list has changed."""
    changed = await wallet.show.status_lists.renew_after(event.licence_id, redis=resources.redis)
    if changed:
        await push.channels.live.tell(
            wallet.show.status_lists.STREAM,
            "status-lists-changed",
            {"lists": changed},
            event_id=event.id,
            redis=resources.redis,
        )


async def close_case(event: wallet_events.LicenceIssued, resources: Resources) -> None:
    """The licence is in the wallet: the case has reached its end."""
    if event.case_id is not None:
        await services.cases.acts.review.close(event.case_id, licence_id=event.licence_id)


async def open_bill(event: case_events.CaseAccepted, resources: Resources) -> None:
    """An accepted case is owed what its guide said, after the version it began with."""
    charge = await services.cases.views.queries.get_charge(event.case_id)
    if not charge.bill:
        return
    await payments.bills.open_bill(
        case_id=event.case_id,
        fee_code="fee",
        subject_id=event.subject_id,
        person_id=event.person_id,
        department=event.department,
        title=f"{event.item_name}：{charge.basis}",
        case_text=event.short_no or "",
        amount=charge.bill,
    )


async def cancel_bills(event: case_events.CaseEvent, resources: Resources) -> None:
    """A case that ended without a result owes nothing any more."""
    await payments.bills.cancel_unpaid(event.case_id)


async def send_refund(event: payment_events.RefundAsked, resources: Resources) -> None:
    """Have the platform told: whoever sends refunds does not wait for the next look."""
    await payments.refunds.mark_due(event.refund_no)


TELL = (tell_person, tell_department, tell_webhooks)


async def close_streams(event: identity_events.OfficerSessionsEnded, resources: Resources) -> None:
    """Who was dismissed hears no more; what a lost bell leaves open, the look-around closes."""
    for session_id in event.session_ids:
        await push.channels.live.end_session(session_id, redis=resources.redis)


async def alarm_of_passkey(event: identity_events.PasskeyLocked, _resources: Resources) -> None:
    """Operators hear of it; the officer reads it beside the key and at the refusal itself."""
    await wallet.log.alarms.sound(
        wallet.log.alarms.PASSKEY,
        about=f"officer:{event.officer_id}",
        detail="the count of a passkey went back: it is locked, the officer's sessions ended",
    )


async def end_alarm_of_passkey(
    event: identity_events.LockedPasskeysGone, _resources: Resources
) -> None:
    about = f"officer:{event.officer_id}"
    await wallet.log.alarms.resolve(wallet.log.alarms.PASSKEY, about=about, by=about)


async def close_streams_of_system(
    event: identity_events.ClientSystemEnded, resources: Resources
) -> None:
    await push.channels.live.end_caller(event.client_row, redis=resources.redis)


REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
    clock_events.CalendarChanged: (count_clocks,),
    clock_events.ClockReached: (follow_clock,),
    clock_events.ClockMoved: (follow_calendar,),
    case_events.CaseSubmitted: TELL,
    case_events.CaseAccepted: (*TELL, open_bill),
    case_events.AcceptanceDeclined: TELL,
    case_events.SupplementRequested: TELL,
    case_events.SupplementAnswered: TELL,
    case_events.MaterialReceived: (check_material, tell_person, tell_webhooks),
    case_events.MaterialChecked: TELL,
    case_events.LicenceUsed: (record_use,),
    case_events.CaseApproved: (*TELL, issue_licence),
    case_events.CaseRefused: (*TELL, cancel_bills),
    case_events.CaseWithdrawn: (*TELL, cancel_bills),
    case_events.CaseLapsed: (*TELL, cancel_bills),
    case_events.CaseClosed: TELL,
    case_events.MessageSent: (tell_talkers,),
    case_events.MessagesRead: (tell_talkers,),
    wallet_events.LicenceIssued: (close_case, announce_status, tell_person, tell_webhooks),
    wallet_events.LicencePresented: (tell_person,),
    wallet_events.PresentationStopped: (tell_person,),
    payment_events.BillPaid: (tell_person,),
    payment_events.BillRefunded: (tell_person,),
    payment_events.RefundAsked: (send_refund,),
    wallet_events.LicenceStateChanged: (announce_status, tell_holder, tell_webhooks),
    wallet_events.LicenceLookedAt: (tell_answerer,),
    wallet_events.LicenceEnding: (tell_answerer,),
    wallet_events.LicenceTakenIn: (tell_answerer,),
    wallet_events.IntakeReceived: (read_batch,),
    wallet_events.ComplaintMade: (tell_of_complaint,),
    wallet_events.ComplaintAnswered: (tell_answerer,),
    wallet_events.AuthorisationChanged: (tell_answerer,),
    identity_events.OfficerSessionsEnded: (close_streams,),
    identity_events.ClientSystemEnded: (close_streams_of_system,),
    identity_events.PasskeyLocked: (alarm_of_passkey,),
    identity_events.LockedPasskeysGone: (end_alarm_of_passkey,),
}
"""Event → reactions, in this order; a failing one is tried again together with those after it."""


def reactor(resources: Resources) -> outbox.React:
    """The function the relay hands every event to."""

    async def react(event: Event) -> None:
        for reaction in REACTIONS.get(type(event), ()):
            await reaction(event, resources)

    return react
