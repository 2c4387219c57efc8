"""The demo's licences are real sealed documents."""

import asyncio

from identity import demo as identity_demo
from identity import queries as identity_queries
from signing import verify_document
from tests.wallet.city import TODAY, City
from tests.wallet.factories import desk
from wallet import demo
from wallet.models import Licence
from wallet.register import status


async def test_demo_is_complete_sealed_and_loaded_once(city: City) -> None:
    await identity_demo.load(password_for=lambda _: "demo-password-1", client_secret="s" * 32)
    at = desk(city, public_url="")

    first = await demo.load(desk=at)
    second = await demo.load(desk=at)

    assert (first, second) == (18, 0)
    rows = await Licence.all()
    documents = await asyncio.gather(*(city.blobs.get(row.document) for row in rows))
    reports = [verify_document(data, trust=city.authority.trust, at=TODAY) for data in documents]
    assert {str(report.verdict) for report in reports} == {"valid"}
    sun = await identity_queries.find_subject("111", "310199197801011060")
    assert sun is not None
    suspended = await Licence.get(subject_id=sun.id, licence_type="RES")
    assert status.state_of(suspended, TODAY.date()).value == "suspended"
    expired = await Licence.get(licence_type="CON")
    assert status.state_of(expired, TODAY.date()).value == "expired"
