"""How many documents nobody had to bring, counted as they are saved and never by reading the log.

The city's figure lies in a few rows, so that cases which end at the same moment do not queue.
"""

import zlib
from dataclasses import dataclass
from uuid import UUID

from core import database
from wallet.models import CaseSaving, SavingCount

SHARDS = 16

_SAVE = database.Statement(
    "INSERT INTO wallet_case_saving (case_no, subject_id, materials) VALUES (?, ?, 1) "
    "ON CONFLICT (case_no, subject_id) DO UPDATE SET materials = wallet_case_saving.materials + 1"
)
_COUNT = database.Statement(
    "INSERT INTO wallet_saving_count (shard, materials, cases) VALUES (?, 1, ?) "
    "ON CONFLICT (shard) DO UPDATE SET materials = wallet_saving_count.materials + 1, "
    "cases = wallet_saving_count.cases + excluded.cases"
)
_OF_SUBJECT = database.Statement(
    "SELECT SUM(materials) AS materials, COUNT(*) AS cases FROM wallet_case_saving "
    "WHERE subject_id = ?"
)


@dataclass(frozen=True, kw_only=True)
class Savings:
    """How often a licence stood for a document."""

    materials: int
    cases: int


async def count(case_no: str, *, subject_id: UUID) -> None:
    """One more document was saved in a case, in the current transaction."""
    first = not await CaseSaving.exists(case_no=case_no)
    await _SAVE.run(case_no, str(subject_id))
    await _COUNT.run(zlib.crc32(case_no.encode()) % SHARDS, int(first))


async def of_city() -> Savings:
    """Documents that nobody in the city had to bring."""
    rows = await SavingCount.all().limit(SHARDS)
    return Savings(
        materials=sum(row.materials for row in rows), cases=sum(row.cases for row in rows)
    )


async def of_subject(subject_id: UUID) -> Savings:
    """Documents that one holder did not have to bring."""
    row = await _OF_SUBJECT.row(str(subject_id)) or {}
    return Savings(materials=int(row.get("materials") or 0), cases=int(row.get("cases") or 0))
