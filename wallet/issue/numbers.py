"""Allot licence numbers and identifier serials, each exactly once."""

from collections.abc import Mapping
from datetime import date

from tortoise.expressions import F

from core import database
from wallet.models import NumberCounter
from wallet.types import catalogue, number_format
from wallet.types.identifier import Identifier

FIRST_SERIAL = 1001


async def allot(licence_type: str, *, facts: Mapping[str, object], issued_on: date) -> str:
    """A new licence number of the type: one call, one number."""
    rule = catalogue.rule_for(licence_type).number
    serial = 0
    if number_format.needs_serial(rule):
        scope = number_format.scope_of(rule, issued_on=issued_on)
        serial = await next_serial(f"number/{licence_type}/{scope}", first=rule.first)
    return number_format.render(rule, facts=facts, issued_on=issued_on, serial=serial)


async def allot_identifier(licence_type: str, *, issued_on: date) -> Identifier:
    """A new identifier of the type, version 1 (GB/T 36904); serials are year and six digits."""
    type_ = catalogue.get_type(licence_type)
    serial = await next_serial(f"identifier/{licence_type}/{issued_on.year}", first=FIRST_SERIAL)
    return Identifier(type_.type_code, type_.issuer_code, f"{issued_on.year}{serial:06d}", 1)


async def next_serial(name: str, *, first: int = 1) -> int:
    """The next number of a counter; two callers never get the same one."""
    async with database.transaction():
        await NumberCounter.get_or_create(name=name, defaults={"following": first})
        await NumberCounter.filter(name=name).update(following=F("following") + 1)
        counter = await NumberCounter.get(name=name)
    following: int = counter.following
    return following - 1
