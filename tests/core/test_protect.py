"""A protected column opens when its own row is loaded, and in no other way."""

from typing import Any

import pytest
from tortoise import connections
from tortoise.expressions import F
from tortoise.functions import Max
from tortoise.models import Model

from core import database
from core.database import transaction
from core.ids import new_id
from core.protection.protect import ProtectedModel, ProtectionError, Sealed, for_row, vault
from identity.models import PlatformAccount, Subject
from tests.core.old_form import sealed_before

pytestmark = pytest.mark.usefixtures("db")

NUMBER = "310199199003071017"


def person(**values: Any) -> Subject:
    facts = {"kind": "natural_person", "id_type": "111", "id_no": NUMBER, "name": "张演示"}
    return Subject(**{**facts, "id_index": new_id().hex, **values})


async def stored(column: str, row: Subject) -> str:
    """What stands in the database."""
    query = f'SELECT "{column}" AS cell FROM identity_subject WHERE id = '
    rows = await connections.get(database.CONNECTION).execute_query_dict(f"{query}'{row.id}'")
    return str(rows[0]["cell"])


async def write(column: str, row: Subject, cell: str | None) -> None:
    """As somebody does who has the database and not the key."""
    cell = "NULL" if cell is None else "'" + cell.replace("'", "''") + "'"
    await connections.get(database.CONNECTION).execute_script(
        f"UPDATE identity_subject SET {column} = {cell} WHERE id = '{row.id}'"
    )


def test_tortoise_still_loads_rows_by_the_method_we_override() -> None:
    """An upgrade that renames it must not go unnoticed; reading would then fail, not open up."""
    assert callable(Model._init_from_db)
    assert callable(Model._set_kwargs)
    assert "_init_from_db" in vars(ProtectedModel)
    assert "_set_kwargs" in vars(ProtectedModel)


async def test_every_way_to_load_a_row_opens_it() -> None:
    row = person(phone="19900000001")
    await row.save(force_create=True)
    account = await PlatformAccount.create(
        platform="p", user_index="i", user="openid-7", subject=row
    )

    loaded = [
        await Subject.get(id=row.id),
        await Subject.filter(id=row.id).first(),
        (await Subject.all())[0],
        (await Subject.in_bulk([row.id], "id"))[row.id],
        await Subject.all().only("id", "name", "id_no", "phone").first(),
        (await Subject.raw("SELECT * FROM identity_subject"))[0],
        (await PlatformAccount.all().select_related("subject"))[0].subject,
        (await PlatformAccount.all().prefetch_related("subject"))[0].subject,
        (await Subject.get_or_create(id_type="111", id_index=row.id_index))[0],
    ]

    for one in loaded:
        assert one is not None
        assert (one.name, one.id_no, one.phone) == ("张演示", NUMBER, "19900000001")
    assert (await PlatformAccount.get(id=account.id)).user == "openid-7"


async def test_every_way_to_write_a_row_seals_it() -> None:
    made = await Subject.create(**_values(person()))
    await Subject.bulk_create([person(name="批量")])
    found, created = await Subject.update_or_create(
        {"name": "改名", "kind": "natural_person", "id_no": NUMBER},
        id_type="111",
        id_index=made.id_index,
    )
    assert not created
    assert (await Subject.get(id=found.id)).name == "改名"
    found.name = "又改"
    await Subject.bulk_update([found], fields=["name"])
    found.phone = "19900000002"
    await found.save(update_fields=["phone"])
    changes = for_row(Subject, {"name": "再改", "kind": "natural_person"}, found.id)
    assert await Subject.filter(id=found.id).update(**changes) == 1

    again = await Subject.get(id=found.id)
    await found.refresh_from_db()
    assert (again.name, again.phone, found.name) == ("再改", "19900000002", "再改")
    assert {row.name for row in await Subject.all()} == {"再改", "批量"}
    for row in await Subject.all():
        for column in ("name", "id_no"):
            assert (await stored(column, row)).startswith(vault().head)


def _values(row: Subject) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row._meta.db_fields}


