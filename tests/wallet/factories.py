"""Valid things in one line; a test states only what matters to it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from tests.wallet.conftest import City
from wallet import issue
from wallet.seals import Signs

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
    return await issue.issue(
        case_id=case_id or uuid4(),
        case_no="SJ202611250001",
        item_code="SJ-GA-01",
        subject_id=subject or owner,
        person_id=city.li if owner == city.company else city.zhang,
        licence_type=licence_type,
        action=action,
        facts={**FACTS.get(licence_type, {}), **(facts or {})},
        previous_licence_id=previous,
        keys=keys or city.authority.keys,
        trust=city.authority.trust,
        blobs=city.blobs,
    )
