"""Looking after an installation: counters, webhooks, the audit, events that were parked."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import identity.systems.clients
import identity.systems.counters
import push.webhooks.endpoints
import timers
from core import clock, database, jobs, outbox
from core.errors import Problem
from core.files import blob_sweep
from core.files.blobs import Blobs
from core.protection import audit
from core.settings import Settings
from push.webhooks.addresses import read_networks
from resources import load_keys, signing_folder
from services.cases import counts
from tools import log_commands
from tools.setup_commands import opened
from wallet.log import alarms, memory, signed_days
from wallet.patrol import nightly


async def counter_code(settings: Settings, *, department: str, hall: str) -> None:
    async with opened(settings):
        code = await identity.systems.counters.new_enrolment_code(
            department=department, hall=hall, by="system:manage"
        )
    print(code)


async def check_audit(settings: Settings) -> None:
    async with opened(settings):
        try:
            count = await audit.check()
        except audit.BrokenChain as error:
            sys.exit(f"the audit trail was changed: {error}")
        told = await log_commands.check_anchors(settings.log_memory_file)
    print(f"{count} records, every chain is whole; {told}")


async def seal_logs(settings: Settings) -> None:
    """Seal the heads of the logs as they are, and remember the logs as they are: after a restore,
    a change of the key, or an upgrade. What was lost by then stays lost: the act is in the audit.
    """
    async with opened(settings):
        chains = await audit.seal_heads()
        logs = await signed_days.seal_heads()
        async with database.transaction():
            await audit.record(
                actor="system:manage",
                action="logs.sealed",
                target="log:heads",
                detail={"chains": chains, "logs": logs},
            )
        await memory.forget(settings.log_memory_file)
        await alarms.resolve(alarms.ROLLBACK, about="log:memory", by="system:manage")
    print(f"{chains} audit chains and {logs} logs of uses sealed")


async def compare_register(settings: Settings) -> None:
    """Every licence against its sealed document and the log, and the doubtful ones again."""
    blobs = Blobs.open(settings.blob_url)
    async with opened(settings):
        seen, ended = 0, False
        while not ended:
            done = await nightly.go_on(blobs=blobs)
            seen, ended = seen + done.seen, done.ended
        closed, left = await nightly.resolve(blobs=blobs, by="system:manage")
        async for alarm in _open_alarms():
            print(f"{alarm.found_at:%Y-%m-%d %H:%M} {alarm.kind} {alarm.about}: {alarm.detail}")
    print(f"{seen} licences compared, {closed} alarms resolved, {left} licences in doubt")
    if left:
        sys.exit(1)


async def _open_alarms() -> AsyncIterator[alarms.Alarm]:
    after = None
    while True:
        page = await alarms.list_open(after=after)
        for alarm in page:
            yield alarm
        after = page.following
        if after is None:
            return


async def check_counts(settings: Settings, *, mend: bool) -> None:
    """Kept counts against cases, department by department; ends with 1 when they differ still."""
    wrong = 0
    async with opened(settings):
        while await counts.fill_turns():
            pass
        if mend:
            while await counts.mend_flags():
                pass
        departments = await counts.departments()
        look = counts.mend if mend else counts.differences
        for department in departments:
            found = await look(department, today=clock.today())
            wrong += len(found)
            for (_, name, day), number in sorted(found.items()):
                print(f"{department} {name} {day}: {number:+d}")
    print(f"{len(departments)} departments, {wrong} counts {'mended' if mend else 'wrong'}")
    if wrong and not mend:
        sys.exit(1)


async def check_blobs(settings: Settings) -> None:
    """Compare the store with the rows; ends with a failure when a row names what is not there."""
    async with opened(settings):
        found = await blob_sweep.check(Blobs.open(settings.blob_url), timers.BLOB_COLUMNS)
    print(f"{found.blobs} blobs, {found.named} named by rows, {found.unnamed} named by none")
    for column, digest in found.missing:
        print(f"missing: {digest} ({column})")
    if found.missing:
        sys.exit(f"{len(found.missing)} blobs that rows name are missing")


async def add_webhook(
    settings: Settings, *, client_id: str, topic: str, url: str, suite: str
) -> None:
    """Whose events a client system is told is the operator's decision."""
    async with opened(settings):
        client = await identity.systems.clients.find(client_id)
        if client is None:
            sys.exit("no client system has this identifier")
        if not topic.startswith(("dept:", "subject:")):
            sys.exit("TOPIC is dept:KEY or subject:UUID")
        try:
            _, secret = await push.webhooks.endpoints.register(
                owner=f"client:{client}",
                topic=topic,
                url=url,
                kinds=(),
                suite=suite,
                allowed=read_networks(settings.webhook_networks),
                by="system:manage",
            )
        except Problem as refusal:
            sys.exit(f"{refusal.slug}: {refusal}")
    print(secret)


async def check_logs(
    settings: Settings, check: Callable[[log_commands.Keys, Path], Awaitable[None]]
) -> None:
    async with opened(settings):
        await check(load_keys(signing_folder(settings), settings), settings.log_memory_file)


async def _print_parked() -> None:
    after = 0
    while page := await outbox.list_parked(after=after):
        for row in page:
            print(row.event_id, row.name, row.key, row.attempts, row.last_error)
        after = page[-1].id
    after = 0
    while found := await jobs.list_parked(after=after):
        for job in found:
            print(job.id, job.kind, job.ref, job.attempts, job.last_error)
        after = found[-1].id


async def look_at_outbox(settings: Settings, *, action: str | None, event_id: str | None) -> None:
    async with opened(settings):
        if action is None:
            await _print_parked()
            return
        if action == "replay" and (event_id or "").isdecimal():
            if not await jobs.replay(int(event_id or "")):
                sys.exit("no parked job has this number")
            return
        act = outbox.replay if action == "replay" else outbox.drop
        if not event_id or not await act(event_id):
            sys.exit("no parked event has this identifier")
