"""What the documents promise is what the code has."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from api.edge import problem_texts
from core.errors import Problem
from signing.report.findings import REASONS
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
