import shutil
from pathlib import Path

import pytest

from core.protection.audit import AuditRecord
from services.cases import moves
from services.cases.acts import apply
from services.cases.models import Case
from services.cases.views import queries
from services.guides import catalogue, errors
from services.guides.models import CatalogueEntry, ServiceItem
from services.guides.reading import FOLDER
from tests.cases.factories import ITEM, CaseMaker
from tests.cases.retiring import retire


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalogue"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / "items" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


async def test_the_first_load_stores_everything(db: None) -> None:
    report = await catalogue.load()

    assert (report.added, report.changed, report.retired, report.unchanged) == (44, 0, 0, 0)
    assert await ServiceItem.filter(current=True).count() == 38
    assert await AuditRecord.filter(action="catalogue.load").count() == 1


async def test_loading_again_changes_nothing(loaded: None) -> None:
    before = await CatalogueEntry.all().order_by("id").values()

    report = await catalogue.load()

    assert (report.added, report.changed, report.retired, report.unchanged) == (0, 0, 0, 44)
    assert await CatalogueEntry.all().order_by("id").values() == before
    assert await AuditRecord.filter(action="catalogue.load").count() == 1


async def test_a_changed_item_becomes_a_new_version(loaded: None, folder: Path) -> None:
    change(folder, "RSJ.yaml", "社会保障卡申领", "社会保障卡申领与换领")

    report = await catalogue.load(folder)

    assert (report.changed, report.unchanged) == (1, 43)
    current = await catalogue.get_item(ITEM)
    assert current.version == 2
    assert current.item.name == "社会保障卡申领与换领"
    assert await ServiceItem.filter(code=ITEM).count() == 2


async def test_a_case_keeps_the_version_it_began_with(cases: CaseMaker, folder: Path) -> None:
    case_id = await cases.draft()
    change(folder, "RSJ.yaml", "name: 社会保障卡申领", "name: 新名称")
    await catalogue.load(folder)

    case = await Case.get(id=case_id)

    assert (await moves.item_of(case)).name == "社会保障卡申领"
    assert (await queries.get_detail(case_id, by=cases.by)).item_name == "社会保障卡申领"


async def test_an_item_that_left_the_files_is_not_offered(cases: CaseMaker, folder: Path) -> None:
    case_id = await cases.draft("SJ-QQDJ-02", {})
    (folder / "items" / "QQDJ.yaml").unlink()
    await catalogue.load(folder)

    with pytest.raises(errors.ItemNotFound):
        await apply.open_draft("SJ-QQDJ-02", answers={}, by=cases.by)
    assert (await queries.get_detail(case_id, by=cases.by)).item_code == "SJ-QQDJ-02"


async def test_every_retired_item_is_kept_as_its_cases_began_with_it(
    loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await catalogue.snapshot()).items
    await retire(tmp_path)
    monkeypatch.setattr(catalogue, "_parsed", {})  # as a process that starts later

    for code, kept in before.items():
        with pytest.raises(errors.ItemNotFound):
            await catalogue.get_item(code)
        again = await catalogue.get_item_version(code, version=kept.version, digest=kept.digest)
        assert again == kept.item


async def test_an_item_that_comes_back_continues_its_versions(loaded: None, folder: Path) -> None:
    kept = (folder / "items" / "QQDJ.yaml").read_text(encoding="utf-8")
    (folder / "items" / "QQDJ.yaml").unlink()
    await catalogue.load(folder)
    (folder / "items" / "QQDJ.yaml").write_text(kept, encoding="utf-8")

    await catalogue.load(folder)

    assert (await catalogue.get_item("SJ-QQDJ-02")).version == 2


async def test_a_broken_folder_stores_nothing(loaded: None, folder: Path) -> None:
    change(folder, "RSJ.yaml", "window: W-GR", "window: W-NONE")
    before = await ServiceItem.all().count()

    with pytest.raises(errors.InvalidCatalogue, match="W-NONE"):
        await catalogue.load(folder)

    assert await ServiceItem.all().count() == before
    assert (await catalogue.get_item(ITEM)).version == 1


async def test_an_unknown_item_is_not_found(loaded: None) -> None:
    with pytest.raises(errors.ItemNotFound):
        await catalogue.get_item("SJ-XX-01")


async def test_an_empty_database_has_an_empty_catalogue(db: None) -> None:
    snapshot = await catalogue.snapshot()

    assert snapshot.items == {}
    assert snapshot.index.search("") == []


async def test_codes_have_labels(loaded: None) -> None:
    snapshot = await catalogue.snapshot()

    assert snapshot.label("item_type", "01") == "行政许可"
    assert snapshot.department_name("RSJ") == "上海市松江区人力资源和社会保障局"
    assert snapshot.department_name("ANY") == "ANY"
