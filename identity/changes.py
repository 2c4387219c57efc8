"""The accounts desk writes down what it changes: in the audit chain, and in a log that is read.

The chain proves; the log of the desk shows the same acts in the order of time, page by page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.protection import audit
from identity.models import AccountChange
from identity.principal import Principal

COMMAND = "system:manage"
COMMAND_NAME = "服务器命令"


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who does something: `actor` as the audit names it."""

    actor: str
    name: str


MACHINE = Hand(actor=COMMAND, name=COMMAND_NAME)
"""Whoever may run commands on the server."""


def hand_of(by: Principal) -> Hand:
    """The hand of an officer."""
    return Hand(actor=by.actor, name=by.name)


def officer_target(officer_id: UUID) -> str:
    """How the audit names an officer."""
    return f"officer:{officer_id}"


async def note(
    hand: Hand,
    action: str,
    *,
    target: str,
    name: str,
    detail: Mapping[str, object] | None = None,
    cause: str | None = None,
) -> None:
    """Write one change down; inside the transaction of the act.

    `detail` holds plain values and no words of anybody, `cause` the words of who did it.
    """
    await audit.record(actor=hand.actor, action=action, target=target, detail=detail)
    await show(hand, action, target=target, name=name, detail=detail, cause=cause)


async def show(
    hand: Hand,
    action: str,
    *,
    target: str,
    name: str,
    detail: Mapping[str, object] | None = None,
    cause: str | None = None,
) -> None:
    """As `note`, for what has its audit record already."""
    await AccountChange.create(
        actor=hand.actor,
        actor_name=hand.name[:40],
        action=action,
        target=target,
        target_name=name[:80],
        detail=dict(detail or {}),
        cause=cause,
    )
