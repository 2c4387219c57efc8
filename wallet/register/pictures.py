"""Pictures that the facts of a licence name by their digests.

Facts are encrypted, so nobody could ask the database which blobs they need: each picture stands in
a table of its own, written with the licence.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from tortoise.expressions import F

from core import clock
from core.data import copying
from core.database import transaction
from wallet.models import Licence, LicencePicture, Patrol
from wallet.types import catalogue
from wallet.types.facts import Facts
from wallet.types.licence_types import FieldType

_BATCH = 500
_WALK = "pictures"


def named_in(licence_type: str, facts: Facts) -> list[str]:
    """The digests of the pictures in the facts. Pure."""
    fields = catalogue.get_type(licence_type).fields
    keys = [field.key for field in fields if field.type is FieldType.IMAGE]
    return [str(facts[key]) for key in keys if facts.get(key)]


async def register(licences: Iterable[Licence]) -> int:
    """Note what these licences hold, in the current transaction."""
    rows = [
        LicencePicture(licence_id=licence.id, digest=digest)
        for licence in licences
        for digest in dict.fromkeys(named_in(licence.licence_type, _facts(licence)))
    ]
    await copying.insert_many(rows)
    return len(rows)


async def register_old() -> int:
    """Note what licences of before hold; returns how many pictures. After migrations.

    Once for each licence: how far it came is kept with what it noted, and when it has been through
    it asks nothing more, since every licence written since was noted with it.
    """
    start = {"begun_at": clock.now()}
    walk, _ = await Patrol.get_or_create(start, name=_WALK)
    if walk.ended_at is not None:
        return 0
    count, last = 0, walk.after
    while page := await _page_of_old(last):
        last = page[-1]
        async with transaction():
            count += await register(await _not_noted(page))
            seen = F("seen") + len(page)
            await Patrol.filter(name=_WALK).update(after=last, seen=seen)
    await Patrol.filter(name=_WALK).update(ended_at=clock.now())
    return count


async def _page_of_old(after: UUID | None) -> list[UUID]:
    rows = Licence.filter(licence_type__in=_with_pictures())
    if after is not None:
        rows = rows.filter(id__gt=after)
    found = await rows.order_by("id").limit(_BATCH).values_list("id", flat=True)
    return [UUID(str(one)) for one in found]


async def _not_noted(ids: list[UUID]) -> list[Licence]:
    """Those whose facts have to be opened."""
    known = await LicencePicture.filter(licence_id__in=ids).values_list("licence_id", flat=True)
    unknown = set(ids) - {UUID(str(one)) for one in known}
    return await Licence.filter(id__in=unknown).only("id", "licence_type", "facts")


def _with_pictures() -> list[str]:
    types = catalogue.all_types()
    return [one.code for one in types if any(x.type is FieldType.IMAGE for x in one.fields)]


def _facts(licence: Licence) -> Facts:
    facts: dict[str, Any] = msgspec.json.decode(licence.facts)
    return facts
