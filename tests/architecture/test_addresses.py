"""One place tells whose request it is: nobody else reads an address or a header about one."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.test_imports import ROOT, sources

ONLY = ROOT / "api" / "edge" / "addresses.py"
ATTRIBUTES = {"remote_addr", "client_ip", "forwarded", "real_ip", "peername", "network_paths"}
HEADERS = {
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
    "true-client-ip",
    "cf-connecting-ip",
}


def peeks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_request = isinstance(node.value, ast.Name) and node.value.id == "request"
            if node.attr in ATTRIBUTES or (node.attr == "ip" and of_request):
                yield f"{node.lineno}: .{node.attr}"
        elif isinstance(node, ast.Constant) and str(node.value).lower() in HEADERS | {"peername"}:
            yield f"{node.lineno}: {node.value!r}"


@pytest.mark.parametrize("package", ["api", "app", "resources", "flows", "timers", "core"])
def test_nobody_else_reads_an_address(package: str) -> None:
    for path in sources(package):
        if path == ONLY:
            continue
        found = list(peeks(ast.parse(path.read_text(encoding="utf-8"))))
        assert found == [], (
            f"{path.relative_to(ROOT)} reads an address: use api.edge.addresses.address_of"
        )


def test_the_one_reader_is_seen_by_this_test() -> None:
    assert list(peeks(ast.parse(ONLY.read_text(encoding="utf-8"))))
