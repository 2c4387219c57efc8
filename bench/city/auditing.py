"""The audit's chains: two records for each case, as the product's own digest has them."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator

from bench.city.recipe import DAYS, FIRST_SECOND, TIMES, Recipe, ident
from core.protection.audit import CHAINS
from core.protection.vault import vault

RECORDS_A_CASE = 2
_ACTIONS = ("case.submit", "case.read", "case.accept", "case.close")
_ACTORS = 300


def records(recipe: Recipe, chain: int, head: tuple[int, str]) -> Iterator[tuple[str, int, str]]:
    """The lines of one chain after its head, each with its number and digest."""
    sequence, previous = head
    key, total = vault().audit_key, recipe.people * RECORDS_A_CASE // CHAINS
    days = [recipe.day(age) for age in range(DAYS)]
    for n in range(total):
        sequence += 1
        day, second = days[DAYS - 1 - n * DAYS // total], n * 7 % len(TIMES)
        at = f"{day.text} {TIMES[second]}"
        actor = f"officer:{ident('organisation', 80_000 + n % _ACTORS)}"
        target = f"case:{ident('case', (n * CHAINS + chain) // RECORDS_A_CASE)}"
        action = _ACTIONS[n % len(_ACTIONS)]
        content = {
            "action": action,
            "actor": actor,
            "at": f"{day.begin + FIRST_SECOND + second}.000000",
            "chain": chain,
            "detail": {},
            "previous": previous,
            "sequence": sequence,
            "target": target,
        }
        message = json.dumps(content, separators=(",", ":"))
        previous_of, previous = previous, hmac.digest(key, message.encode(), "sm3").hex()
        line = (
            f"{chain}\t{sequence}\t{at}\t{actor}\t{action}\t{target}\t{{}}\t{previous_of}"
            f"\t{previous}"
        )
        yield line, sequence, previous
