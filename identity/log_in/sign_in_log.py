"""The log of a person's sign-ins, and the devices that are signed in now."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.data import forgetting, pages
from core.data.pages import Page, Section
from identity import channels
from identity.models import Session, SignInRecord
from identity.principal import Principal

KEPT = timedelta(days=180)
"""Cybersecurity Law art. 23: logs are kept for at least six months."""

APPS = (
    ("miniprogram", "微信小程序"),
    ("micromessenger", "微信"),
    ("alipayclient", "支付宝"),
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "安卓手机"),
    ("harmonyos", "鸿蒙手机"),
    ("windows", "Windows 电脑"),
    ("macintosh", "苹果电脑"),
    ("linux", "Linux 电脑"),
)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where a sign-in comes from, as far as the person is shown it later."""

    channel: str = channels.DIRECT
    device: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class SignInView:
    """One sign-in."""

    id: UUID
    at: datetime
    via: str
    device: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DeviceView:
    """One session that is open."""

    session_id: UUID
    via: str
    device: str
    since: datetime
    last_seen_at: datetime
    this_one: bool


async def note(principal: Principal, *, via: str, visit: Visit) -> None:
    """Write the sign-in down; inside the transaction that opened the session."""
    await SignInRecord.create(
        person_id=principal.id,
        session_id=principal.session_id,
        via=via[:16],
        channel=visit.channel[:32],
        device=visit.device[:80],
        address=shorten(visit.address),
    )


async def list_sign_ins(
    person_id: UUID, *, after: str | None = None, limit: int = 20
) -> Page[SignInView]:
    """The newest first. Raises WrongPlace."""
    own = Section("sign-ins", SignInRecord.filter(person_id=person_id), ("at", "id"))
    return (await pages.read(own, after=after, limit=limit)).map(
        lambda row: SignInView(
            id=row.id, at=row.at, via=row.via, device=row.device, address=row.address
        )
    )


async def list_devices(by: Principal) -> list[DeviceView]:
    """Sessions of the person that are open now, the present one first."""
    rows = await Session.filter(
        principal_id=by.person_id, revoked_at=None, expires_at__gt=clock.now()
    ).order_by("-last_seen_at")
    found = [
        DeviceView(
            session_id=row.id,
            via=row.via,
            device=row.device,
            since=row.created_at,
            last_seen_at=row.last_seen_at,
            this_one=row.id == by.session_id,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.this_one)


async def forget_old() -> int:
    """Delete what is older than the law asks for (a timer calls it)."""
    old = SignInRecord.filter(at__lt=clock.now() - KEPT)
    return await forgetting.forget(old, by="at")


def describe(user_agent: str) -> str:
    """A device in a few words; the whole user agent would identify more than is needed."""
    lowered = user_agent.lower()
    return " · ".join(dict.fromkeys(name for sign, name in APPS if sign in lowered)) or "其他设备"


def shorten(address: str) -> str:
    """The network an address is in: enough to recognise, too little to locate."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    size = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{size}", strict=False))
