"""Preparing an installation: tables, catalogue, development keys, seals."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tortoise import Tortoise

import core.protection.reencrypt
import identity.people.persons
import identity.staff.departments
import services.cases.counts
import services.guides.catalogue
import wallet.register.pictures
import wallet.seal.seals
import wallet.show.printed
from core import clock, database
from core.clocks import holidays
from core.errors import Problem
from core.protection import audit, chain_heads, protect
from core.settings import Settings
from identity.queries import DepartmentView
from resources import (
    KEYS_FILE,
    PACKAGES,
    TRUST_FILE,
    key_passphrase,
    load_keys,
    signing_folder,
)
from services.guides.reading import read_catalogue, read_holidays, read_year
from signing.dev import devca

ORGANISATION = "上海市松江区"
CERTIFICATE_YEARS = 10
SEAL_LIFE = timedelta(days=5 * 365)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[None]:
    """Database and protection, for the length of one command."""
    protect.use_settings(settings)
    chain_heads.use(settings.log_key)
    await database.open_database(settings.database_url, PACKAGES)
    try:
        await audit.prepare()
        yield
    finally:
        await database.close_database()


async def migrate(settings: Settings) -> None:
    protect.use_settings(settings)
    chain_heads.use(settings.log_key)
    await database.migrate(settings.database_url, PACKAGES)
    async with opened(settings):
        await holidays.load_shipped(read_holidays())
        await identity.people.persons.index_phones()
        await wallet.register.pictures.register_old()
        while await services.cases.counts.fill_turns():
            pass


async def reencrypt(settings: Settings, *, check: bool = False) -> None:
    """Write every protected value anew, or count what is left. Ends with 1 when something is."""
    async with opened(settings):
        if check:
            left = await core.protection.reencrypt.left()
        else:
            await wallet.show.printed.keep_codes()
            counts = await core.protection.reencrypt.run()
            left = sum(count.unreadable for count in counts)
    folder = signing_folder(settings)
    if not check and (folder / KEYS_FILE).exists():
        keys = load_keys(folder, settings).to_bytes(passphrase=key_passphrase(settings))
        write_private(folder / KEYS_FILE, keys)
    print(f"{left} rows are not in the current form")
    if left:
        raise SystemExit(1)


async def bring_up_to_date(settings: Settings) -> None:
    """What an earlier version of the demo has sealed in the old form, written anew."""
    async with opened(replace(settings, read_old_values=True)):
        await wallet.show.printed.keep_codes()
        await core.protection.reencrypt.run(report=lambda line: None)


async def make_migrations() -> list[str]:
    """Compare the tables with the migrations and write what is missing; needs no database."""
    url = "sqlite://:memory:"
    await database.open_database(url, PACKAGES)
    if Tortoise.apps is None:
        raise RuntimeError("Tortoise found no tables")
    written = await database.detector(Tortoise.apps, url, PACKAGES).write()
    await database.close_database()
    return written


async def load_items(settings: Settings) -> None:
    async with opened(settings):
        report = await services.guides.catalogue.load()
        await load_departments()
    print(
        f"catalogue: {report.added} added, {report.changed} changed, "
        f"{report.retired} retired, {report.unchanged} unchanged"
    )


async def load_holidays(settings: Settings, file: Path) -> None:
    """A year of the working calendar; a wrong one ends with a sentence and loads nothing."""
    try:
        year = read_year(file)
        async with opened(settings):
            report = await holidays.load([year])
    except (Problem, OSError) as error:
        raise SystemExit(f"{file} was not loaded: {error}") from error
    outcome = next(name for name in ("added", "changed", "unchanged") if getattr(report, name))
    provisional = " (provisional)" if year.provisional else ""
    print(f"calendar {year.year}{provisional}: {outcome}")


async def load_departments() -> None:
    """Officers, counters and cases carry the keys of departments; their names come from here."""
    await identity.staff.departments.load(
        DepartmentView(
            key=entry.key, name=entry.name, short_name=entry.short_name, credit_code=entry.code
        )
        for entry in read_catalogue().departments
    )


def make_development_authority(settings: Settings) -> bool:
    """Root, seal maker and a signer for each department, kept under var/signing; False if there."""
    folder = signing_folder(settings)
    if (folder / TRUST_FILE).exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    departments = {entry.key: entry.name for entry in read_catalogue().departments}
    authority = devca.make(
        organisation=ORGANISATION,
        departments=departments,
        at=clock.now(),
        years=CERTIFICATE_YEARS,
    )
    write_private(folder / KEYS_FILE, authority.keys.to_bytes(passphrase=key_passphrase(settings)))
    write_private(folder / TRUST_FILE, authority.trust.to_bytes())
    return True


def write_private(path: Path, data: bytes) -> None:
    """Write for the owner only, and whole or not at all."""
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


async def make_seals(settings: Settings) -> int:
    """An e-seal for every department that has a signer and no seal yet."""
    keys = load_keys(signing_folder(settings), settings)
    until = clock.now() + SEAL_LIFE
    return await wallet.seal.seals.provision(keys=keys, valid_until=until, by="system:seals")