async def test_text_that_looks_sealed_is_a_text_like_any_other() -> None:
    victim = person()
    await victim.save(force_create=True)
    ciphertext = await stored("id_no", victim)

    for text in (
        ciphertext,
        sealed_before(NUMBER, master=bytes(range(32))),
        "v1.0 版本的图纸",
        "v2.",
    ):
        mine = person(name=text)
        assert mine.name == text
        mine.update_from_dict({"phone": text})
        await mine.save(force_create=True)
        read = await Subject.get(id=mine.id)
        assert (read.name, read.phone) == (text, text)


async def test_plain_text_in_a_protected_column_is_refused() -> None:
    row = person()
    await row.save(force_create=True)

    for cell in ("伪造的持证人", "", "v1.", "v2.AAAA", vault().head):
        await write("name", row, cell)
        with pytest.raises(ProtectionError):
            await Subject.get(id=row.id)


async def test_cells_cannot_be_swapped_between_rows_or_columns() -> None:
    first, second = person(), person(name="王演示", id_no="310199199508081050")
    await first.save(force_create=True)
    await second.save(force_create=True)

    for column, cell in (
        ("name", await stored("name", second)),
        ("id_no", await stored("id_no", second)),
        ("name", await stored("id_no", first)),
    ):
        before = await stored(column, first)
        await write(column, first, cell)
        with pytest.raises(ProtectionError):
            await Subject.get(id=first.id)
        await write(column, first, before)
    assert (await Subject.get(id=first.id)).name == "张演示"


async def test_old_form_in_the_database_is_refused_unless_it_is_allowed() -> None:
    row = person()
    await row.save(force_create=True)
    await write("name", row, sealed_before("张演示", master=bytes(range(32))))

    with pytest.raises(ProtectionError):
        await Subject.get(id=row.id)


@pytest.mark.parametrize(
    "act",
    [
        lambda: Subject.all().values("name"),
        lambda: Subject.all().values_list("id", "name"),
        lambda: Subject.all().values_list("id_no", flat=True),
        lambda: PlatformAccount.all().values("subject__name"),
        lambda: Subject.annotate(most=Max("name")).values("most"),
        lambda: Subject.all().only("name"),
        lambda: Subject.filter(name="张演示"),
        lambda: Subject.filter(name__in=["张演示"]),
        lambda: Subject.all().update(name="伪造"),
        lambda: Subject.raw("SELECT name, phone FROM identity_subject"),
    ],
)
async def test_without_the_row_nothing_goes_in_or_out(act: Any) -> None:
    row = person(phone="1")
    await row.save(force_create=True)
    await PlatformAccount.create(platform="p", user_index="i", user="u", subject=row)

    with pytest.raises(ProtectionError):
        await act()
    assert (await Subject.get(id=row.id)).name == "张演示"


async def test_column_copied_by_the_database_itself_does_not_open() -> None:
    row = person(phone="1")
    await row.save(force_create=True)

    await Subject.filter(id=row.id).update(name=F("phone"))

    with pytest.raises(ProtectionError):
        await Subject.get(id=row.id)


async def test_value_sealed_for_one_cell_fits_no_other() -> None:
    first, second = person(), person()
    await first.save(force_create=True)
    await second.save(force_create=True)
    sealed = for_row(Subject, {"name": "x"}, first.id)

    with pytest.raises(ProtectionError):
        await Subject.filter(id=first.id).update(phone=sealed["name"])
    with pytest.raises(ProtectionError):
        Subject(name=sealed["name"])
    assert isinstance(sealed["name"], Sealed)
    await Subject.filter(id=second.id).update(**sealed)
    with pytest.raises(ProtectionError):
        await Subject.get(id=second.id)


async def test_row_without_its_name_is_not_written() -> None:
    row = person()
    row.id = None  # type: ignore[assignment]

    with pytest.raises(ProtectionError):
        async with transaction():
            await row.save(force_create=True)
    with pytest.raises(ProtectionError):
        for_row(Subject, {"name": "x"})
    assert not await Subject.all()
