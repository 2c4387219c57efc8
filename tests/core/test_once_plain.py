"""Columns that became protected later: what stood there in clear is sealed, and refused after."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from tortoise import connections

from core import clock, database
from core.ids import new_id
from core.protection import protect, reencrypt
from core.protection.protect import OldForm, ProtectionError
from wallet.models import Complaint

pytestmark = pytest.mark.usefixtures("db")

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
WORDS = "我叫张演示，电话 19900000001，为什么查我的证"


@pytest.fixture(autouse=True)
def _key_of_the_tests_again() -> Iterator[None]:
    yield
    protect.use(OLD)


def quiet(_line: str) -> None:
    """Nobody reads the progress of a test."""


async def complaint(text: str = WORDS) -> UUID:
    """A complaint as the release before wrote it: in clear, not answered yet."""
    row = await Complaint.create(
        use_id=new_id(), subject_id=new_id(), text="x", made_by="citizen:1", made_at=clock.now()
    )
    await write(row.id, text=text, answer="")
    return row.id


async def write(row: UUID, *, text: str, answer: str) -> None:
    marks = ("$1", "$2", "$3") if database.dialect() == "postgres" else ("?", "?", "?")
    query = (
        f"UPDATE wallet_complaint SET text = {marks[0]}, answer = {marks[1]} WHERE id = {marks[2]}"
    )
    await connections.get(database.CONNECTION).execute_query(query, [text, answer, str(row)])


async def cell(row: UUID) -> str:
    rows = await connections.get(database.CONNECTION).execute_query_dict(
        "SELECT text FROM wallet_complaint"
    )
    assert len(rows) == 1, row
    return str(rows[0]["text"])


async def test_plain_words_are_refused_where_nobody_expects_them() -> None:
    await complaint()

    with pytest.raises(OldForm):
        await Complaint.get()


@pytest.mark.parametrize("text", [WORDS, "v1.0 版本的图纸", "v2.", "v2.x", "v1." + "A" * 60])
async def test_plain_words_are_read_meanwhile_and_sealed(text: str) -> None:
    row = await complaint(text)
    protect.use(OLD, old_form=True)
    assert (await Complaint.get()).text == text
    assert await reencrypt.left(quiet) == 1

    counts = {count.table: count for count in await reencrypt.run(quiet)}

    assert counts["wallet_complaint"].rewritten == 1
    protect.use(OLD)
    assert (await cell(row)).startswith(protect.vault().head)
    found = await Complaint.get()
    assert (found.text, found.answer) == (text, "")
    assert await reencrypt.left(quiet) == 0


async def test_what_was_sealed_under_a_lost_key_is_never_shown_as_words() -> None:
    await complaint()
    protect.use(OLD, old_form=True)
    await reencrypt.run(quiet)

    protect.use(NEW, old_form=True)

    with pytest.raises(ProtectionError):
        await Complaint.get()
    counts = {count.table: count for count in await reencrypt.run(quiet)}
    assert counts["wallet_complaint"].unreadable == 1


async def test_columns_that_were_always_protected_take_no_plain_words() -> None:
    row = await complaint()
    protect.use(OLD, old_form=True)
    assert Complaint.once_plain == {"text", "answer"}

    for text in (WORDS, "v2.00000000.QUJD"):
        with pytest.raises(ProtectionError):
            protect.vault().open(text, context=b"another column")
    assert await Complaint.exists(id=row)
