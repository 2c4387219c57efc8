"""`python -m signing extract`: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from signing import write_package
from signing.cli.main import main
from signing.extract import schema as extract_schema
from tests.signing.makers import AT, ByHand, authority
from tests.signing.rich import rich_files
from tests.signing.schema_checks import problems


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with a trust list, a sealed document and one with uncovered metadata."""
    (tmp_path / "trust.json").write_bytes(authority().trust.to_bytes())
    (tmp_path / "good.ofd").write_bytes(write_package(ByHand().sign(rich_files())))
    open_root = ByHand(leave_out=frozenset({"OFD.xml", "Doc_0/Attachs/licence.xml"}))
    (tmp_path / "partly.ofd").write_bytes(write_package(open_root.sign(rich_files())))
    return tmp_path


def extract(folder: Path, name: str, *more: str, trusting: bool = True) -> int:
    trust = ("--trust", str(folder / "trust.json")) if trusting else ()
    return main(["extract", *trust, "--at", AT.isoformat(), *more, str(folder / name)])


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_lines_say_what_protects_each_item(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(office, "good.ofd") == 0
    shown = capsys.readouterr().out
    assert "✓ custom-tag: 有效期 = 有效期至二〇三一年 [s001]" in shown
    assert "NOT PROTECTED" not in shown

    assert extract(office, "partly.ofd") == 1
    shown = capsys.readouterr().out
    assert "! custom-data: 证照编号 = TEST-2026-000001 不受签章保护 NOT PROTECTED" in shown
    assert "! attachment: licence = unprotected/licence.xml 35 bytes" in shown
    assert "✓ seal-picture" in shown


def test_unknown_signer_leaves_two(office: Path) -> None:
    assert extract(office, "good.ofd", trusting=False) == 2


def test_folder_keeps_the_unprotected_apart(office: Path) -> None:
    assert extract(office, "good.ofd", "--to", str(office / "good")) == 0
    assert extract(office, "partly.ofd", "--to", str(office / "partly")) == 1

    assert written(office / "good") == {
        "extract.json",
        "protected/licence.xml",
        "protected/seal-s001.png",
    }
    assert written(office / "partly") == {
        "extract.json",
        "unprotected/licence.xml",
        "protected/seal-s001.png",
    }
    content = (office / "good" / "protected" / "licence.xml").read_bytes()
    assert content == b"<licence>TEST-2026-000001</licence>"


@pytest.mark.parametrize("name", ["good.ofd", "partly.ofd"])
def test_json_follows_the_schema(
    office: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    extract(office, name, "--json", "--to", str(office / "out"))

    schema = extract_schema.json_schema()
    printed = json.loads(capsys.readouterr().out)
    kept = json.loads((office / "out" / "extract.json").read_text(encoding="utf-8"))
    for value in (printed, kept):
        assert list(problems(value, schema, schema)) == []
    assert printed == {"file": str(office / name), **kept}
    for item in kept["items"]:
        assert item["file"] == "" or (office / "out" / item["file"]).is_file()
        assert item["covered"] == bool(item["covered_by"])


def test_folder_in_use_is_left_alone(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "empty").mkdir()
    assert extract(office, "good.ofd", "--to", str(office / "empty")) == 0
    before = written(office)

    assert extract(office, "good.ofd", "--to", str(office / "empty")) == 1
    assert "folder-in-use" in capsys.readouterr().err
    assert extract(office, "good.ofd", "--to", str(office / "trust.json")) == 1
    assert written(office) == before


def test_damaged_attachment_leaves_no_folder(office: Path) -> None:
    document = (office / "good.ofd").read_bytes()
    damaged = document.replace(b"<licence>TEST-2026", b"<licence>TEST-2027", 1)
    (office / "damaged.ofd").write_bytes(damaged)
    before = set(office.iterdir())

    assert extract(office, "damaged.ofd", "--to", str(office / "out")) == 1
    assert set(office.iterdir()) == before


def test_hostile_names_stay_in_the_folder(office: Path) -> None:
    files = rich_files()
    files["Doc_0/Attachs/Attachments.xml"] = files["Doc_0/Attachs/Attachments.xml"].replace(
        b'Name="licence"', b'Name="../../../evil"'
    )
    (office / "evil.ofd").write_bytes(write_package(ByHand().sign(files)))

    assert extract(office, "evil.ofd", "--to", str(office / "out")) == 0
    assert written(office / "out") == {
        "extract.json",
        "protected/evil.xml",
        "protected/seal-s001.png",
    }


def test_what_is_no_ofd_is_refused(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract(office, "trust.json") == 1
    assert "malformed-document" in capsys.readouterr().err
    assert extract(office, "missing.ofd") == 66


def test_inspect_shows_the_summary(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(office / "partly.ofd")]) == 0

    shown = capsys.readouterr().out
    assert "✓ custom-tag: 机关/名称 = 审批局有效期至二〇三一年 [s001]" in shown
    assert "! custom-data: 证照编号" in shown
