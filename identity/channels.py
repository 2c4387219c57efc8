"""Channels: which app leads to us by which entry, what may be offered there, how it is used.

The registry is data (`channels.yaml`); an operator's switch lies in a table and takes effect at the
next sign-in. Counts are per day and hold no person.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from tortoise.expressions import F

from core import clock
from core.database import transaction
from core.protection import audit
from identity import errors
from identity.models import ChannelDay, ChannelSwitch
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act

DATA = Path(__file__).parent / "channels.yaml"
DIRECT = "browser"
ANYWHERE = ("browser", "sandbox")
"""Ways of signing in that work inside every app."""

DAYS_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One entry of one app."""

    key: str
    name: str
    platform: str
    link: str
    """A template with `{path}`: the address that opens a screen of ours there."""
    items: tuple[str, ...]
    """Prefixes of item codes that may be offered there; empty: all."""
    excluded: tuple[str, ...]
    content_check: tuple[str, ...] = ()
    """What handed in there the platform is asked to judge: `text`, `picture`."""
    sms_link: bool = False
    """Whether text messages to people who use it carry a link into it."""
    mini_codes: bool = False
    """Whether codes that open an item there can be printed."""


@dataclass(frozen=True, kw_only=True)
class ChannelView:
    """A channel as the operator sees it."""

    channel: Channel
    open: bool
    content_check: bool
    """Whether the checks of `channel.content_check` are switched on."""
    counts: Mapping[str, int]
    """What happened there during the last days, by kind."""


@functools.cache
def registry() -> dict[str, Channel]:
    """Every channel by key, in the order of the file."""
    rows: list[dict[str, Any]] = yaml.safe_load(DATA.read_text(encoding="utf-8"))["channels"]
    return {
        row["key"]: Channel(
            key=row["key"],
            name=row["name"],
            platform=row["platform"],
            link=row["link"],
            items=tuple(row.get("items", ())),
            excluded=tuple(row.get("excluded", ())),
            content_check=tuple(row.get("content_check", ())),
            sms_link=bool(row.get("sms_link", False)),
            mini_codes=bool(row.get("mini_codes", False)),
        )
        for row in rows
    }


def get_channel(key: str) -> Channel:
    """Raises ChannelNotFound."""
    channel = registry().get(key)
    if channel is None:
        raise errors.ChannelNotFound()
    return channel


def offers(channel: Channel, item_code: str) -> bool:
    """Whether an item may be offered on a channel. Pure."""
    if item_code.startswith(channel.excluded):
        return False
    return not channel.items or item_code.startswith(channel.items)


def offered_at(item_code: str) -> list[str]:
    """Names of the channels that offer an item, in the order of the file. Pure."""
    return [one.name for one in registry().values() if offers(one, item_code)]


def of_sign_in(platform: str, declared: str = "") -> str:
    """The entry a sign-in came by: the declared one where it can be, else the platform's first.

    A text message code or a demo account may be used in whichever app shows the page; a platform's
    own code belongs to that platform. Raises ChannelNotFound for an entry that is not registered.
    """
    if declared:
        said = get_channel(declared)
        if said.platform == platform or platform in ANYWHERE:
            return said.key
    return next((one.key for one in registry().values() if one.platform == platform), DIRECT)


def require_offer(key: str, item_code: str) -> None:
    """Raises ItemNotOffered, which says where else, when the entry `key` does not offer the item.

    An entry that is not known (any more) holds nothing back.
    """
    channel = registry().get(key)
    if channel is None or offers(channel, item_code):
        return
    names = offered_at(item_code)
    raise errors.ItemNotOffered(
        f"“{channel.name}”不办理这个事项，请改用：{'、'.join(names)}，或到办事大厅窗口办理",
        channels=names,
    )


def linked(platform: str) -> Channel | None:
    """The channel of a platform into which text messages may link. Pure."""
    found = (one for one in registry().values() if one.platform == platform and one.sms_link)
    return next(found, None)


