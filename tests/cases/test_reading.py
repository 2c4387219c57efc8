from pathlib import Path

import pytest

from services.guides import errors
from services.guides.definitions import CatalogueFile
from services.guides.reading import FOLDER, read_catalogue, read_file


def write(folder: Path, text: str) -> Path:
    path = folder / "departments.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_whole_catalogue_is_read() -> None:
    catalogue = read_catalogue()

    assert len(catalogue.items) == 38
    assert len(catalogue.themes) == 6
    assert len(catalogue.departments) == 18
    assert len(catalogue.sites) == 18
    assert len(catalogue.windows) == 4
    assert len(catalogue.line_systems) == 16
    assert len(catalogue.data_resources) == 26


def test_a_wrong_key_names_file_entry_and_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "departments:\n"
        "  - key: A\n    'no': '01'\n    name: 甲局\n    short_name: 甲\n    code: X\n"
        "  - key: B\n    'no': '02'\n    name: 乙局\n    short_nam: 乙\n    code: Y\n",
    )

    with pytest.raises(errors.InvalidCatalogue) as refused:
        read_file(path, CatalogueFile)

    message = str(refused.value)
    assert message.startswith("departments.yaml:10 (B): ")
    assert "short_nam" in message


def test_a_wrong_value_deep_inside_names_entry_and_line(tmp_path: Path) -> None:
    source = (FOLDER / "items" / "YBJ.yaml").read_text(encoding="utf-8")
    changed = source.replace("max_mb: 10", "max_mb: ten", 1)
    line = changed[: changed.index("max_mb: ten")].count("\n") + 1
    path = tmp_path / "YBJ.yaml"
    path.write_text(changed, encoding="utf-8")

    with pytest.raises(errors.InvalidCatalogue) as refused:
        read_file(path, CatalogueFile)

    assert str(refused.value).startswith(f"YBJ.yaml:{line} (SJ-YBJ-01-M01): ")


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "departments:\n  - key: A\n    name: 甲局\n")

    with pytest.raises(errors.InvalidCatalogue, match=r"departments\.yaml:2 \(A\)"):
        read_file(path, CatalogueFile)


def test_an_unknown_list_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "departments: []\nitemz: []\n")

    with pytest.raises(errors.InvalidCatalogue, match=r"departments\.yaml:2: .*itemz"):
        read_file(path, CatalogueFile)


def test_broken_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidCatalogue, match="不是有效的 YAML"):
        read_file(write(tmp_path, "departments: [\n"), CatalogueFile)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidCatalogue):
        read_catalogue(tmp_path)
