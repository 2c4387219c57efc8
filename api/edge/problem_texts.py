"""Explanations of error types for people, read from docs/problems.md.

The file has one section a slug: the heading ### `slug` (status), the Chinese title in bold, then
paragraphs or `- ` lists. Only this small part of Markdown is understood; everything is escaped.
"""

from __future__ import annotations

import functools
import html
import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "docs" / "problems.md"

HEADING = re.compile(r"^### `([a-z0-9-]+)` \((\d{3})\)$")
TITLE = re.compile(r"\s*\*\*([^*\n]+)\*\*\s*(?:\n|\Z)")
CODE = re.compile(r"`([^`]+)`")
STRONG = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class ProblemText:
    """One explained error: its slug, a title for the page, and safe HTML."""

    slug: str
    title: str
    html: str


def find(slug: str) -> ProblemText | None:
    """The explanation of `slug`, or None when docs/problems.md has none."""
    return _all().get(slug)


@functools.cache
def _all() -> dict[str, ProblemText]:
    return parse(SOURCE.read_text(encoding="utf-8")) if SOURCE.exists() else {}


def parse(text: str) -> dict[str, ProblemText]:
    """All sections of the file by slug."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if heading := HEADING.match(line):
            lines = sections[heading[1]] = [f"`{heading[1]}` · HTTP {heading[2]}"]
        elif line.startswith("#"):
            lines = []
        else:
            lines.append(line)
    return {slug: _explained(slug, lines) for slug, lines in sections.items()}


def _explained(slug: str, lines: list[str]) -> ProblemText:
    """The title becomes that of the page; the slug and its status stand above the rest."""
    first, *rest = lines
    body = "\n".join(rest)
    title = TITLE.match(body)
    if title:
        body = body[title.end() :]
    return ProblemText(slug, title[1] if title else slug, to_html(f"{first}\n\n{body}"))


def to_html(text: str) -> str:
    """Paragraphs and lists as HTML."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]
    return "\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    lines = block.splitlines()
    if all(line.startswith(("- ", "  ")) for line in lines):
        items = re.split(r"(?m)^- ", block)[1:]
        inner = "".join(f"<li>{_inline(item)}</li>" for item in items)
        return f'<ul class="plainlist">{inner}</ul>'
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    safe = html.escape(text.strip())
    safe = CODE.sub(r'<code class="mono">\1</code>', safe)
    return STRONG.sub(r"<b>\1</b>", safe)
