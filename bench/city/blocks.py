"""Writes the lines of one block, table by table."""

from __future__ import annotations

from dataclasses import dataclass

from bench.city import cases, licences, looks, notices, people
from bench.city.ink import Ink
from bench.city.molds import Molds
from bench.city.recipe import BLOCK, Recipe
from bench.city.sheets import Block


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a block is written from."""

    recipe: Recipe
    molds: Molds
    secret: bytes
    log_base: tuple[int, int]


def write(plan: Plan, first: int, ink: Ink) -> Block:
    """The block whose first person is `first`."""
    block = Block(
        recipe=plan.recipe,
        molds=plan.molds,
        ink=ink,
        first=first,
        size=min(BLOCK, plan.recipe.people - first),
        log_base=plan.log_base,
    )
    people.write(block)
    for n in range(first, first + block.size):
        who, course, mold, short_no = cases.write(block, n)
        licences.write(block, n, mold, who, course, short_no)
        notices.write(block, n, who, course, short_no)
    looks.write(block)
    notices.close(block)
    return block
