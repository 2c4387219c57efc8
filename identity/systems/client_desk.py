"""Client systems, kept by people: registered, given scopes and a quota, their keys changed, ended.

A key is shown once. A new one is good at once, and the former one beside it for a day, so that a
system of several machines changes over without a gap.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from tortoise.exceptions import IntegrityError

from core import clock, ids, outbox
from core.data import once, pages
from identity import changes
from identity.account_errors import ClientEnded, ClientNotFound, ClientTaken, InvalidClientId
from identity.events import ClientSystemEnded
from identity.models import ClientApp, State
from identity.principal import Principal
from identity.staff import keeping
from identity.staff.roles import Act, insist
from identity.systems.clients import Scope

CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{2,39}")
FORMER_KEY_LIFE = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """A system and its new key, which is nowhere else to be read."""

    id: UUID
    client_id: str
    secret: str = field(repr=False)
    former_until: datetime | None = None
    """Until when the key before is good as well."""


@dataclass(frozen=True, kw_only=True)
class ClientLine:
    """A client system as the desk shows it."""

    id: UUID
    client_id: str
    name: str
    daily_quota: int
    scopes: list[str]
    active: bool
    created_at: datetime
    former_until: datetime | None


async def register(
    client_id: str,
    *,
    name: str,
    daily_quota: int,
    scopes: Iterable[Scope],
    by: Principal,
    asked: once.Asked | None = None,
) -> ClientKey:
    """A new system with its key. Raises RoleMissing, InvalidClientId, ClientTaken."""
    if not CLIENT_ID.fullmatch(client_id):
        raise InvalidClientId()
    secret = ids.new_token()
    insist(by, Act.KEEP_SYSTEMS)
    try:
        async with keeping.still(by, Act.KEEP_SYSTEMS):
            row = await ClientApp.create(
                client_id=client_id,
                name=name,
                secret=secret,
                daily_quota=daily_quota,
                scopes=sorted(scopes),
            )
            await _note("client-registered", row, by, quota=daily_quota, scopes=row.scopes)
            made = ClientKey(id=row.id, client_id=client_id, secret=secret)
            await _keep(asked, made)
    except IntegrityError:
        if asked is not None and await once.is_done(asked):
            raise
        raise ClientTaken() from None
    return made


async def change(
    row_id: UUID, *, name: str, daily_quota: int, scopes: Iterable[Scope], by: Principal
) -> None:
    """Another name, quota or other scopes, from the next request on.

    Raises RoleMissing, ClientNotFound, ClientEnded.
    """
    insist(by, Act.KEEP_SYSTEMS)
    async with keeping.still(by, Act.KEEP_SYSTEMS):
        row = await _held(row_id)
        kept = sorted(scopes)
        await ClientApp.filter(id=row_id).update(name=name, daily_quota=daily_quota, scopes=kept)
        await _note("client-changed", row, by, quota=daily_quota, scopes=kept)


async def new_key(row_id: UUID, *, by: Principal, asked: once.Asked | None = None) -> ClientKey:
    """Another key; the one before is good beside it for a day, and any older one no more.

    Raises RoleMissing, ClientNotFound, ClientEnded.
    """
    insist(by, Act.KEEP_SYSTEMS)
    secret, until = ids.new_token(), clock.now() + FORMER_KEY_LIFE
    async with keeping.still(by, Act.KEEP_SYSTEMS):
        row = await _held(row_id)
        former = row.secret
        row.secret, row.former_secret, row.former_until = secret, former, until
        await row.save(update_fields=["secret", "former_secret", "former_until"])
        await _note("client-key-changed", row, by)
        made = ClientKey(id=row.id, client_id=row.client_id, secret=secret, former_until=until)
        await _keep(asked, made)
    return made


async def revoke(row_id: UUID, *, cause: str, by: Principal) -> None:
    """Refuse the system from its next request on. Repeating it changes nothing.

    Raises RoleMissing, ClientNotFound.
    """
    insist(by, Act.KEEP_SYSTEMS)
    async with keeping.still(by, Act.KEEP_SYSTEMS):
        row = await ClientApp.get_or_none(id=row_id)
        if row is None:
            raise ClientNotFound()
        changed = await ClientApp.filter(id=row_id, state=State.ACTIVE).update(
            state=State.REVOKED, former_secret=None, former_until=None
        )
        if changed:
            await outbox.publish(ClientSystemEnded(client_row=row_id), key=f"client:{row_id}")
            await _note("client-revoked", row, by, cause=cause)


async def list_clients(*, after: str | None, limit: int, by: Principal) -> pages.Page[ClientLine]:
    """Client systems by their identifiers. Raises RoleMissing, WrongPlace."""
    insist(by, Act.KEEP_SYSTEMS)
    rows = ClientApp.all().only(*SHOWN)
    by_name = pages.Section("clients.name", rows, ("client_id",), newest_first=False)
    return (await pages.read(by_name, after=after, limit=limit)).map(_line)


SHOWN = (
    *("id", "client_id", "name", "daily_quota", "scopes", "state", "created_at", "former_until"),
)
"""Columns of a line: keys are not even decrypted."""


async def _held(row_id: UUID) -> ClientApp:
    row = await ClientApp.filter(id=row_id).select_for_update().get_or_none()
    if row is None:
        raise ClientNotFound()
    if row.state is not State.ACTIVE:
        raise ClientEnded()
    return row


def _line(row: ClientApp) -> ClientLine:
    overlaps = row.former_until is not None and row.former_until > clock.now()
    return ClientLine(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        daily_quota=row.daily_quota,
        scopes=sorted(Scope) if row.scopes is None else sorted(row.scopes),
        active=row.state is State.ACTIVE,
        created_at=row.created_at,
        former_until=row.former_until if overlaps else None,
    )


async def _note(
    action: str, row: ClientApp, by: Principal, *, cause: str | None = None, **detail: object
) -> None:
    await changes.note(
        changes.hand_of(by),
        action,
        target=f"client:{row.client_id}",
        name=row.name,
        detail=detail,
        cause=cause,
    )


async def _keep(asked: once.Asked | None, made: ClientKey) -> None:
    await once.keep(asked, msgspec.json.encode(made).decode())
