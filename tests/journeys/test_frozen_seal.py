"""An approval whose department's seal is frozen waits, is parked with a clear word, and goes on."""

from typing import Any
from uuid import UUID, uuid4

import pytest

import flows
from core import outbox
from core.database import transaction
from core.outbox import OutboxMessage
from services.cases.events import CaseApproved
from tests.conftest import FrozenClock
from tests.wallet import city as small_city
from tests.wallet.city import TODAY, City
from tests.wallet.factories import RESIDENCE
from wallet.models import Licence, Seal
from wallet.seal import life

CAUSE = "密钥介质遗失"


@pytest.fixture
async def city(resources: Any, authority: Any, frozen_clock: FrozenClock) -> City:
    frozen_clock.set(TODAY)
    return await small_city.build(authority, resources.blobs)


def approved(person: UUID) -> CaseApproved:
    return CaseApproved(
        case_id=uuid4(),
        case_no="SJ202611250001",
        short_no="0001",
        item_code="SJ-GA-01",
        item_name="居住证申领",
        subject_id=person,
        person_id=person,
        department="GA",
        stage_text="已批准",
        licence_type="RES",
        licence_action="issue",
        facts=dict(RESIDENCE),
        previous_licence_id=None,
        opinion="同意",
    )


async def tell_until_parked(resources: Any, clock: FrozenClock) -> None:
    """Let the relay try as often as it does before it parks."""
    for _ in range(outbox.MAX_ATTEMPTS):
        await outbox.drain(flows.reactor(resources))
        clock.advance(hours=2)


async def test_approval_waits_for_the_seal(
    city: City, resources: Any, frozen_clock: FrozenClock
) -> None:
    seal = await Seal.get(department="GA")
    keeper = city.officer("seal_keeper")
    await life.freeze(seal.id, cause=CAUSE, by=keeper)
    event = approved(city.zhang)
    async with transaction():
        await outbox.publish(event, key=str(event.case_id))

    await tell_until_parked(resources, frozen_clock)

    (parked,) = await outbox.list_parked()
    assert (parked.event_id, parked.last_error) == (event.id, "SealFrozen")
    assert await Licence.all().count() == 0

    await life.unfreeze(seal.id, cause="已找回", by=keeper)
    await outbox.replay(event.id)
    with_licence = await outbox.drain(only_issue(resources))

    assert with_licence
    assert (await Licence.get(case_id=event.case_id)).subject_id == city.zhang
    assert not await OutboxMessage.filter(event_id=event.id, done_at__isnull=True).exists()


def only_issue(resources: Any) -> outbox.React:
    """The reactions to the approval alone: this case has no row of its own to be closed."""
    react = flows.reactor(resources)

    async def filtered(event: Any) -> None:
        if isinstance(event, CaseApproved):
            await react(event)

    return filtered