def link_query(path: str) -> str:
    """The query of a link of the platform that opens `path` (`/case/…`) in a shell. Pure."""
    return f"next={quote(path, safe='')}&from=link"


def scene_of(item_code: str) -> str:
    """What a printed code carries: the item, no person. The shells read it. Pure."""
    return f"g:{item_code}"


def deep_link(channel: Channel, path: str, *, public_url: str) -> str:
    """The address that opens `path` (`#/guide/…`) in the channel's app. Pure."""
    return channel.link.format(path=quote(path, safe=""), hash=path, public_url=public_url)


async def is_open(key: str) -> bool:
    switch = await ChannelSwitch.get_or_none(key=key)
    return switch is None or switch.open


async def admit(key: str) -> None:
    """Raises ChannelNotFound, ChannelClosed."""
    get_channel(key)
    if not await is_open(key):
        raise errors.ChannelClosed()


async def switch(key: str, *, to: bool, by: Principal) -> None:
    """Open or close a channel; open sessions go on. Raises RoleMissing, ChannelNotFound."""
    roles.insist(by, Act.OPERATE)
    get_channel(key)
    async with transaction():
        await ChannelSwitch.update_or_create(
            {"open": to, "changed_by": by.actor, "changed_at": clock.now()}, key=key
        )
        await audit.record(
            actor=by.actor,
            action="channel-opened" if to else "channel-closed",
            target=f"channel:{key}",
        )


async def switch_content_check(key: str, *, to: bool, by: Principal) -> None:
    """Switch the platform's content check on a channel. Raises RoleMissing, ChannelNotFound."""
    roles.insist(by, Act.OPERATE)
    get_channel(key)
    async with transaction():
        known = await ChannelSwitch.get_or_none(key=key)
        await ChannelSwitch.update_or_create(
            {
                "open": known is None or known.open,
                "content_check": to,
                "changed_by": by.actor,
                "changed_at": clock.now(),
            },
            key=key,
        )
        await audit.record(
            actor=by.actor,
            action="content-check-on" if to else "content-check-off",
            target=f"channel:{key}",
        )


async def judge_of(key: str, what: str) -> str | None:
    """The platform that judges `what` (`text`, `picture`) handed in on a channel; None: nobody."""
    channel = registry().get(key)
    if channel is None or what not in channel.content_check:
        return None
    row = await ChannelSwitch.get_or_none(key=key)
    return channel.platform if row is None or row.content_check else None


async def count(key: str, what: str) -> None:
    """One more of `what` on a channel today. Inside a transaction, as late as may be."""
    day = clock.today()
    row, _ = await ChannelDay.get_or_create({"count": 0}, channel=key, day=day, what=what)
    await ChannelDay.filter(id=row.id).update(count=F("count") + 1)


async def note_entry(key: str, how: str) -> None:
    """Somebody came in by a `link` of a message or by a printed `code`: count it."""
    async with transaction():
        await count(key, f"entry_{how}")


async def note_event(platform: str, kind: str) -> None:
    """A platform told something (consent given, a page opened): count it on its first channel."""
    key = next((one.key for one in registry().values() if one.platform == platform), None)
    if key is None:
        return
    async with transaction():
        await count(key, kind[:24])


async def list_channels(*, days: int = DAYS_SHOWN) -> list[ChannelView]:
    """The registry with switches and counts."""
    since = clock.today() - timedelta(days=days)
    switches = await ChannelSwitch.all()
    closed = {row.key for row in switches if not row.open}
    unchecked = {row.key for row in switches if not row.content_check}
    counts: dict[str, dict[str, int]] = {}
    for row in await ChannelDay.filter(day__gte=since):
        found = counts.setdefault(row.channel, {})
        found[row.what] = found.get(row.what, 0) + row.count
    return [
        ChannelView(
            channel=channel,
            open=key not in closed,
            content_check=bool(channel.content_check) and key not in unchecked,
            counts=counts.get(key, {}),
        )
        for key, channel in registry().items()
    ]
