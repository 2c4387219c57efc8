"""What follows what: the only place where packages meet.

REACTIONS maps an event to the acts it brings about; each act opens its own short transactions and
is harmless when repeated, because the outbox tells at least once. SCHEDULE holds the timers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import cases.apply
import cases.catalogue
import cases.content_checks
import cases.conversation_pictures
import cases.materials
import cases.review
import cases.supplement
import cases.thumbnails
import cases.uploads
import identity.officers
import identity.queries
import identity.sessions
import identity.sign_in_log
import payments.bills
import payments.orders
import payments.reconcile
import payments.refunds
import push.channels.live
import push.consents
import push.conversation_messages
import push.deliver
import push.licence_messages
import push.messages
import push.stream
import push.webhooks.calls
import wallet.annotated
import wallet.intake
import wallet.issue
import wallet.reminders
import wallet.status_lists
import wallet.transparency
import wallet.upstream
import wallet.use_days
from cases import events as case_events
from cases.shelf import open_shelf
from core import clock, outbox, tasks
from core.events import Event
from core.lease import Lease
from payments import events as payment_events
from push.webhooks import notices
from resources import Resources
from wallet import events as wallet_events

log = logging.getLogger(__name__)

Reaction = Callable[..., Awaitable[None]]


async def tell_person(event: Event, resources: Resources) -> None:
    """The message of the event, by every channel, to the person concerned."""
    message = push.messages.compose(event)
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
        push.messages.licence_state_changed(event, recipient_id=recipient_id),
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
        push.licence_messages.compose(event, recipient_id=recipient_id),
        event_id=event.id,
        redis=resources.redis,
        connectors=resources.connectors,
    )


async def record_use(event: case_events.LicenceUsed, resources: Resources) -> None:
    """A licence that stood for a document: the holder finds it in the log."""
    use = wallet.annotated.CaseUse(
        case_id=event.case_id,
        case_no=event.short_no or "",
        material_code=event.material_code,
        item_code=event.item_code,
        purpose=f"{event.item_name}（{event.material_name}）",
        fields=event.fields,
    )
    await wallet.annotated.record_case_use(
        event.licence_id,
        use,
        use_id=event.id,
        subject_id=event.subject_id,
        who=event.actor,
        who_name=event.actor_name,
    )


async def read_batch(event: wallet_events.IntakeReceived, resources: Resources) -> None:
    """Take a batch of existing licences in; a repeat goes on where the last one stopped."""
    await wallet.intake.process(
        event.batch_id,
        trust=resources.trust,
        blobs=resources.blobs,
        folder=resources.settings.upload_dir,
    )


async def tell_of_complaint(event: wallet_events.ComplaintMade, resources: Resources) -> None:
    if event.department:
        notice = push.licence_messages.complaint_made(event)
        await push.deliver.tell_department(notice, event_id=event.id, redis=resources.redis)


async def tell_department(event: Event, resources: Resources) -> None:
    """Move the worklists of the department."""
    notice = push.messages.department_notice(event)
    if notice is not None:
        await push.deliver.tell_department(notice, event_id=event.id, redis=resources.redis)


async def tell_talkers(event: Event, resources: Resources) -> None:
    """Move the conversation on both sides; the applicant is told of what the office writes."""
    await push.deliver.deliver(
        push.conversation_messages.compose(event),
        event_id=event.id,
        redis=resources.redis,
        connectors=resources.connectors,
        outlets=resources.outlets,
        occurred_at=event.occurred_at,
    )
    notice = push.conversation_messages.department_notice(event)
    await push.deliver.tell_department(notice, event_id=event.id, redis=resources.redis)


async def tell_webhooks(event: Event, resources: Resources) -> None:
    """Write the calls of systems that want the event; a timer sends them."""
    notice = notices.of_event(event)
    if notice is not None:
        await push.webhooks.calls.enqueue(notice)


async def check_material(event: case_events.MaterialReceived, resources: Resources) -> None:
    await cases.materials.check(event.material_id, blobs=resources.blobs)
    await cases.thumbnails.make(event.material_id, blobs=resources.blobs)


async def issue_licence(event: case_events.CaseApproved, resources: Resources) -> None:
    """Make the licence an approval grants, or close the case when it grants none."""
    if event.licence_type is None:
        await cases.review.close(event.case_id, licence_id=None)
        return
    await wallet.issue.issue(
        case_id=event.case_id,
        case_no=event.case_no,
        item_code=event.item_code,
        subject_id=event.subject_id,
        person_id=event.person_id,
        licence_type=event.licence_type,
        action=event.licence_action or "issue",
        facts=event.facts,
        previous_licence_id=event.previous_licence_id,
        keys=resources.keys,
        trust=resources.trust,
        blobs=resources.blobs,
        public_url=resources.settings.public_url,
    )


async def announce_status(
    event: wallet_events.LicenceIssued | wallet_events.LicenceStateChanged, resources: Resources
) -> None:
    """Readers hear within seconds that a status list has changed."""
    changed = await wallet.status_lists.renew_after(event.licence_id, redis=resources.redis)
    if changed:
        await push.channels.live.tell(
            wallet.status_lists.STREAM,
            "status-lists-changed",
            {"lists": changed},
            event_id=event.id,
            redis=resources.redis,
        )


async def close_case(event: wallet_events.LicenceIssued, resources: Resources) -> None:
    """The licence is in the wallet: the case has reached its end."""
    if event.case_id is not None:
        await cases.review.close(event.case_id, licence_id=event.licence_id)


async def open_bill(event: case_events.CaseAccepted, resources: Resources) -> None:
    """An accepted case whose item charges one known amount is owed it."""
    item = (await cases.catalogue.get_item(event.item_code)).item
    amount = payments.bills.amount_of(item.fee.standard or "")
    if not item.fee.charged or not item.fee.online_pay or amount is None:
        return
    await payments.bills.open_bill(
        case_id=event.case_id,
        fee_code="fee",
        subject_id=event.subject_id,
        person_id=event.person_id,
        department=event.department,
        title=f"{event.item_name}：{item.fee.basis or '费用'}",
        case_text=event.short_no or "",
        amount=amount,
    )


async def cancel_bills(event: case_events.CaseEvent, resources: Resources) -> None:
    """A case that ended without a result owes nothing any more."""
    await payments.bills.cancel_unpaid(event.case_id)


async def send_refund(event: payment_events.RefundAsked, resources: Resources) -> None:
    await payments.refunds.send(
        event.refund_no,
        providers=resources.providers,
        public_url=resources.settings.public_url,
    )


TELL = (tell_person, tell_department, tell_webhooks)

REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
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
    wallet_events.IntakeReceived: (read_batch,),
    wallet_events.ComplaintMade: (tell_of_complaint,),
    wallet_events.ComplaintAnswered: (tell_answerer,),
    wallet_events.AuthorisationChanged: (tell_answerer,),
}
"""Event → reactions, in this order; a failing one is tried again together with those after it."""


def reactor(resources: Resources) -> outbox.React:
    """The function the relay hands every event to."""

    async def react(event: Event) -> None:
        for reaction in REACTIONS.get(type(event), ()):
            await reaction(event, resources)

    return react


async def retry_deliveries(resources: Resources) -> None:
    await push.deliver.retry_due(
        redis=resources.redis, connectors=resources.connectors, outlets=resources.outlets
    )


async def send_webhooks(resources: Resources) -> None:
    await resources.webhooks.send_due()


async def deem_accepted(resources: Resources) -> None:
    """Administrative Licensing Law art. 32: silence for five days is acceptance."""
    await cases.review.deem_accepted(clock.now())


async def lapse_supplements(resources: Resources) -> None:
    await cases.supplement.lapse(clock.now())


async def check_content(resources: Resources) -> None:
    """Ask the platforms about what came in through their apps, and hear their verdicts."""
    await cases.content_checks.run_due(
        checkers=resources.connectors,
        public_url=resources.settings.public_url,
        secret_key=resources.settings.secret_key,
        at=clock.now(),
    )


async def drop_abandoned_uploads(resources: Resources) -> None:
    shelf = open_shelf(resources.settings.upload_dir, resources.parts)
    await cases.uploads.expire(shelf=shelf)


async def sweep_uploads(resources: Resources) -> None:
    shelf = open_shelf(resources.settings.upload_dir, resources.parts)
    await cases.uploads.sweep(shelf=shelf)


async def alarm_parked(resources: Resources) -> None:
    await outbox.raise_alarm()


async def remind_of_renewals(_resources: Resources) -> None:
    """90, 30 and 7 days before the end; each holder once."""
    await wallet.reminders.remind()


async def integrate_log(resources: Resources) -> None:
    """Waiting entries get their places in the public log, and the new size is signed."""
    await wallet.transparency.integrate(keys=resources.keys)


async def follow_upstream(resources: Resources) -> None:
    """What upstream libraries say of licences we took in; one that is away holds up nothing."""
    await wallet.upstream.follow(resources.libraries)


async def close_use_days(resources: Resources) -> None:
    """Sign the heads of the logs of uses for every day that is over."""
    await wallet.use_days.close_days(keys=resources.keys)


async def forget_old_rows(resources: Resources) -> None:
    """What is told, delivered or ended has served its time."""
    await outbox.forget_told()
    await push.deliver.forget_old()
    await push.consents.forget_old()
    await push.stream.forget_old()
    await push.webhooks.calls.forget_old()
    await identity.sessions.forget_ended()
    await identity.officers.forget_attempts()
    await identity.sign_in_log.forget_old()
    await cases.apply.forget_drafts(clock.now())
    await cases.conversation_pictures.forget_unsent()
    await wallet.use_days.forget_old()


async def ask_after_payments(resources: Resources) -> None:
    """Orders and refunds of which no notice has come."""
    await payments.orders.ask_due(providers=resources.providers)
    await payments.refunds.ask_due(
        providers=resources.providers, public_url=resources.settings.public_url
    )


async def reconcile_payments(resources: Resources) -> None:
    await payments.reconcile.reconcile_due(providers=resources.providers)


@dataclass(frozen=True)
class Timer:
    name: str
    seconds: float
    act: Callable[[Resources], Awaitable[None]]


SCHEDULE = (
    Timer("retry-deliveries", 5, retry_deliveries),
    Timer("send-webhooks", 1, send_webhooks),
    Timer("deem-accepted", 60, deem_accepted),
    Timer("lapse-supplements", 60, lapse_supplements),
    Timer("check-content", 5, check_content),
    Timer("alarm-parked", 300, alarm_parked),
    Timer("drop-abandoned-uploads", 300, drop_abandoned_uploads),
    Timer("sweep-uploads", 3600, sweep_uploads),
    Timer("ask-after-payments", 10, ask_after_payments),
    Timer("reconcile-payments", 3600, reconcile_payments),
    Timer("integrate-log", 5, integrate_log),
    Timer("follow-upstream", 30, follow_upstream),
    Timer("close-use-days", 600, close_use_days),
    Timer("remind-of-renewals", 3600, remind_of_renewals),
    Timer("forget-old-rows", 3600, forget_old_rows),
)


class Timers:
    """Runs SCHEDULE; of all workers the one that holds the lease does."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._lease = Lease("timers", seconds=20)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._repeat(timer), name=f"timer-{timer.name}")
            for timer in SCHEDULE
        ]

    async def stop(self) -> None:
        await tasks.end(*self._tasks)
        with contextlib.suppress(Exception):
            await self._lease.release()

    async def _repeat(self, timer: Timer) -> None:
        while True:
            await asyncio.sleep(timer.seconds)
            try:
                if await self._lease.acquire():
                    await timer.act(self._resources)
            except Exception:  # a failing timer must not end, nor end the others
                log.exception("timer %s failed and goes on", timer.name)
