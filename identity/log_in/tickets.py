"""The one-time ticket with which a mini-program opens our pages as its user.

The shell spends the platform's code with us and gets a ticket; the page in its web-view swaps the
ticket for the session. A ticket lives a minute and opens one session. When it is shown a second
time somebody has copied it: the session it opened is ended, and whoever is rightly there signs in
anew (RFC 6749 section 4.1.2 asks the same for codes).
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from identity.log_in import hand_over, revoking, sessions
from identity.log_in.sessions import IssuedSession
from identity.principal import PrincipalKind
from miniapp_bridge.errors import CodeRefused

if TYPE_CHECKING:
    from redis.asyncio import Redis

KIND = "ticket"
SPENT = "ticket-spent"
LIFE_SECONDS = 60
WATCHED_SECONDS = 900


async def write(issued: IssuedSession, *, redis: "Redis") -> str:
    """A ticket for a session that has just been opened."""
    value = {
        "token": issued.token,
        "expires_at": issued.expires_at.isoformat(),
        "session": str(issued.principal.session_id),
    }
    ticket = await hand_over.leave(redis, KIND, value, seconds=LIFE_SECONDS)
    await hand_over.put_back(redis, SPENT, ticket, value, seconds=WATCHED_SECONDS)
    return ticket


async def redeem(ticket: str, *, redis: "Redis") -> IssuedSession:
    """The session of a ticket, once. Raises CodeRefused; a second showing ends the session."""
    kept = await hand_over.take(redis, KIND, ticket)
    if kept is not None:
        principal = await sessions.resolve(kept["token"], kind=PrincipalKind.CITIZEN)
        return IssuedSession(
            token=kept["token"],
            expires_at=datetime.fromisoformat(kept["expires_at"]),
            principal=principal,
        )
    spent = await hand_over.take(redis, SPENT, ticket)
    if spent is not None:
        await revoking.revoke(UUID(spent["session"]), by="system:tickets")
    raise CodeRefused(vendor_code="ticket")
