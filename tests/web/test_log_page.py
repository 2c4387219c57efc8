"""The page's own arithmetic of Merkle proofs agrees with the server's, on the same trees."""

from __future__ import annotations

import base64
from typing import Any

from tests.web.installation import Demo
from tests.web.people import Window
from wallet.log import merkle

CHECK = """async (proofs) => {
  const module = [...document.querySelectorAll('script[type=module]')][0].src;
  const { proves } = await import(new URL('merkle.js', module));
  return Promise.all(proofs.map(proves));
}"""


def proofs(size: int) -> list[dict[str, Any]]:
    """The proof of every third entry of a tree, each followed by a spoilt one."""
    entries = [f'{{"entry":{number}}}' for number in range(size)]
    node = merkle.of_leaves([merkle.leaf_hash(entry.encode()) for entry in entries])
    root = base64.b64encode(merkle.root(size, node)).decode()
    found = []
    for position in range(0, size, 3):
        path = [
            base64.b64encode(step).decode() for step in merkle.inclusion_path(position, size, node)
        ]
        proof = {
            "data": entries[position],
            "position": position,
            "path": path,
            "checkpoint": {"note": f"yunjian-transparency\n{size}\n{root}\n"},
        }
        found += [proof, {**proof, "data": "{}"}]
    return found


async def test_page_and_server_agree_about_proofs(window: Any, demo: Demo) -> None:
    visitor: Window = await window(desk=True)
    await visitor.go("/log/")
    for size in (1, 2, 7, 8, 33):
        given = proofs(size)
        assert await visitor.page.evaluate(CHECK, given) == [True, False] * (len(given) // 2)
