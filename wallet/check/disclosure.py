"""What a reader may see of a licence: the right types, the right fields, masked. Pure.

With an item in hand a counter sees only licences that the item asks for, and of these only the
fields the item needs; without one, what its type gives to any reader. An offline pass never shows
more than its holder put into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import clock
from wallet.models import Licence
from wallet.register import status
from wallet.register.queries import facts_from, holder_masked
from wallet.types import catalogue, masking
from wallet.types import facts as facts_of
from wallet.types.licence_types import LicenceType
from wallet.types.verdict import Check, Outcome

Scope = Mapping[str, Sequence[str]]
"""Licence type → fields, of everything the item in hand asks for."""


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """One field of the licence as a counter may see it."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ShownLicence:
    """The face that a counter may see: masked as the type asks, nothing beyond it."""

    type: str
    name: str
    holder_masked: str
    number_masked: str
    issuer: str
    state: str
    valid_to: str | None
    fields: tuple[ShownField, ...]


def covers(scope: Scope | None, licence_type: str) -> bool:
    """Whether a reader with this errand may see a licence of the type at all."""
    return scope is None or licence_type in scope


def scope_check(scope: Scope | None, licence_type: str) -> Check:
    """Says in the answer whether the licence belongs to the item in hand."""
    if covers(scope, licence_type):
        detail = "未指定事项，只显示该证照的基本内容" if scope is None else "所办事项需要这种证照"
        return Check(name="scope", outcome=Outcome.PASS, detail=detail)
    detail = "所办事项不需要这种证照，不显示证照内容"
    return Check(name="scope", outcome=Outcome.WARNING, detail=detail)


def shown_licence(
    licence: Licence,
    at: datetime,
    *,
    scope: Scope | None = None,
    chosen: Mapping[str, str] | None = None,
) -> ShownLicence | None:
    """The licence for a reader; `chosen` are the fields of a pass. None when out of scope."""
    if not covers(scope, licence.licence_type):
        return None
    type_ = catalogue.get_type(licence.licence_type)
    state = status.state_of(licence, clock.local(at).date())
    return ShownLicence(
        type=type_.code,
        name=type_.name,
        holder_masked=holder_masked(licence),
        number_masked=masking.number(licence.number),
        issuer=type_.issuer_name,
        state=state.value,
        valid_to=licence.valid_to.isoformat() if licence.valid_to else None,
        fields=_fields(licence, type_, scope, chosen),
    )


def _fields(
    licence: Licence,
    type_: LicenceType,
    scope: Scope | None,
    chosen: Mapping[str, str] | None,
) -> tuple[ShownField, ...]:
    wanted = type_.offline_claims if scope is None else scope[type_.code] or type_.offline_claims
    facts = facts_from(licence)
    values = chosen
    if values is None:
        values = {
            field.key: facts_of.show(field, facts[field.key], masked=True)
            for field in type_.fields
            if field.key in facts
        }
    return tuple(
        ShownField(key=field.key, label=field.label, value=values[field.key])
        for field in type_.fields
        if field.key in wanted and field.key in values
    )
