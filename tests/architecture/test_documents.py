"""What the documents promise is what the code has."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.edge import problem_texts
from core.errors import Problem
from signing.report.findings import REASONS
from tests.architecture.test_imports import OURS, ROOMS
from wallet.types.verdict import WORDS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "core",
    "identity",
    "miniapp_bridge",
    "papers",
    "services",
    "wallet",
    "push",
    "payments",
    "api",
)
PROBLEMS = ROOT / "docs" / "problems.md"
HEADING = re.compile(r"^### `([a-z0-9-]+)` \((\d{3})\)$", re.MULTILINE)
REASON_ROW = re.compile(
    r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]*[\u4e00-\u9fff][^|]*) \|$", re.MULTILINE
)

OF_THE_REGISTER = {"register-in-doubt"}
"""Reasons that no signature gives: what the register says of itself."""


def load_everything() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)


def all_problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield kind
    for child in kind.__subclasses__():
        yield from all_problems(child)


def test_every_slug_is_described_with_its_status() -> None:
    load_everything()
    described = {slug: int(status) for slug, status in HEADING.findall(PROBLEMS.read_text())}
    raised = {problem.slug: problem.status for problem in all_problems()}

    assert described == raised


def test_every_description_bears_the_title_of_the_code() -> None:
    load_everything()
    explained = problem_texts.parse(PROBLEMS.read_text())

    assert {slug: text.title for slug, text in explained.items()} == {
        problem.slug: problem.title for problem in all_problems()
    }


def test_every_reason_is_described_with_what_is_shown() -> None:
    described = REASON_ROW.findall((ROOT / "docs" / "verdicts.md").read_text())

    assert sorted(described) == sorted(
        (reason, f"{title}。{following}。") for reason, (title, following) in WORDS.items()
    )
    assert {reason for reason, _ in described} == REASONS | OF_THE_REGISTER


def test_a_slug_means_one_thing() -> None:
    load_everything()
    titles: dict[str, set[str]] = {}
    for problem in all_problems():
        titles.setdefault(problem.slug, set()).add(problem.title)

    assert {slug: found for slug, found in titles.items() if len(found) > 1} == {}


def test_slugs_and_titles_are_well_formed() -> None:
    load_everything()
    for problem in all_problems():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem.slug)
        assert re.search(r"[\u4e00-\u9fff]", problem.title), problem.slug


def test_readme_gives_the_two_commands_in_both_languages() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text()
        assert "make run" in text
        assert "make test" in text


def test_every_setting_is_in_the_example() -> None:
    names = re.findall(r'"(YUNJIAN_[A-Z_]+)"', (ROOT / "core" / "settings.py").read_text())
    example = (ROOT / ".env.example").read_text()

    assert [name for name in names if f"\n{name}=" not in example] == []


PATH = re.compile(r"`([\w.-]+(?:/[\w.-]*)+)`")
RULE = re.compile(r"^\| `([a-z_.]+)` \| ([a-z_., –]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", ["architecture.md", "glossary.md", "security.md"])
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = {path for path in PATH.findall(text) if path.split("/")[0] in FOLDERS}

    assert {path for path in named if not (ROOT / path).exists()} == set()


FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."}


def test_the_table_of_imports_is_the_one_that_is_tested() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = {
        package: set() if below == "–" else set(below.split(", "))
        for package, below in RULE.findall(text)
    }

    assert told == OURS


def test_every_room_is_drawn() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = text[: text.index("### Twenty questions")]
    rooms = {f"{room.replace('.', '/')}/" for table in ROOMS.values() for room in table}

    assert {room for room in rooms if room not in drawn} == set()


def test_twenty_questions_are_answered() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    answers = re.findall(r"^\| [^|]+\? \| ([^|]+) \|$", text, re.MULTILINE)

    assert len(answers) == 20
    assert all(PATH.search(answer) for answer in answers)
