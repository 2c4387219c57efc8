"""Makes a city in an empty database: the demo's foundations, the blocks, and the last strokes.

The foundations (catalogue, departments, officers, seals) and the last strokes (tree of the
transparency log, signed day, heads of the chains) are the product's own acts.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from tortoise import connections
from tortoise.expressions import F

import identity.demo
import services.guides.catalogue
from bench.city import molds, postgres, sqlite
from bench.city.blocks import Plan
from bench.city.postgres import Loaded
from bench.city.recipe import Recipe
from core import clock, database
from core.clocks import holidays
from core.clocks.rows import Clock
from core.data import copying
from core.protection import audit, chain_heads
from core.protection.audit import AuditHead
from core.settings import Settings
from resources import load_keys, signing_folder
from services.cases import counts
from tools.demo_commands import demo_secret
from tools.setup_commands import make_development_authority, make_seals, migrate, opened
from wallet.log import merkle, signed_days, signed_notes, transparency
from wallet.models import LogCheckpoint, LogEntry, LogHead, LogTile
from wallet.types.key_store import Signs


async def make(settings: Settings, *, people: int) -> None:
    """The city of so many people in the empty database of the settings."""
    await migrate(settings)
    make_development_authority(settings)
    keys = load_keys(signing_folder(settings), settings)
    async with opened(settings):
        plan, heads = await _foundations(settings, keys, people)
    loaded = await _load(settings, plan, heads)
    async with opened(settings):
        await _lay_clocks()
        await _count()
        await _seal_chains(loaded.heads)
        await _plant(loaded.leaves, plan.log_base[0], keys=keys)
        await signed_days.close_day(clock.today() - timedelta(days=1), keys=keys)
        await transparency.integrate(keys=keys)


async def _foundations(
    settings: Settings, keys: Signs, people: int
) -> tuple[Plan, Sequence[tuple[int, str]]]:
    await services.guides.catalogue.load()
    await make_seals(settings)
    await identity.demo.load(
        password_for=partial(demo_secret, settings), client_secret=demo_secret(settings, "client")
    )
    await transparency.integrate(keys=keys)
    last = await LogEntry.all().order_by("-id").first()
    latest = await transparency.latest()
    position, number = (latest.size, last.id + 1) if last and latest else (0, 1)
    plan = Plan(
        recipe=Recipe(people=people, today=clock.today()),
        molds=await molds.read(),
        secret=settings.secret_key,
        log_base=(position, number),
    )
    return plan, [(head.sequence, head.digest) for head in await audit.heads()]


async def _load(settings: Settings, plan: Plan, heads: Sequence[tuple[int, str]]) -> Loaded:
    if settings.database_url.startswith("sqlite"):
        return sqlite.load(Path(settings.database_url.removeprefix("sqlite://")), plan, heads)
    loader = postgres.Loader(postgres.plain(settings.database_url))
    await loader.begin()
    loaded = await loader.load(plan, heads)
    await loader.finish()
    return loaded


async def _lay_clocks() -> None:
    """Clocks of the cases that run, as the migration lays them. Warnings, which are counted clock
    by clock, are left out: the first mark of each is its due date."""
    laid = importlib.import_module("services.cases.migrations.0016_clocks_of_cases").CLOCKS
    connection = connections.get(database.CONNECTION)
    await connection.execute_script(";".join(laid))
    revision = (await holidays.calendar()).revision
    await Clock.filter(state="running").update(
        next_mark="due", next_mark_on=F("due_on"), calendar=revision
    )


async def _count() -> None:
    """What the product keeps of the cases: when their lights turn, and how many there are."""
    while await counts.fill_turns():
        pass
    for department in await counts.departments():
        await counts.mend(department, today=clock.today())


async def _seal_chains(heads: Sequence[tuple[int, str]]) -> None:
    for chain, (number, digest) in enumerate(heads):
        mac = chain_heads.mac(audit.name_of(chain), number, digest)
        await AuditHead.filter(chain=chain).update(sequence=number, digest=digest, mac=mac)


async def _plant(leaves: Sequence[bytes], size: int, *, keys: Signs) -> None:
    """The tree over the city's entries, and one signed checkpoint for all of them."""
    tiles = await transparency._load(merkle.rightmost(size))
    for place, leaf in enumerate(leaves, start=size):
        tiles.append(place, leaf)
    whole = size + len(leaves)
    root = await transparency._root_after(whole, tiles)
    at = clock.now()
    signed = await signed_notes.sign(transparency.checkpoint_text(whole, root, at), keys=keys)
    async with database.transaction():
        await LogTile.filter(level=0, number=size // merkle.TILE_WIDTH).delete()
        await LogTile.filter(level__gt=0).delete()
        rows = [
            LogTile(level=level, number=number, hashes=tiles.data((level, number)))
            for level, number in sorted(tiles.changed)
        ]
        await copying.insert_many(rows)
        await LogHead.filter(name="log").update(size=whole)
        await LogCheckpoint.create(
            size=whole,
            root=root.hex(),
            at=at,
            note=signed.text,
            signature=signed.signature,
            certificate=signed.certificate,
        )
