"""The answer is lost and the caller asks again: one effect, the same answer.

The table is checked against the routes: a new operation that creates, pays or grants must be added
here, or to those that need no key, with the reason.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis
from sanic import Sanic
from tortoise.models import Model

from api.edge import openapi
from app import create_app
from core import clock
from core.data.once import AskedRequest
from core.ids import new_id
from core.settings import Settings
from identity.models import ClientApp, Relation
from identity.staff.roles import Role
from payments.models import Bill, Order, Refund
from push.models import Webhook
from push.webhooks import endpoints
from push.webhooks.sender import Sender
from services.cases.models import Case
from tests.api.applicants import Applicant, Caller, browser, sign_in, sign_in_officer
from tests.api.once_at_the_desk import AT_THE_DESK
from tests.api.test_staff_desks import HOLDER
from tests.cases.factories import ANSWERS, ITEM
from tests.conftest import serving
from tests.identity import factories
from tests.identity.factories import ClientSystem
from tests.identity.test_registrar import FATHER, WARD
from tests.push.receivers import LOOPBACK
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE, stored_licence
from tests.wallet.test_uses import look
from wallet.models import (
    Authorisation,
    Complaint,
    Licence,
    SealProposal,
    UseRecord,
    Verification,
)

NO_KEY: Mapping[str, str] = {
    "/api/citizen/bindings": "a ticket for minutes, of which one can be spent",
    "/api/citizen/bindings/confirmation": "spends its ticket; an account is bound once",
    "/api/citizen/step-ups": "a proof for minutes, of which one can be spent",
    "/api/citizen/certificate-step-ups": "a challenge for minutes, of which one can be spent",
    "/api/citizen/tickets": "a ticket for a minute, of which one can be spent",
    "/api/citizen/sessions": "the platform's code is good once",
    "/api/staff/sessions": "a session more binds nobody and ends by itself",
    "/api/staff/sessions/code": "spends the ticket of the password; a session more binds nobody",
    "/api/staff/sessions/passkey": "spends the ticket of the password, and its challenge",
    "/api/staff/sessions/recovery": "spends what two operators confirmed",
    "/api/counter/enrolments": "the code is good once",
    "/api/citizen/live/tickets": "a ticket for a minute, of which one can be spent",
    "/api/staff/live/tickets": "a ticket for a minute, of which one can be spent",
    "/api/citizen/licences/{licence_id}/presentations": "a code for a minute, the newest counts",
    "/api/citizen/licences/{licence_id}/passes": "leaves no row; a pass ends within the day",
    "/api/citizen/bills/{bill_id}/orders": "a try to pay; the bill is settled once",
    "/api/citizen/uploads": "an upload nobody fills expires; tus gives its address",
    "/api/citizen/cases/{case_id}/messages": "client_key is unique for its author",
    "/api/staff/cases/{case_id}/messages": "client_key is unique for its author",
    "/api/staff/seal-proposals/{proposal_id}/approval": "a proposal makes one seal",
}

KEY = {"Idempotency-Key": "a-key-of-the-page"}
Row = type[Model]


@dataclass
class Desk:
    """Everybody who creates something."""

    http: AsyncExitStack
    address: str
    client: aiohttp.ClientSession
    resources: Any
    city: City

    async def officer(self, staff_no: str, department: str, *roles: Role) -> Caller:
        session = await self.http.enter_async_context(browser(self.address))
        return await sign_in_officer(session, staff_no, department=department, roles=roles)

    async def citizen(self) -> Applicant:
        return await sign_in(self.client, self.resources)


@dataclass
class SignedCaller(Caller):
    """A client system: each request is signed anew."""

    system: ClientSystem

    async def call(
        self, method: str, path: str, body: object | None = None, **options: Any
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body) if body else b""
        media = "application/ofd" if isinstance(body, bytes) else "application/json"
        headers = {**self.system.headers(method, path, data), "Content-Type": media}
        headers |= options.pop("headers", {})
        return await super().call(method, path, data=data, headers=headers)


@dataclass
class Ask:
    """A request, and the table that gets one row more by it (None: another mark is counted)."""

    caller: Caller
    path: str
    body: object
    table: Row | None


async def _refund(desk: Desk) -> Ask:
    bill = await Bill.create(
        case_id=new_id(),
        fee_code="fee",
        subject_id=new_id(),
        person_id=new_id(),
        department="GA",
        title="工本费",
        case_text="GA-1",
        amount=1000,
        state="paid",
        paid_by_order="o-1",
    )
    await Order.create(
        order_no="o-1",
        bill=bill,
        provider="cashier",
        amount=1000,
        state="paid",
        expires_at=clock.now(),
    )
    officer = await desk.officer("GA-81", "GA", Role.SUPERVISOR)
    path = f"/api/staff/payments/{bill.id}/refunds"
    return Ask(officer, path, {"amount": 300, "reason": "多收"}, Refund)


ENDS_AT = (clock.now() + timedelta(hours=12)).isoformat()


def _terms() -> dict[str, Any]:
    return {"fields": ["name"], "purpose": "租房", "ends_at": ENDS_AT}


async def _offer(desk: Desk) -> Ask:
    zhang = await desk.citizen()
    licence = await stored_licence(desk.city)
    path = f"/api/citizen/licences/{licence.id}/authorisations"
    return Ask(zhang, path, {**_terms(), "department": "GA", "max_uses": 1}, Authorisation)


async def _share(desk: Desk) -> Ask:
    zhang = await desk.citizen()
    licence = await stored_licence(desk.city)
    return Ask(zhang, f"/api/citizen/licences/{licence.id}/shares", _terms(), Authorisation)


async def _draft(desk: Desk) -> Ask:
    zhang = await desk.citizen()
    return Ask(zhang, "/api/citizen/cases", {"item_code": ITEM, "answers": ANSWERS}, Case)


async def _complaint(desk: Desk) -> Ask:
    zhang = await desk.citizen()
    await look(desk.city, await stored_licence(desk.city))
    use = await UseRecord.get()
    return Ask(zhang, f"/api/citizen/uses/{use.id}/complaint", {"text": "为何查看"}, Complaint)


async def _guardianship(desk: Desk) -> Ask:
    await factories.person(name=FATHER.name, id_no=FATHER.id_no)
    officer = await desk.officer("MZJ-81", "MZJ", Role.REGISTRAR)
    body = {
        "ward": msgspec.to_builtins(WARD),
        "guardian": msgspec.to_builtins(FATHER),
        "document_no": "出生医学证明 1",
    }
    return Ask(officer, "/api/staff/guardianships", body, Relation)


async def _by_hand(desk: Desk) -> Ask:
    await desk.citizen()
    officer = await desk.officer("GA-82", "GA", Role.SEAL_KEEPER)
    body = {
        "licence_type": "RES",
        "holder": HOLDER,
        "facts": RESIDENCE,
        "document_no": "沪公松〔2026〕12号",
        "cause": "补录",
    }
    return Ask(officer, "/api/staff/licences", body, Licence)


async def _version(desk: Desk) -> Ask:
    made = await _by_hand(desk)
    licence = await made.caller.ok("POST", made.path, made.body)
    body = {
        "facts": {**RESIDENCE, "address": "上海市松江区样例路9号"},
        "document_no": "沪公松〔2026〕20号",
        "cause": "地址变更",
    }
    return Ask(made.caller, f"/api/staff/licences/{licence['id']}/versions", body, Licence)


async def _proposal(desk: Desk) -> Ask:
    officer = await desk.officer("SCJG-81", "SCJG", Role.SEAL_KEEPER)
    (seal,) = (await officer.ok("GET", "/api/staff/seals"))["seals"]
    body = {
        "department": "SCJG",
        "name": seal["name"],
        "valid_to": "2029-11-24",
        "cause": "密钥介质遗失",
    }
    return Ask(officer, "/api/staff/seal-proposals", body, SealProposal)


async def _renewal(desk: Desk) -> Ask:
    officer = await desk.officer("SCJG-81", "SCJG", Role.SEAL_KEEPER)
    (seal,) = (await officer.ok("GET", "/api/staff/seals"))["seals"]
    body = {"valid_to": "2029-11-24", "cause": "密钥介质遗失"}
    return Ask(officer, f"/api/staff/seals/{seal['id']}/renewal", body, SealProposal)


WEBHOOKS = "/api/staff/departments/SCJG/webhooks"


async def _webhook(desk: Desk) -> Ask:
    officer = await desk.officer("SCJG-81", "SCJG", Role.SUPERVISOR)
    return Ask(officer, WEBHOOKS, {"url": "http://127.0.0.1:9/hook"}, Webhook)


async def _webhook_key(desk: Desk) -> Ask:
    ask = await _webhook(desk)
    made = await ask.caller.ok("POST", ask.path, ask.body)
    return Ask(ask.caller, f"{WEBHOOKS}/{made['id']}/key", None, None)


async def _client_key(desk: Desk) -> Ask:
    bank = await _bank(desk)
    client = await ClientApp.get(client_id=bank.system.client_id)
    row, _ = await endpoints.register(
        owner=f"client:{client.id}",
        topic="dept:SCJG",
        url="http://127.0.0.1:9/hook",
        kinds=(),
        suite="hmac-sha256",
        allowed=LOOPBACK,
        by="test",
    )
    return Ask(bank, f"/api/enterprise/v1/webhooks/{row}/key", None, None)


async def _bank(desk: Desk) -> SignedCaller:
    return SignedCaller(desk.client, system=await ClientSystem().register())


async def _seal_verification(desk: Desk) -> Ask:
    document = await desk.city.blobs.get((await stored_licence(desk.city)).document)
    path = "/api/enterprise/v1/seal-verifications"
    return Ask(await _bank(desk), path, document, Verification)


async def _licence_verification(desk: Desk) -> Ask:
    licence = await stored_licence(desk.city)
    values = {"identifier": licence.identifier, "number": licence.number, "holder_name": "张演示"}
    path = "/api/enterprise/v1/licence-verifications"
    return Ask(await _bank(desk), path, values, Verification)


def _at_the_desk(make: Callable[[Any], Awaitable[Any]]) -> Callable[[Desk], Awaitable[Ask]]:
    async def ask(desk: Desk) -> Ask:
        return Ask(*await make(desk))

    return ask


WITH_KEY: dict[str, Callable[[Desk], Awaitable[Ask]]] = {
    "/api/staff/payments/{bill_id}/refunds": _refund,
    "/api/citizen/licences/{licence_id}/authorisations": _offer,
    "/api/citizen/licences/{licence_id}/shares": _share,
    "/api/citizen/cases": _draft,
    "/api/citizen/uses/{use_id}/complaint": _complaint,
    "/api/staff/guardianships": _guardianship,
    "/api/staff/licences": _by_hand,
    "/api/staff/licences/{licence_id}/versions": _version,
    "/api/staff/seal-proposals": _proposal,
    "/api/staff/seals/{seal_id}/renewal": _renewal,
    "/api/staff/departments/{department}/webhooks": _webhook,
    "/api/staff/departments/{department}/webhooks/{webhook_id}/key": _webhook_key,
    "/api/enterprise/v1/webhooks/{webhook_id}/key": _client_key,
    "/api/enterprise/v1/seal-verifications": _seal_verification,
    "/api/enterprise/v1/licence-verifications": _licence_verification,
    **{path: _at_the_desk(make) for path, make in AT_THE_DESK.items()},
}


def test_every_operation_that_creates_is_in_one_of_the_tables(session_settings: Settings) -> None:
    app = create_app(session_settings)
    app.finalize()
    creating = {
        one.path
        for one in openapi.operations(app)
        if one.method == "post" and (one.declaration.idempotent or one.declaration.status == 201)
    }
    keyed = {one.path for one in openapi.operations(app) if one.declaration.idempotent}
    Sanic.unregister_app(app)

    assert creating == set(WITH_KEY) | set(NO_KEY)
    assert keyed == set(WITH_KEY)


@pytest.fixture
async def desk(settings: Settings, resources: Any, authority: Any) -> AsyncIterator[Desk]:
    city = await small_city.build(authority, resources.blobs)
    sender = Sender(allowed=LOOPBACK)
    async with (
        AsyncExitStack() as stack,
        serving(settings, replace(resources, webhooks=sender)) as address,
    ):
        client = await stack.enter_async_context(browser(address))
        yield Desk(stack, address, client, resources, city)
    await sender.close()


@pytest.mark.parametrize("path", sorted(WITH_KEY))
async def test_answer_that_was_lost_is_given_again_and_nothing_is_doubled(
    path: str, desk: Desk, redis: Redis
) -> None:
    """Valkey is empty afterwards: it was killed between the commit and the answer."""
    ask = await WITH_KEY[path](desk)

    first = await ask.caller.ok("POST", ask.path, ask.body, headers=KEY)
    rows = await ask.table.all().count() if ask.table else 0
    held = b" ".join([await redis.dump(name) or b"" for name in await redis.keys("idem:*")])
    await redis.flushall()
    again = await ask.caller.ok("POST", ask.path, ask.body, headers=KEY)

    assert again == first
    assert (await ask.table.all().count() if ask.table else 0) == rows
    for word in ("张演示", "310199", "1990000", str(first.get("id", "no id at all"))):
        assert word.encode() not in held


async def test_key_is_good_for_one_content_also_without_redis(desk: Desk, redis: Redis) -> None:
    ask = await _share(desk)
    await ask.caller.ok("POST", ask.path, ask.body, headers=KEY)
    await redis.flushall()

    other = {**_terms(), "purpose": "另一个用途"}

    refused = await ask.caller.refused("POST", ask.path, other, headers=KEY)
    assert refused == (422, "idempotency-key-reused")
    assert await Authorisation.all().count() == 1


async def test_key_belongs_to_who_asked(desk: Desk) -> None:
    ask = await _proposal(desk)
    mine = await ask.caller.ok("POST", ask.path, ask.body, headers=KEY)
    colleague = await desk.officer("SCJG-82", "SCJG", Role.SEAL_KEEPER)

    theirs = await colleague.ok("POST", ask.path, ask.body, headers=KEY)

    assert mine["id"] != theirs["id"]
    assert await AskedRequest.all().count() == 2
