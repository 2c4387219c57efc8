"""What manage.py does with the logs: check them and exports, and follow a log as an auditor."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from signing.devca import signer_key
from tools.log_auditor import Auditor, RefusedLog, Statement
from wallet import notes, transparency, use_days, use_export
from wallet.transparency import TamperedLog
from wallet.use_days import BrokenLog
from wallet.use_export import BrokenExport

PAGE = 1024


class Keys(Protocol):
    """The part of a key store that checking needs."""

    async def certificate(self, key_id: str) -> bytes: ...


async def check_uses(keys: Keys) -> None:
    """Every holder's log of uses, and the signed days."""
    certificate = await keys.certificate(signer_key(notes.OPERATOR))
    try:
        print(f"{await use_days.check(certificate=certificate)} records, every log is whole")
    except BrokenLog as error:
        sys.exit(f"a log of uses was changed: {error}")


async def check_log(keys: Keys) -> None:
    """The transparency log, computed anew."""
    certificate = await keys.certificate(signer_key(notes.OPERATOR))
    try:
        print(f"{await transparency.check(certificate=certificate)} entries, the log is whole")
    except TamperedLog as error:
        sys.exit(f"the transparency log was changed: {error}")


def check_export(path: Path) -> None:
    """A file that a holder exported; needs nothing but the file."""
    try:
        count = use_export.check(json.loads(path.read_bytes()))
    except (BrokenExport, json.JSONDecodeError) as error:
        sys.exit(f"the export does not prove itself: {error}")
    print(f"{count} records, the export is whole")


async def audit_log(url: str, state: Path) -> None:
    """Follow the log at `url`; what was seen is kept in the file `state` between calls."""
    auditor = Auditor.load(state.read_bytes()) if state.exists() else Auditor()
    async with aiohttp.ClientSession(url) as http:
        try:
            grown = await _follow(auditor, http)
        except RefusedLog as error:
            sys.exit(f"the log is refused: {error}")
    state.write_bytes(auditor.dump())
    print(f"size {auditor.size}, {grown} new entries, root {auditor.root.hex()}")


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
    return len(leaves)


async def _get(http: aiohttp.ClientSession, name: str, **query: str) -> Any:
    async with http.get(f"/api/transparency/{name}", params=query) as response:
        if response.status != 200:
            raise RefusedLog(f"{name} answered {response.status}")
        return await response.json()


def _decoded(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]
