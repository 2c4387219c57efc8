"""What happens by the clock: SCHEDULE, and the timers that run it; and the queues beside the relay.

One worker of the installation runs the timers at a time, all work on the queues. Each act opens its
own short transactions and is harmless when repeated. What follows an event stands in `flows.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import identity.log_in.guesses
import identity.log_in.sessions
import identity.log_in.sign_in_log
import identity.staff.officers
import identity.staff.proposals
import payments.orders
import payments.reconcile
import payments.refunds
import push.consents
import push.deliver
import push.live.stream
import push.webhooks.calls
import services.cases.acts.apply
import services.cases.acts.review
import services.cases.acts.supplement
import services.cases.blob_columns
import services.cases.counts
import services.cases.materials.content_checks
import services.cases.materials.uploads
import services.cases.talk.pictures
import wallet.blob_columns
import wallet.intake.batches
import wallet.intake.upstream
import wallet.log.alarms
import wallet.log.anchors
import wallet.log.memory
import wallet.log.signed_days
import wallet.log.transparency
import wallet.patrol.nightly
import wallet.register.reminders
import wallet.register.taken_in
import wallet.show.pass_origins
from core import clock, jobs, outbox, tasks
from core.clocks import counting, sweep
from core.data import once, spent
from core.files import blob_sweep
from core.lease import Lease
from core.protection import audit
from resources import Resources
from services.cases.files.staging import open_staging

log = logging.getLogger(__name__)

CLOCKS_AT_ONCE = 1000
"""That are counted anew beside the job of a changed calendar, which counts all."""


async def sweep_clocks(_resources: Resources) -> None:
    """Tell what clocks have reached: silence for five days is acceptance (Administrative Licensing
    Law art. 32), a notice that nobody answered lapses. And count anew what is behind the calendar.
    """
    await sweep.sweep(clock.today())
    await counting.count_all(most=CLOCKS_AT_ONCE)


async def check_content(resources: Resources) -> None:
    """Ask the platforms about what came in through their apps, and hear their verdicts."""
    await services.cases.materials.content_checks.run_due(
        checkers=resources.connectors,
        public_url=resources.settings.public_url,
        secret_key=resources.settings.secret_key,
        at=clock.now(),
    )


async def drop_abandoned_uploads(resources: Resources) -> None:
    staging = open_staging(resources.settings.upload_dir, resources.parts)
    await services.cases.materials.uploads.expire(staging=staging)


async def sweep_uploads(resources: Resources) -> None:
    staging = open_staging(resources.settings.upload_dir, resources.parts)
    await services.cases.materials.uploads.sweep(staging=staging)


async def alarm_parked(resources: Resources) -> None:
    await outbox.raise_alarm()
    await jobs.raise_alarm()


async def remind_of_renewals(_resources: Resources) -> None:
    """90, 30 and 7 days before the end; each holder once."""
    await wallet.register.reminders.remind()


async def tell_taken_in(_resources: Resources) -> None:
    """Holders hear of licences that were taken in, a few at a time."""
    await wallet.register.taken_in.tell_waiting()


async def integrate_log(resources: Resources) -> None:
    """Waiting entries get their places in the public log, and the new size is signed."""
    await wallet.log.transparency.integrate(keys=resources.keys)
    await wallet.log.transparency.fill_leaves()


async def anchor_logs(resources: Resources) -> None:
    """Where the other logs stand goes into the public log, and how far that has come is kept
    outside of the database."""
    memory = resources.settings.log_memory_file
    try:
        await wallet.log.memory.remember(memory)
    except wallet.log.memory.RolledBack as error:
        await wallet.log.alarms.sound(
            wallet.log.alarms.ROLLBACK, about="log:memory", detail=str(error)
        )
    await wallet.log.anchors.anchor()


ANCHORS = wallet.log.anchors.Round()


async def check_logs(_resources: Resources) -> None:
    """Heads without our seal, and anchors that the logs no longer agree with, raise an alarm."""
    for head in await audit.heads():
        if not head.sealed:
            await wallet.log.alarms.sound(
                wallet.log.alarms.HEAD,
                about=audit.name_of(head.chain),
                detail="the head of the chain bears no seal of ours",
            )
    try:
        await ANCHORS.piece()
    except wallet.log.anchors.BrokenAnchor as error:
        await wallet.log.alarms.sound(
            wallet.log.alarms.ANCHOR, about="log:anchors", detail=str(error)
        )


COUNTS = services.cases.counts.Round()


async def keep_counts(_resources: Resources) -> None:
    """Days that are over and cases without a light; at night one department's counts anew.

    Nothing is late that this does late: counts are right without it. Comparing them reads all that
    a department has in its indexes, for which there is time at night.
    """
    await services.cases.counts.fill_turns()
    await services.cases.counts.fold(today=clock.today())
    if clock.local(clock.now()).hour in NIGHT:
        await COUNTS.step()


async def compare_register(resources: Resources) -> None:
    """At night: does the register say what the sealed documents and the log say?"""
    await wallet.patrol.nightly.at_night(blobs=resources.blobs)


async def follow_upstream(resources: Resources) -> None:
    """What upstream libraries say of licences we took in; one that is away holds up nothing."""
    await wallet.intake.upstream.follow(resources.libraries)


async def close_use_days(resources: Resources) -> None:
    """Sign the heads of the logs of uses for every day that is over."""
    await wallet.log.signed_days.close_days(keys=resources.keys)


async def lapse_power_proposals(_resources: Resources) -> None:
    await identity.staff.proposals.lapse()


async def forget_old_rows(resources: Resources) -> None:
    """What is told, delivered or ended has served its time."""
    await outbox.forget_told()
    await once.forget_old()
    await jobs.forget_done()
    await push.deliver.forget_old()
    await push.consents.forget_old()
    await push.live.stream.forget_old()
    await push.webhooks.calls.forget_old()
    await identity.log_in.sessions.forget_ended()
    await identity.staff.officers.forget_attempts()
    await identity.log_in.guesses.forget_old()
    await identity.log_in.sign_in_log.forget_old()
    await services.cases.acts.apply.forget_drafts(clock.now())
    await services.cases.materials.uploads.forget_old()
    await services.cases.talk.pictures.forget_unsent()
    await wallet.log.signed_days.forget_old()
    await wallet.log.anchors.forget_old()
    await spent.forget()
    await wallet.show.pass_origins.forget_old()


async def ask_after_payments(resources: Resources) -> None:
    """Orders of which no notice has come."""
    await payments.orders.ask_due(providers=resources.providers)


BLOB_COLUMNS = (*services.cases.blob_columns.COLUMNS, *wallet.blob_columns.COLUMNS)
"""Everything that names a blob; what none of them names is deleted."""
NIGHT = range(1, 5)
"""Hours of Shanghai in which there is time to sweep."""


async def sweep_blobs(resources: Resources) -> None:
    """By night, and each time so much of the store as a run may take."""
    if clock.local(clock.now()).hour in NIGHT:
        await blob_sweep.sweep(resources.blobs, BLOB_COLUMNS)


async def reconcile_payments(resources: Resources) -> None:
    await payments.reconcile.reconcile_due(providers=resources.providers)


@dataclass(frozen=True)
class Timer:
    name: str
    seconds: float
    act: Callable[[Resources], Awaitable[None]]


SCHEDULE = (
    Timer("sweep-clocks", 60, sweep_clocks),
    Timer("check-content", 5, check_content),
    Timer("alarm-parked", 300, alarm_parked),
    Timer("drop-abandoned-uploads", 300, drop_abandoned_uploads),
    Timer("sweep-uploads", 3600, sweep_uploads),
    Timer("sweep-blobs", 1200, sweep_blobs),
    Timer("ask-after-payments", 10, ask_after_payments),
    Timer("reconcile-payments", 3600, reconcile_payments),
    Timer("tell-taken-in", 2, tell_taken_in),
    Timer("integrate-log", 5, integrate_log),
    Timer("anchor-logs", 60, anchor_logs),
    Timer("check-logs", 60, check_logs),
    Timer("keep-counts", 60, keep_counts),
    Timer("compare-register", 60, compare_register),
    Timer("follow-upstream", 30, follow_upstream),
    Timer("close-use-days", 600, close_use_days),
    Timer("remind-of-renewals", 3600, remind_of_renewals),
    Timer("lapse-power-proposals", 600, lapse_power_proposals),
    Timer("forget-old-rows", 3600, forget_old_rows),
)


def job_acts(resources: Resources) -> dict[str, jobs.Act]:
    """What each kind of job does: long work, and rows that a timer could not get past."""

    async def read_batch(ref: str) -> None:
        await wallet.intake.batches.process(
            UUID(ref),
            trust=resources.trust,
            blobs=resources.blobs,
            folder=resources.settings.upload_dir,
        )

    async def count_clocks(_ref: str) -> None:
        await counting.count_all()

    return {
        sweep.MARK: lambda ref: sweep.mark_one(int(ref)),
        counting.COUNT_ALL: count_clocks,
        counting.COUNT: lambda ref: counting.count_one(int(ref)),
        wallet.intake.batches.INTAKE: read_batch,
        wallet.register.reminders.REMIND: lambda ref: wallet.register.reminders.remind_one(
            UUID(ref)
        ),
        wallet.intake.upstream.NEWS: lambda ref: wallet.intake.upstream.apply_again(
            ref, resources.libraries
        ),
        services.cases.acts.review.DEEM: lambda ref: services.cases.acts.review.deem_one(UUID(ref)),
        services.cases.acts.supplement.LAPSE: lambda ref: services.cases.acts.supplement.lapse_one(
            UUID(ref)
        ),
    }


class Queues:
    """What every worker of the installation works on beside the relay: each takes rows of its own
    (`core.queue`), so no lease is needed and a worker that dies is missed for seconds only."""

    def __init__(self, resources: Resources) -> None:
        self._webhooks = resources.webhooks
        self._workers = (
            push.deliver.workers(
                redis=resources.redis,
                connectors=resources.connectors,
                outlets=resources.outlets,
                bell=push.deliver.bell,
            ),
            payments.refunds.workers(
                providers=resources.providers,
                public_url=resources.settings.public_url,
                bell=payments.refunds.bell,
            ),
            jobs.workers(job_acts(resources), bell=jobs.bell),
        )

    def start(self) -> None:
        self._webhooks.start()
        for one in self._workers:
            one.start()

    async def stop(self) -> None:
        await self._webhooks.stop()
        for one in self._workers:
            await one.stop()


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
