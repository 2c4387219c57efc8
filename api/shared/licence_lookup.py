"""What the case handlers ask the wallet: names of types, licences that help, the one to renew."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from uuid import UUID

from identity.principal import Principal
from services.cases.views.queries import Licences
from wallet.register import queries
from wallet.types import catalogue

Facts = Mapping[str, object]


@cache
def names() -> Mapping[str, str]:
    """Licence type → its Chinese name."""
    return {type_.code: type_.name for type_ in catalogue.all_types()}


def face_words(licence_type: str, facts: Facts) -> list[tuple[str, str]]:
    """Label and value of each fact, as people read them."""
    return catalogue.face_words(licence_type, facts)


async def held(by: Principal, wanted: Mapping[str, Sequence[str]]) -> Licences:
    """Of the wanted types, the licence in force that the applicant holds, if any."""
    return Licences(held=await queries.held(by.applicant_id, wanted), names=names())


async def prefill_facts(
    by: Principal, wanted: Mapping[str, Collection[str]]
) -> Mapping[str, Facts]:
    """Licence type → the wanted facts of the applicant's licences in force; a look is noted."""
    return await queries.facts_for_prefill(wanted, by=by)


async def to_renew(
    subject_id: UUID, licence_type: str, *, reused: Sequence[UUID]
) -> tuple[UUID, Facts] | None:
    """The licence an approval renews: the one the applicant used in the case, or the only one.

    None when there is none, or several and the case does not say which.
    """
    used = await queries.find_current(subject_id, licence_type, among=reused, limit=1)
    if used:
        return used[0]
    current = await queries.find_current(subject_id, licence_type)
    return current[0] if len(current) == 1 else None
