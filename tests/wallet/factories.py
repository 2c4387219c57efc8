"""Valid things in one line; a test states only what matters to it."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from core import clock, database
from tests.wallet.city import City
from wallet.desk import Desk
from wallet.document.face import FaceData
from wallet.issue import from_case, numbers
from wallet.models import Licence
from wallet.seal import sealing, seals
from wallet.types import catalogue
from wallet.types.key_store import Signs

RESIDENCE: dict[str, Any] = {
    "name": "张演示",
    "gender": "男",
    "nation": "汉族",
    "birth_date": "1990-03-07",
    "id_no": "310199199003071017",
    "hukou_address": "某省某市演示县测试村1号",
    "address": "上海市松江区岳阳街道样例弄2号301室",
    "town_code": "310117001",
    "issue_org": "上海市公安局松江分局",
    "issue_date": "2026-11-25",
    "endorse_to": "2027-11-24",
}

FOOD: dict[str, Any] = {
    "operator": "上海松江演示餐饮有限公司",
    "uscc": "91310117FAKE100193",
    "legal_rep": "李样例",
    "address": "上海市松江区方松街道演示路100号101室",
    "premises": "上海市松江区方松街道演示路100号101室",
    "business": "餐饮服务经营者",
    "items": ["热食类食品制售", "自制饮品制售"],
    "online": True,
    "supervisor": "方松市场监督管理所",
    "issue_date": "2026-11-25",
    "valid_to": "2031-11-24",
}

FACTS = {"RES": RESIDENCE, "FOOD": FOOD}


URL = "http://127.0.0.1:8800"


def desk(
    city: City, redis: Redis | None = None, *, keys: Signs | None = None, public_url: str = URL
) -> Desk:
    """What acts work with in this city; without `redis` it is connected to nothing."""
    return Desk(
        redis=redis or Redis(port=1),
        blobs=city.blobs,
        trust=city.authority.trust,
        keys=keys or city.authority.keys,
        public_url=public_url,
    )


async def issue_licence(
    city: City,
    licence_type: str = "RES",
    *,
    subject: UUID | None = None,
    facts: Mapping[str, object] | None = None,
    case_id: UUID | None = None,
    action: str = "issue",
    previous: UUID | None = None,
    keys: Signs | None = None,
) -> UUID:
    """A licence in the wallet, by default zhang's residence permit."""
    owner = {"RES": city.zhang, "FOOD": city.company}.get(licence_type, city.zhang)
    return await from_case.issue(
        case_id=case_id or uuid4(),
        case_no="SJ202611250001",
        item_code="SJ-GA-01",
        subject_id=subject or owner,
        person_id=city.li if owner == city.company else city.zhang,
        licence_type=licence_type,
        action=action,
        facts={**FACTS.get(licence_type, {}), **(facts or {})},
        previous_licence_id=previous,
        desk=desk(city, keys=keys),
    )


async def stored_licence(city: City, licence_type: str = "RES") -> Licence:
    """A sealed licence in the wallet that no case led to, and so no event."""
    facts: dict[str, Any] = dict(FACTS[licence_type])
    if licence_type == "FOOD":
        facts["permit_no"] = "JY23101170000012"
    company = licence_type == "FOOD"
    data = FaceData(
        licence_type=licence_type,
        facts=catalogue.check_facts(licence_type, facts, numbered=True),
        number="JY23101170000012" if company else "JZ31011700012345",
        identifier=str(await numbers.allot_identifier(licence_type, issued_on=clock.today())),
        holder_name="上海松江演示餐饮有限公司" if company else "张演示",
        holder_id_type="001" if company else "111",
        holder_id_no="91310117FAKE100193" if company else "310199199003071017",
        issued_on=date(2026, 11, 25),
        valid_to=date(2031, 11, 24) if company else date(2027, 11, 24),
        document_id="0" * 32,
        drawn_at=clock.now(),
    )
    seal = await seals.for_department(catalogue.get_type(licence_type).issuer)
    document = await sealing.sealed_document(data, seal=seal, desk=desk(city))
    digest = await city.blobs.put(document)
    async with database.transaction():
        return await from_case.add_row(
            data,
            document=digest,
            subject_id=city.company if company else city.zhang,
            case_id=None,
            previous_id=None,
        )
