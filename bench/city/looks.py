"""Who looked: ten looks for each licence, chained for each holder, and verifications of codes."""

from __future__ import annotations

import hashlib

from bench.city.recipe import LOOKS, OLDEST_LOOK, digest, ident
from bench.city.sheets import Block
from core.protection import chain_heads
from wallet.log.access_log import START

COUNTERS = 400
VERIFIED_TURN = 5
"""Of the ten looks at a licence this one left a verification as well."""
_PURPOSES = ("住宿登记", "办理业务", "身份核对", "入学登记")


def write(block: Block) -> None:
    for subject, licences in block.held.items():
        _chain(block, subject, licences)


def _chain(block: Block, subject: str, licences: list[tuple[str, str, int, int]]) -> None:
    previous, total = START, LOOKS * len(licences)
    span = min(OLDEST_LOOK, max(age for *_, age in licences))
    shift = licences[0][2] * 7919 % span
    lines, labels = block.sheets["wallet_use_record"], _labels(block)
    counters = _counters(block)
    for n in range(1, total + 1):
        place, turn = (n - 1) % len(licences), (n - 1) // len(licences)
        licence, code, number, _ = licences[place]
        age = max((span * (total - n) + shift) // total, 1)
        at, moment = block.at_second(age, n * 7 + number)
        who, name, where = counters[(number * 31 + turn) % COUNTERS]
        purpose, seen = _PURPOSES[(number + turn) % 4], labels[code]
        content = (
            f'{{"at":"{moment}.000000","case_no":"","department":"{where}","fields":{seen},'
            f'"ground":"出示证照码","item_code":"","kind":"code","licence":"{licence}",'
            f'"licence_type":"{code}","n":{n},"previous":"{previous}","purpose":"{purpose}",'
            f'"reasons":[],"subject":"{subject}","terminal":"{name}","verdict":"valid",'
            f'"who":"{who}","who_name":"{name}"}}'
        )
        found = hashlib.sha256(content.encode()).hexdigest()
        lines.append(
            f"{ident('look', number, turn)}\t{subject}\t{n}\t{at}\tcode\t{licence}\t{code}\t{who}"
            f"\t{name}\t{where}\t{name}\t{purpose}\t\t\t出示证照码\t{seen}\tvalid\t[]\t{previous}\t{found}"
        )
        previous = found
        if turn == VERIFIED_TURN:
            block.sheets["wallet_verification"].append(
                f"{ident('verification', number)}\tcode\t{at}\t{licence}\t{subject}\tvalid\t[]"
                f'\t[{{"name":"state","outcome":"pass"}}]\t{who}\t{name}\t{where}\t政务服务中心'
                f"\t{purpose}\t{digest('verification', number)}\tonline"
            )
    mac = chain_heads.mac(f"uses:{subject}", total, previous)
    block.sheets["wallet_use_head"].append(f"{subject}\t{total}\t{previous}\t0\t{START}\t{mac}")


def _labels(block: Block) -> dict[str, str]:
    molds = [one.licence for one in block.molds.cases if one.licence is not None]
    return {mold.code: mold.labels for mold in (*molds, *block.molds.personal)}


def _counters(block: Block) -> list[tuple[str, str, str]]:
    """Who reads codes: actor, name and department."""
    if not block.counters:
        departments = sorted({mold.department for mold in block.molds.cases})
        block.counters = [
            (
                f"counter:{ident('organisation', 90_000 + n)}",
                f"窗口{n}",
                departments[n % len(departments)],
            )
            for n in range(COUNTERS)
        ]
    return block.counters
