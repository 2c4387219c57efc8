"""Make many holders known at once, for the intake of existing licences."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from core import clock
from core.data import copying
from core.ids import new_id
from identity import queries
from identity.models import Subject, SubjectKind

ORGANISATION = "001"


@dataclass(frozen=True)
class Named:
    """A person or an organisation by document; numbers are checked and normalised already."""

    id_type: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)


async def ensure(holders: Iterable[Named]) -> dict[tuple[str, str], UUID]:
    """Document → subject for all of them, inside a transaction; unknown ones are made.

    A known subject keeps its name: only its own registration may change that.
    """
    by_index = {
        (one.id_type, await queries.stored_index(one.id_type, one.id_no)): one for one in holders
    }
    indexes = [index for _, index in by_index]
    rows = await Subject.filter(id_index__in=indexes).values_list("id_type", "id_index", "id")
    known: dict[tuple[str, str], UUID] = {(kind, index): id_ for kind, index, id_ in rows}
    missing = {key: one for key, one in by_index.items() if key not in known}
    made = {key: _subject(key[1], one) for key, one in missing.items()}
    await copying.insert_many(list(made.values()))
    known |= {key: row.id for key, row in made.items()}
    return {(one.id_type, one.id_no): known[key] for key, one in by_index.items()}


def _subject(index: str, one: Named) -> Subject:
    organisation = one.id_type == ORGANISATION
    return Subject(
        id=new_id(),
        kind=SubjectKind.ORGANISATION if organisation else SubjectKind.NATURAL_PERSON,
        id_type=one.id_type,
        id_index=index,
        id_no=one.id_no,
        name=one.name,
        created_at=clock.now(),
    )
