"""Logs, and the ways in which their keeper cuts them.

Who keeps the database may change every table, and knows what a head is; he has neither the key of
the logs, nor the file beside the database, nor what an auditor saw.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from core import database
from core.protection import audit, chain_heads
from core.protection.audit import AuditHead, AuditRecord, BrokenChain
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from tests.wallet.test_uses import look
from tools.log_auditor import Auditor, RefusedLog, Statement
from wallet.errors import AnchorNotFound
from wallet.log import access_log, anchors, signed_days, transparency
from wallet.log import memory as log_memory
from wallet.log.anchors import BrokenAnchor
from wallet.log.memory import RolledBack
from wallet.log.signed_days import BrokenLog
from wallet.log.transparency import TamperedLog
from wallet.log_models import UseHead, UseRecord

FOUND = (BrokenChain, BrokenLog, BrokenAnchor, TamperedLog, RolledBack)
TARGET = "licence:1"
Cut = Callable[[City], Awaitable[None]]


async def act(times: int = 1, action: str = "licence.read") -> None:
    for _ in range(times):
        async with database.transaction():
            await audit.record(actor="officer:7", action=action, target=TARGET)


async def anchor(city: City, memory: Path) -> None:
    """A minute passes."""
    await anchors.anchor()
    await transparency.integrate(keys=city.authority.keys)
    await log_memory.remember(memory)


async def visit(auditor: Auditor) -> None:
    """What `manage.py audit-log` does, without the way there."""
    latest = await transparency.latest()
    assert latest is not None
    before = auditor.size
    proof = []
    if 0 < before < latest.size:
        proof = await transparency.consistency(before, latest.size)
    statement = Statement(latest.size, latest.root, latest.signed)
    auditor.follow(statement, proof, await transparency.leaves(before, limit=1024))
    after = auditor.anchors[-1].number if auditor.anchors else 0
    for one in await anchors.list_anchors(after=after, limit=500):
        auditor.take_anchor(one.data, one.position)
    for seen in auditor.anchors:
        try:
            leaves = await anchors.leaves_now(seen.number)
        except AnchorNotFound:
            raise RefusedLog(f"anchor {seen.number} is gone") from None
        auditor.compare(seen, leaves)


async def check_all(city: City, memory: Path) -> None:
    """What the check commands do."""
    certificate = city.authority.signer_certificates["ZWB"]
    await audit.check()
    await signed_days.check(certificate=certificate)
    await transparency.check(certificate=certificate)
    await anchors.check()
    await log_memory.compare(memory)


async def chain_of() -> int:
    row = await AuditRecord.filter(target=TARGET).first()
    assert row is not None
    return row.chain


async def cut_end_of_audit(_city: City) -> None:
    """The last records deleted, the head set back; the keeper kept the old head with its seal."""
    chain = await chain_of()
    rows = await AuditRecord.filter(chain=chain).order_by("-sequence").limit(3)
    kept = await AuditRecord.get(chain=chain, sequence=rows[-1].sequence - 1)
    old = chain_heads.mac(audit.name_of(chain), kept.sequence, kept.digest)
    await AuditRecord.filter(chain=chain, sequence__gt=kept.sequence).delete()
    await AuditHead.filter(chain=chain).update(sequence=kept.sequence, digest=kept.digest, mac=old)


async def rechain_middle(city: City) -> None:
    """A middle record changed and everything after it chained anew."""
    previous = ""
    for row in await UseRecord.filter(subject_id=city.zhang).order_by("n"):
        if row.n == 2:
            row.purpose = "别的用途"
        elif row.n > 2:
            row.previous = previous
        row.digest = previous = access_log.digest_of(access_log.content_of(row))
        await row.save()
    head = await UseHead.get(subject_id=city.zhang)
    mac = chain_heads.mac(access_log.name_of(city.zhang), head.n, previous)
    await UseHead.filter(subject_id=city.zhang).update(digest=previous, mac=mac)


async def delete_head(city: City) -> None:
    await UseHead.filter(subject_id=city.zhang).delete()


async def delete_chain(city: City) -> None:
    await UseRecord.filter(subject_id=city.zhang).delete()
    await UseHead.filter(subject_id=city.zhang).delete()


async def delete_todays_look(city: City) -> None:
    """The newest look of today deleted, the head moved back under a seal the keeper kept."""
    head = await UseHead.get(subject_id=city.zhang)
    before = await UseRecord.get(subject_id=city.zhang, n=head.n - 1)
    await UseRecord.filter(subject_id=city.zhang, n=head.n).delete()
    await UseHead.filter(subject_id=city.zhang).update(
        n=before.n,
        digest=before.digest,
        mac=chain_heads.mac(access_log.name_of(city.zhang), before.n, before.digest),
    )


async def some_logs(city: City, memory: Path) -> None:
    licence = await stored_licence(city)
    await look(city, licence, 3)
    await act(3)
    await anchor(city, memory)
    await look(city, licence, 2)
    await look(city, await stored_licence(city, "FOOD"), 2)
    await act(4)
    await anchor(city, memory)
