"""Pictures that the facts of a licence name by their digests.

Facts are encrypted, so nobody could ask the database which blobs they need: each picture stands in
a table of its own, written with the licence.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from core.data import copying
from core.database import transaction
from wallet.models import Licence, LicencePicture
from wallet.types import catalogue
from wallet.types.facts import Facts
from wallet.types.licence_types import FieldType

_BATCH = 500


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
    """Note what licences of before hold; returns how many pictures. After migrations."""
    types = [
        type_.code
        for type_ in catalogue.all_types()
        if any(field.type is FieldType.IMAGE for field in type_.fields)
    ]
    count, last = 0, UUID(int=0)
    while (
        page := await Licence.filter(licence_type__in=types, id__gt=last)
        .order_by("id")
        .limit(_BATCH)
    ):
        last = page[-1].id
        known = LicencePicture.filter(licence_id__in=[row.id for row in page])
        noted = set(await known.values_list("licence_id", flat=True))
        async with transaction():
            count += await register(row for row in page if row.id not in noted)
    return count


def _facts(licence: Licence) -> Facts:
    facts: dict[str, Any] = msgspec.json.decode(licence.facts)
    return facts
