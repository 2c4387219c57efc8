"""Checks of a stored document's seal: kept for minutes, never past a change of trust."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from signing import TrustList
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import desk, stored_licence
from wallet.models import Licence
from wallet.seal import checks
from wallet.types import verdict
from wallet.types.verdict import Verdict


async def judged(city: City, redis: Redis, licence: Licence) -> Verdict:
    return await checks.verdict_on(licence.document, desk=desk(city, redis))


async def test_what_was_found_is_cited_with_its_moment(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    licence = await stored_licence(city)
    first = await judged(city, redis, licence)
    frozen_clock.advance(minutes=4)
    second = await judged(city, redis, licence)
    frozen_clock.advance(minutes=2)
    third = await judged(city, redis, licence)

    assert first == second
    assert first.verdict == third.verdict == "valid"
    moments = [{check.as_of for check in found.checks} for found in (first, second, third)]
    assert moments[0] == moments[1] != moments[2]
    assert all(len(found) == 1 for found in moments)


async def test_another_trust_list_asks_for_another_look(city: City, redis: Redis) -> None:
    licence = await stored_licence(city)
    assert (await judged(city, redis, licence)).verdict == "valid"
    authority = replace(city.authority, trust=TrustList.of(anchors=[]))

    found = await judged(replace(city, authority=authority), redis, licence)

    assert found.verdict != "valid"


async def test_what_could_not_be_told_is_not_kept(city: City, redis: Redis) -> None:
    licence = await stored_licence(city)
    document = await city.blobs.get(licence.document)
    await city.blobs.delete(licence.document)
    assert (await judged(city, redis, licence)).verdict == verdict.CANNOT_TELL

    await city.blobs.put(document)

    assert (await judged(city, redis, licence)).verdict == "valid"


AGELESS = b'[{"name":"seal.signature","outcome":"fail","detail":"x","reason":null}]'


@pytest.mark.parametrize("kept", [AGELESS, b'{"checks":' + AGELESS + b',"says":[]}'])
async def test_kept_checks_that_were_altered_to_lack_their_age_are_not_used(
    city: City, redis: Redis, kept: bytes
) -> None:
    licence = await stored_licence(city)
    await judged(city, redis, licence)
    (key,) = [key async for key in redis.scan_iter("seal-checks:*")]
    await redis.set(key, kept)

    assert (await judged(city, redis, licence)).verdict == "valid"
