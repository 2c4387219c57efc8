"""The words of the pages: both languages complete, every key exists, none is left over."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
LANGUAGES = ("zh", "en")

# Keys that the code puts together, by their first part: t(`material.${status}`).
COMPOSED = ("bill", "caseState", "grantKind", "grantState", "lang", "licenceState", "live",
            "material", "payWay", "refund", "seal", "size", "step", "stepName", "tab", "theme",
            "talk", "upload", "verdict", "via", "way")  # fmt: skip


def words(language: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((WEB / "kit" / f"{language}.json").read_text("utf-8"))
    return loaded


def sources() -> str:
    files = [path for path in WEB.rglob("*.js") if "vendor" not in path.parts]
    return "\n".join(path.read_text("utf-8") for path in files)


def test_both_languages_have_the_same_keys() -> None:
    assert words("zh").keys() == words("en").keys()


def test_both_languages_fill_the_same_placeholders() -> None:
    english = words("en")
    for key, text in words("zh").items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_is_used_exists(language: str) -> None:
    used = set(re.findall(r"\bt\(\s*'([a-z]\w*(?:\.\w+)*)'", sources()))
    assert used - words(language).keys() == set()


def test_no_key_is_left_over() -> None:
    text = sources()
    left = [
        key for key in words("zh") if f"'{key}'" not in text and key.split(".")[0] not in COMPOSED
    ]
    assert left == []
