"""Providers of one kind (SMS, e-mail), their health, and the shift to the next.

A provider that fails three times in a row rests for a minute and then gets one message to prove
itself, while the next one carries the rest. Health belongs to the process: each worker finds out
for itself, and nothing is lost when one is wrong.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from miniapp_bridge.errors import MessageRejected, OutcomeUnknown

log = logging.getLogger(__name__)

RESTS_AFTER = 3
REST_SECONDS = 60.0


class ProviderDown(Exception):
    """The message was not handed over; another provider, or a later try, may carry it."""


class Provider(Protocol):
    """One way out. `name` is shown to operators.

    `send` raises ProviderDown (not handed over), MessageRejected (never will be: a number that does
    not exist) or OutcomeUnknown (handed over without an answer; sending again would say it twice).
    """

    name: str

    async def send(self, *, to: str, title: str, text: str, reference: str) -> None: ...


@dataclass(kw_only=True)
class Health:
    """How a provider does, as operators see it. Times are those of the event loop."""

    name: str
    sent: int = 0
    failures: int = 0
    in_a_row: int = 0
    rests_until: float = 0.0
    last_error: str | None = None

    def rests(self, now: float) -> bool:
        return now < self.rests_until


class Outlet:
    """Providers in the order of preference. Without one, `open` is False."""

    def __init__(self, providers: Sequence[Provider] = ()) -> None:
        self._providers = tuple(providers)
        self._health = {provider.name: Health(name=provider.name) for provider in providers}

    @property
    def open(self) -> bool:
        return bool(self._providers)

    @property
    def health(self) -> list[Health]:
        return list(self._health.values())

    async def send(self, *, to: str, title: str, text: str, reference: str) -> str:
        """Hand over to the first provider that takes it; its name. Raises as Provider.send."""
        failure: Exception = ProviderDown("no provider")
        for provider in self._in_order():
            health = self._health[provider.name]
            try:
                await provider.send(to=to, title=title, text=text, reference=reference)
            except ProviderDown as error:
                self._note_failure(health, error)
                failure = error
            except (MessageRejected, OutcomeUnknown):
                raise
            else:
                health.sent += 1
                health.in_a_row = 0
                health.rests_until = 0.0
                return provider.name
        raise failure

    def _in_order(self) -> list[Provider]:
        """Those at work first; the resting ones stay as the last resort."""
        now = asyncio.get_running_loop().time()
        return sorted(self._providers, key=lambda one: self._health[one.name].rests(now))

    def _note_failure(self, health: Health, error: Exception) -> None:
        health.failures += 1
        health.in_a_row += 1
        health.last_error = str(error)[:80]
        if health.in_a_row >= RESTS_AFTER:
            now = asyncio.get_running_loop().time()
            health.rests_until = now + REST_SECONDS
            log.error("provider %s rests after %d failures", health.name, health.in_a_row)


@dataclass(frozen=True, kw_only=True)
class Outlets:
    """The ways out of the house beside the platforms. Closed ones skip their messages."""

    sms: Outlet
    email: Outlet

    @classmethod
    def closed(cls) -> "Outlets":
        return cls(sms=Outlet(), email=Outlet())
