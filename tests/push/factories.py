"""Events as cases and wallet tell them, and messages, in one line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from core import ids
from miniapp_bridge.connector import Connector
from push import deliver
from push.channels import CHANNELS
from push.channels.channel import Channel, Outcome, ReachesEverybody
from push.providers import Outlets
from push.texts.message import Message, Weight

CASE = UUID(int=7)
PERSON = UUID(int=1)
OTHER = UUID(int=2)
LICENCE = UUID(int=9)


def event(name: str, **values: Any) -> Any:
    """An event of this name with everything the real ones carry; `values` replace or add."""
    common: dict[str, Any] = {
        "id": ids.new_id(),
        "case_id": CASE,
        "case_no": "11310117FAKE000131001",
        "item_code": "SCJG-001",
        "item_name": "食品经营许可(餐饮服务)",
        "subject_id": PERSON,
        "person_id": PERSON,
        "department": "SCJG",
        "stage_text": "审查中",
    }
    return type(name, (), common | values)()


def every_event() -> dict[str, Any]:
    """One event of every kind that is told to a person."""
    licence = {
        "licence_id": LICENCE,
        "licence_name": "食品经营许可证",
    }
    shown = {
        "presentation_id": UUID(int=8),
        "counter_name": "政务服务中心 3 号窗",
        "verdict": "valid",
    }
    more: dict[str, dict[str, Any]] = {
        "CaseSubmitted": {},
        "CaseAccepted": {"deemed": False},
        "AcceptanceDeclined": {"reason": "不属于本部门职权范围"},
        "SupplementRequested": {
            "supplement_id": UUID(int=5),
            "items": [{"code": "M1", "name": "营业场所平面图", "reason": "看不清"}],
            "due_on": "2026-12-01",
        },
        "SupplementAnswered": {"supplement_id": UUID(int=5)},
        "MaterialReceived": {"material_code": "M1", "material_id": UUID(int=6)},
        "MaterialChecked": {
            "material_code": "M1",
            "material_id": UUID(int=6),
            "ok": True,
            "note": "",
        },
        "CaseApproved": {"licence_type": "SPJY"},
        "CaseRefused": {"reason": "现场核查不合格"},
        "CaseWithdrawn": {"reason": "改日再办"},
        "CaseLapsed": {},
        "CaseClosed": {"result_text": "已颁发食品经营许可证", "licence_id": LICENCE},
        "LicenceIssued": licence
        | {"licence_type": "SPJY", "version": 1, "valid_to": date(2031, 11, 24)},
        "LicencePresented": licence | shown | {"at": datetime(2026, 11, 25, 2, 30, tzinfo=UTC)},
        "BillPaid": {"bill_id": UUID(int=9), "title": "机动车驾驶证工本费", "amount": 1000},
        "BillRefunded": {"bill_id": UUID(int=9), "title": "机动车驾驶证工本费", "amount": 250},
        "PresentationStopped": licence | {"presentation_id": UUID(int=8)},
    }
    return {name: event(name, **values) for name, values in more.items()}


def message(*, recipient_id: UUID = PERSON, weight: Weight = Weight.NOTICE) -> Message:
    return Message(
        recipient_id=recipient_id,
        kind="case-accepted",
        title="申请已受理",
        body="「食品经营许可」材料齐全，已经受理，请留意办理进度。",
        link=f"#/case/{CASE}",
        data={"case_id": str(CASE)},
        weight=weight,
    )


@dataclass
class Recorder(ReachesEverybody):
    """A channel of the tests: keeps what it is given and fails as often as it is told to."""

    name: str = "recorder"
    weights: frozenset[Weight] = frozenset(Weight)
    repeatable: bool = True
    rings: bool = False
    failures: list[BaseException] = field(default_factory=list)
    outcome: Any = None
    sent: list[Message] = field(default_factory=list)

    async def send(self, message: Message, *, event_id: UUID, tools: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return self.outcome or Outcome.SENT


async def delivered(
    message: Message,
    *,
    event_id: UUID,
    redis: Redis,
    connectors: Mapping[str, Connector],
    outlets: Outlets | None = None,
    channels: Sequence[Channel] = CHANNELS,
    **values: Any,
) -> None:
    """Record the message, and send it as the workers do."""
    tools: dict[str, Any] = {
        "redis": redis,
        "connectors": connectors,
        "outlets": outlets,
        "channels": channels,
    }
    await deliver.deliver(message, event_id=event_id, **tools, **values)
    await deliver.retry_due(**tools)


class Postman:
    """A provider of the tests; fails as often as it is told to."""

    def __init__(self, name: str, *failures: Exception) -> None:
        self.name = name
        self.failures = list(failures)
        self.sent: list[dict[str, str]] = []

    async def send(self, **values: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(values)
