"""Who takes messages of which template on a platform that tells us (Alipay does).

What the platform said is kept for a day and asked for anew after the person was asked in the app. A
message nobody has subscribed to is not sent, so that an SMS or the inbox carries it at once; what
is not known is sent, because the platform itself refuses what it must. Users are kept as a blind
index.
"""

import logging
from datetime import timedelta

from core import clock
from core.data import forgetting
from core.errors import Problem
from core.protection.protect import blind_index
from identity.queries import PlatformUser
from miniapp_bridge.connector import Consent, ConsentQuerying, SendOutcome
from push.models import ConsentRecord

log = logging.getLogger(__name__)

FRESH = timedelta(days=1)
KEPT = timedelta(days=90)
ANY = "*"
"""The template for every kind of message, where a city has just one."""


async def refresh(user: PlatformUser, *, connector: ConsentQuerying) -> dict[str, Consent]:
    """Ask the platform about every template and keep what it says. Raises what the connector does.

    No transaction is open while the platform is asked.
    """
    names = sorted(connector.templates())
    found = dict(await connector.consents(user.user_id, templates=names))
    for name, consent in found.items():
        await ConsentRecord.update_or_create(
            {"consent": consent.value, "told_at": clock.now()},
            user_index=_index(user),
            template=name,
        )
    return found


async def known(user: PlatformUser) -> dict[str, Consent]:
    """What we were told within a day, by template."""
    since = clock.now() - FRESH
    rows = await ConsentRecord.filter(user_index=_index(user), told_at__gt=since)
    return {row.template: Consent(row.consent) for row in rows}


async def takes(user: PlatformUser, kind: str, *, connector: ConsentQuerying) -> bool:
    """Whether a message of this kind may be sent; True when nobody can tell."""
    template = _template(kind, connector)
    if template is None:
        return False
    found = await known(user)
    if template not in found:
        try:
            found = await refresh(user, connector=connector)
        except Problem as refusal:
            log.warning("consents are not known: %s", refusal.slug)
            return True
    return found.get(template) is not Consent.NONE


async def note(
    user: PlatformUser, kind: str, outcome: SendOutcome, *, connector: ConsentQuerying
) -> None:
    """After a message: a consent for one is spent, a refusal ends any."""
    ended = {
        SendOutcome.SENT: (Consent.ONCE,),
        SendOutcome.UNKNOWN: (Consent.ONCE,),
        SendOutcome.NO_CONSENT: (Consent.ONCE, Consent.LASTING),
    }[outcome]
    rows = ConsentRecord.filter(
        user_index=_index(user),
        template=_template(kind, connector) or ANY,
        consent__in=[consent.value for consent in ended],
    )
    await rows.update(consent=Consent.NONE.value)


async def forget_old() -> int:
    """Delete what has not been told anew for long (a timer calls it)."""
    old = ConsentRecord.filter(told_at__lt=clock.now() - KEPT)
    return await forgetting.forget(old, by="told_at")


def _template(kind: str, connector: ConsentQuerying) -> str | None:
    templates = connector.templates()
    return next((name for name in (kind, ANY) if name in templates), None)


def _index(user: PlatformUser) -> str:
    return blind_index(f"{user.platform}:{user.user_id}", purpose="push.consent")
