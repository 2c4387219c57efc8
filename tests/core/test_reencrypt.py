"""The master key is changed beside a running system; afterwards the old one opens nothing."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from tortoise import connections

from core import database
from core.database import transaction
from core.protection import protect, reencrypt
from core.protection.protect import OldForm, ProtectionError
from identity import queries
from identity.models import Subject
from identity.people import persons
from tests.core.old_form import sealed_before
from tests.core.test_protect import stored, write

pytestmark = pytest.mark.usefixtures("db")

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
NUMBER = "310199199003071017"


@pytest.fixture(autouse=True)
def _key_of_the_tests_again() -> Iterator[None]:
    yield
    protect.use(OLD)


async def register(name: str = "张演示") -> UUID:
    return await persons.register(id_no=NUMBER, name=name, phone="19900000001", by="test")


def quiet(_line: str) -> None:
    """Nobody reads the progress of a test."""


async def test_key_is_changed_and_the_old_one_forgotten() -> None:
    person = await register()

    protect.use(NEW, previous=[OLD])
    assert await reencrypt.left(quiet) > 0
    # Before the command has come to the row, it is found, read and not made a second time.
    found = await queries.find_subject("111", NUMBER)
    assert found is not None
    assert (found.id, found.name) == (person, "张演示")
    assert await register() == person
    await reencrypt.run(quiet)
    assert await reencrypt.left(quiet) == 0

    protect.use(NEW)
    found = await queries.find_subject("111", NUMBER)
    assert found is not None
    assert found.id == person
    assert await register() == person
    protect.use(OLD)
    with pytest.raises(ProtectionError):
        await Subject.get(id=person)


async def test_old_form_is_written_anew_and_refused_from_then_on() -> None:
    person = await Subject.get(id=await register())
    for column, text in (("name", "张演示"), ("id_no", NUMBER), ("phone", "19900000001")):
        await write(column, person, sealed_before(text, master=OLD))
    with pytest.raises(OldForm):
        await Subject.get(id=person.id)

    protect.use(OLD, old_form=True)
    assert (await Subject.get(id=person.id)).id_no == NUMBER
    await reencrypt.run(quiet)

    protect.use(OLD)
    assert (await Subject.get(id=person.id)).name == "张演示"
    assert (await stored("name", person)).startswith(protect.vault().head)


async def test_second_run_writes_nothing() -> None:
    await register()
    protect.use(NEW, previous=[OLD])
    await reencrypt.run(quiet)

    again = await reencrypt.run(quiet)

    assert sum(count.seen for count in again) > 0
    assert [count for count in again if count.rewritten or count.unreadable] == []


async def test_change_made_meanwhile_wins() -> None:
    person = await Subject.get(id=await register())
    protect.use(NEW, previous=[OLD])
    before = await reencrypt._read(Subject, "id", None)
    person.name = "改名"
    await person.save(update_fields=["name"])

    count = reencrypt.Count("identity_subject")
    await reencrypt._row(Subject, "id", before[0], count, write=True)

    assert (count.overtaken, count.rewritten) == (1, 0)
    assert (await Subject.get(id=person.id)).name == "改名"


async def test_what_cannot_be_read_is_told_and_left_alone() -> None:
    person = await Subject.get(id=await register())
    await write("name", person, "伪造的持证人")
    protect.use(NEW, previous=[OLD])

    counts = {count.table: count for count in await reencrypt.run(quiet)}

    assert counts["identity_subject"].unreadable == 1
    assert await stored("name", person) == "伪造的持证人"
    assert await reencrypt.left(quiet) == 1


async def test_many_rows_are_taken_in_batches() -> None:
    rows = [
        Subject(kind="natural_person", id_type="111", id_index=f"{n}", id_no=f"{n}", name=f"{n}")
        for n in range(reencrypt.BATCH + 3)
    ]
    async with transaction():
        await Subject.bulk_create(rows)
    protect.use(NEW, previous=[OLD])

    counts = {count.table: count for count in await reencrypt.run(quiet)}

    assert counts["identity_subject"].rewritten == reencrypt.BATCH + 3
    protect.use(NEW)
    for row in await Subject.all():
        assert row.id_index == queries.id_index(row.id_no)
    connection = connections.get(database.CONNECTION)
    assert await connection.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]
