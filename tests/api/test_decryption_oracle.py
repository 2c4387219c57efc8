"""A copy of the database and one citizen's account: not one protected value can be read.

Every protected column of every table is tried: its ciphertexts are sent in through each public
text, and come back as the very texts that were sent.
"""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from tortoise import connections

from core import clock, database
from core.ids import new_id
from core.protection import reencrypt
from core.protection.protect import ProtectedModel, vault
from services.cases.models import Case, Message
from tests.api.applicants import Applicant, sign_in
from tests.core.old_form import sealed_before
from tests.core.test_protect import NUMBER
from tests.wallet import city as small_city
from tests.wallet.factories import stored_licence
from wallet.models import Authorisation

Client = aiohttp.ClientSession
SECRET = "本不该被读到的内容"


def sealed_cells() -> dict[str, str]:
    """A cell of each protected column, as a thief of the database has it."""
    cells = {}
    for model in reencrypt.models():
        for column, shared in model.protected_columns().items():
            row = b"\x00".join(str(new_id()).encode() for _ in model.bound_to)
            name = f"{model._meta.db_table}.{column}"
            cells[name] = vault().seal(SECRET, context=shared + row)
    return cells


@pytest.fixture
async def zhang(client: Client, resources: Any) -> Applicant:
    return await sign_in(client, resources)


async def test_every_protected_column_is_among_those_tried(zhang: Applicant) -> None:
    names = set(sealed_cells())

    assert len(names) >= 24
    for name in ("identity_subject.id_no", "wallet_licence.facts", "push_webhook.secret"):
        assert name in names


async def test_message_gives_back_the_very_text(zhang: Applicant, redis: Redis) -> None:
    case = await zhang.submitted()
    own = await real_cells()
    texts = [*sealed_cells().values(), *own, "v1.0 版本的图纸", "v1.", "v2.", vault().head]
    texts.append(sealed_before(NUMBER, master=bytes(range(32))))

    for n, text in enumerate(text for text in texts if len(text) <= 1000):
        if n % 10 == 0:  # the limit a minute is not what is tried here
            await redis.flushall()
        sent = await zhang.ok(
            "POST",
            f"/api/citizen/cases/{case['id']}/messages",
            {"client_key": f"message-{n:04}", "text": text},
        )
        assert sent["text"] == text
        assert (await Message.get(case_id=case["id"], n=sent["n"])).text == text


async def real_cells() -> list[str]:
    """What stands in this database now."""
    found: list[str] = []
    connection = connections.get(database.CONNECTION)
    for model in reencrypt.models():
        for column in model.protected_columns():
            query = f'SELECT "{column}" AS cell FROM "{model._meta.db_table}"'
            rows = await connection.execute_query_dict(query)
            cells = [row["cell"] for row in rows if row["cell"]]
            assert all(cell.startswith(vault().head) for cell in cells), column
            found += cells[:1]
    return found


async def test_form_and_reason_give_back_the_very_text(zhang: Applicant) -> None:
    case = await zhang.draft()
    path = f"/api/citizen/cases/{case['id']}"

    for name, text in {**sealed_cells(), "sentence": "v1.0 版本的图纸"}.items():
        status, answer = await zhang.call("PUT", f"{path}/form", {"values": {"bank": text}})
        if status == 422:  # too long for the field
            continue
        assert status == 200, (name, answer)
        fields = {one["key"]: one for part in answer["form"] for one in part["fields"]}
        assert fields["bank"]["value"] == text
        assert SECRET not in str(answer)
    cell = sealed_cells()["identity_subject.id_no"]
    await zhang.ok("POST", f"{path}/withdrawal", {"reason": cell})
    assert (await Case.get(id=case["id"])).outcome_text == cell


async def test_purpose_gives_back_the_very_text(
    zhang: Applicant, resources: Any, authority: Any
) -> None:
    city = await small_city.build(authority, resources.blobs)
    licence = await stored_licence(city)
    for text in [*list(sealed_cells().values())[:3], "v1.x"]:
        body = {"fields": ["name"], "purpose": text, "ends_at": _in_a_day(), "department": "GA"}
        path = f"/api/citizen/licences/{licence.id}/authorisations"
        made = await zhang.ok("POST", path, {**body, "max_uses": 1})
        assert (await Authorisation.get(id=made["id"])).purpose == text
        listed = await zhang.ok("GET", "/api/citizen/authorisations/given")
        assert text in [one["purpose"] for one in listed["authorisations"]]


def _in_a_day() -> str:
    return (clock.now() + timedelta(days=1)).isoformat()


def test_every_model_with_such_a_column_is_bound_to_its_row(zhang: Applicant) -> None:
    for model in reencrypt.models():
        assert issubclass(model, ProtectedModel)
        for name in model.bound_to:
            assert name in model._meta.fields_db_projection, (model, name)
            assert not model._meta.fields_map[name].generated, (model, name)
