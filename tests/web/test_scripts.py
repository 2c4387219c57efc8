"""The pages' scripts: what Biome and TypeScript say of them, and that they would say something."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.web.people import Window
from tools import check_web, node_tools

ROOT = Path(__file__).resolve().parents[2]

FORGETFUL = """\
import { useEffect, useState } from '../vendor/preact-htm.js';

export default function Watch({ listen }) {
  const [count, setCount] = useState(0);
  useEffect(() => listen(() => setCount(count + 1)), []);
}
"""

MISCALLED = """\
import { request } from '../kit/api.js';

export const ask = () => request('GET', '/api/me', { bdoy: {} });
"""

KEEPS_UP = """async (kit) => {
  const { html, render, useEffect, useState } = await import(`${kit}../vendor/preact-htm.js`);
  const { useLatest } = await import(`${kit}ui.js`);
  const heard = [];
  let registered = 0;
  let ring = null;
  function Listener() {
    const [count, setCount] = useState(0);
    const hear = useLatest(() => heard.push(count));
    useEffect(() => {
      registered += 1;
      ring = hear;
    }, [hear]);
    return html`<button id="more" onClick=${() => setCount(count + 1)}>${count}</button>`;
  }
  const root = document.createElement('div');
  document.body.append(root);
  render(html`<${Listener} />`, root);
  const drawn = () => new Promise((done) => setTimeout(done, 50));
  await drawn();
  ring();
  root.querySelector('#more').click();
  await drawn();
  ring();
  return { heard, registered };
}"""


@pytest.fixture
def checkers() -> None:
    if not check_web.are_fetched():
        pytest.skip("no checkers: fetch them once by python tools/node_tools.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the pages in which something may be spoilt."""
    shutil.copytree(ROOT / "web", tmp_path / "web")
    for name in ("biome.json", "tsconfig.json"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "node-tools").symlink_to(node_tools.FOLDER)
    return tmp_path


def test_scripts_are_as_the_checkers_want_them(checkers: None) -> None:
    assert check_web.check() == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(FORGETFUL, "useExhaustiveDependencies"), (MISCALLED, "'bdoy' does not exist")],
)
def test_a_mistake_is_found(checkers: None, copy: Path, text: str, complaint: str) -> None:
    (copy / "web" / "m" / "mistake.js").write_text(text)

    assert complaint in "".join(check_web.check(copy))


async def test_a_listener_knows_what_was_drawn_last(window: Any) -> None:
    phone: Window = await window()
    await phone.go("/m/")
    sheet = "document.querySelector('link[href$=\"kit.css\"]').href.replace('kit.css', '')"
    kit = await phone.page.evaluate(sheet)

    found = await phone.page.evaluate(KEEPS_UP, kit)

    assert found == {"heard": [0, 1], "registered": 1}
