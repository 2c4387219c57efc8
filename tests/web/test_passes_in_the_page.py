"""The page's verifier of offline passes, in a real browser, on the vectors of the server's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.web.people import Window

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "passes" / "vectors.json"

JUDGE = """async (made) => {
  const kit = document.querySelector('link[href$="kit.css"]').href.replace('kit.css', '');
  const boot = JSON.parse(document.getElementById('boot').textContent);
  const { findings } = boot.reader;
  const bytes = await import(`${kit}bytes.js`);
  const lists = await import(`${kit}reader-lists.js`);
  const { conclude, verifyPass } = await import(`${kit}verify-pass.js`);

  async function worldOf(name) {
    const world = made.worlds[name];
    const trust = await lists.readSigners(bytes.fromBase64(world.signers), null);
    const known = new Map();
    if (world.status) {
      const data = bytes.fromBase64(world.status);
      const list = await lists.readStatusList(data, trust.signers).catch(() => null);
      if (list) {
        known.set(list.number, lists.askable(list));
      }
    }
    return { signers: lists.passSigners(trust.signers), lists: known };
  }

  async function read(world, seen, { text, at, reader }) {
    const { found } = await verifyPass(text, {
      ...world,
      at,
      ageOf: () => 86400,
      refused: (code) => findings[code].outcome === 'fail',
      seenBefore(key) {
        const name = `${reader} ${bytes.hex(key)}`;
        return seen.has(name) || !seen.add(name);
      },
    });
    return conclude(found.map(({ code }) => findings[code]));
  }

  const wrong = [];
  for (const { name, world, steps } of made.cases) {
    const here = await worldOf(world);
    const seen = new Set();
    for (const step of steps) {
      const got = await read(here, seen, step);
      if (got.verdict !== step.verdict || got.reasons.join() !== step.reasons.join()) {
        wrong.push([name, got, step.verdict, step.reasons]);
      }
    }
  }

  const good = await worldOf('good');
  const envelope = bytes.fromBase45(made.flip.slice(4));
  const flips = [];
  for (let bit = 0; bit < 8 * envelope.length; bit += 1) {
    const altered = envelope.slice();
    altered[bit >> 3] ^= 1 << (bit & 7);
    const text = `EL1:${bytes.toBase45(altered)}`;
    const { verdict } = await read(good, new Set(), { text, at: made.at, reader: 'a' });
    if (verdict === 'valid') {
      flips.push(bit);
    }
  }

  const taken = [];
  let held = null;
  for (const step of made.sequence) {
    const next = await lists.readSigners(bytes.fromBase64(step.list), held).catch(() => null);
    held = next ?? held;
    taken.push(Boolean(next));
  }
  const honest = await read(good, new Set(), { text: made.flip, at: made.at, reader: 'a' });
  return { wrong, flips, taken, honest: honest.verdict, bits: 8 * envelope.length };
}"""


@pytest.mark.parametrize("suite", ["sm2", "p256"])
async def test_the_page_says_what_every_verifier_must_say(window: Any, suite: str) -> None:
    vectors = json.loads(VECTORS.read_text())
    made = {**vectors["suites"][suite], "at": vectors["at"]}
    desk: Window = await window(desk=True)
    await desk.go("/counter/")

    found = await desk.page.evaluate(JUDGE, made)

    assert found["wrong"] == []
    assert found["honest"] == "valid"
    assert found["bits"] > 2_000
    assert found["flips"] == []
    assert found["taken"] == [step["taken"] for step in made["sequence"]]
