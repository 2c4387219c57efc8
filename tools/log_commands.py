"""What manage.py does with the logs: check them and exports, and follow a log as an auditor."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from signing.keys import signer_key
from tools.log_auditor import Auditor, RefusedLog, SeenAnchor, Statement
from wallet.log import anchors, log_export, signed_days, signed_notes, transparency
from wallet.log import memory as log_memory
from wallet.log.anchors import BrokenAnchor
from wallet.log.log_export import BrokenExport
from wallet.log.memory import RolledBack
from wallet.log.signed_days import BrokenLog
from wallet.log.transparency import TamperedLog

PAGE = 1024
ANCHOR_PAGE = 500
LOOKED_AT = 200
"""Anchors an auditor has proven again at each visit: the newest half, and as many at random."""
PATIENCE = 5
"""How often an auditor waits when it has asked too much."""


class Keys(Protocol):
    """The part of a key store that checking needs."""

    async def certificate(self, key_id: str) -> bytes: ...


async def check_uses(keys: Keys, memory: Path) -> None:
    """Every holder's log of uses, the signed days, and what was anchored."""
    certificate = await keys.certificate(signer_key(signed_notes.OPERATOR))
    try:
        count = await signed_days.check(certificate=certificate)
    except BrokenLog as error:
        sys.exit(f"a log of uses was changed: {error}")
    told = await check_anchors(memory)
    print(f"{count} records, every log is whole; {told}")


async def check_log(keys: Keys, memory: Path) -> None:
    """The transparency log, computed anew, and the anchors in it."""
    certificate = await keys.certificate(signer_key(signed_notes.OPERATOR))
    try:
        count = await transparency.check(certificate=certificate)
    except TamperedLog as error:
        sys.exit(f"the transparency log was changed: {error}")
    told = await check_anchors(memory)
    print(f"{count} entries, the log is whole; {told}")


async def check_anchors(memory: Path) -> str:
    """What was anchored stands in the logs, and nothing was put back; what to tell of it."""
    try:
        count = await anchors.check()
        seen = await log_memory.compare(memory)
    except BrokenAnchor as error:
        sys.exit(f"a log was cut or changed after it was anchored: {error}")
    except RolledBack as error:
        sys.exit(f"the database is older than what was seen: {error}")
    kept = "nothing is remembered outside" if seen is None else f"as seen at size {seen.size}"
    return f"{count} anchors, {kept}"


def check_export(path: Path) -> None:
    """A file that a holder exported; needs nothing but the file."""
    try:
        count = log_export.check(json.loads(path.read_bytes()))
    except (BrokenExport, json.JSONDecodeError) as error:
        sys.exit(f"the export does not prove itself: {error}")
    print(f"{count} records, the export is whole")


async def audit_log(url: str, state: Path) -> None:
    """Follow the log at `url`; what was seen is kept in the file `state` between calls."""
    auditor = Auditor.load(state.read_bytes()) if state.exists() else Auditor()
    async with aiohttp.ClientSession(url) as http:
        try:
            grown = await _follow(auditor, http)
            looked = await _look_again(auditor, http)
        except RefusedLog as error:
            sys.exit(f"the log is refused: {error}")
    state.write_bytes(auditor.dump())
    print(
        f"size {auditor.size}, {grown} new entries, root {auditor.root.hex()}; "
        f"{looked} anchors still stand"
    )


async def _follow(auditor: Auditor, http: aiohttp.ClientSession) -> int:
    answer = await _get(http, "checkpoint")
    if answer["checkpoint"] is None:
        return 0
    statement = Statement.read(answer["checkpoint"])
    before, proof = auditor.size, []
    if 0 < before < statement.size:
        query = {"first": str(before), "second": str(statement.size)}
        proof = _decoded((await _get(http, "consistency", **query))["path"])
    leaves: list[bytes] = []
    while before + len(leaves) < statement.size:
        start = before + len(leaves)
        limit = min(PAGE, statement.size - start)
        page = _decoded((await _get(http, "leaves", start=str(start), limit=str(limit)))["leaves"])
        if not page:
            raise RefusedLog("the log keeps leaves back")
        leaves += page
    auditor.follow(statement, proof, leaves)
    await _take_anchors(auditor, http)
    return len(leaves)


async def _take_anchors(auditor: Auditor, http: aiohttp.ClientSession) -> None:
    """The anchors of the entries that were followed; newer ones wait for the next visit."""
    while True:
        after = auditor.anchors[-1].number if auditor.anchors else 0
        answer = await _get(http, "anchors", after=str(after), limit=str(ANCHOR_PAGE))
        within = [one for one in answer["anchors"] if one["position"] < auditor.size]
        for one in within:
            auditor.take_anchor(one["data"], one["position"])
        if len(within) < ANCHOR_PAGE:
            return


async def _look_again(auditor: Auditor, http: aiohttp.ClientSession) -> int:
    """Have anchors proven from what stands in the logs now: the newest, and some at random."""
    half = LOOKED_AT // 2
    newest, older = auditor.anchors[-half:], auditor.anchors[:-half]
    # Which ones is not for the log's keeper to foresee.
    chosen = [*newest, *random.SystemRandom().sample(older, min(half, len(older)))]
    for seen in chosen:
        answer = await _get(http, f"anchors/{seen.number}/heads", _forgotten(seen))
        if answer is not None:
            auditor.compare(seen, _decoded(answer["leaves"]))
    return len(chosen)


def _forgotten(seen: SeenAnchor) -> bool:
    return Auditor.may_be_forgotten(seen)


async def _get(
    http: aiohttp.ClientSession, name: str, forgotten: bool = False, /, **query: str
) -> Any:
    """The answer; None for 410 where `forgotten` says that it may be. Raises RefusedLog."""
    for _ in range(PATIENCE):
        async with http.get(f"/api/transparency/{name}", params=query) as response:
            if response.status == 200:
                return await response.json()
            if response.status == 410 and forgotten:
                return None
            if response.status != 429:
                raise RefusedLog(f"{name} answered {response.status}")
            seconds = float((await response.json()).get("retry_after", 60))
        await asyncio.sleep(min(seconds, 60.0))
    raise RefusedLog(f"{name} was refused too often")


def _decoded(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]
