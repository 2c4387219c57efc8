"""Who may import whom. The table is that of docs/architecture.md; changing it takes an ADR."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

OURS: dict[str, set[str]] = {
    "core": set(),
    "signing": set(),
    "miniapp_bridge": {"core"},
    "identity": {"core", "miniapp_bridge"},
    "services.guides": {"core", "identity"},
    "services.cases": {"core", "identity", "services.guides"},
    "papers": set(),
    "wallet": {"core", "identity", "signing", "papers"},
    "push": {"core", "identity", "miniapp_bridge"},
    "payments": {"core", "identity", "miniapp_bridge"},
    "resources": {"core", "signing", "miniapp_bridge", "push", "wallet"},
    "flows": {
        *("core", "identity", "services.guides", "services.cases", "wallet"),
        *("push", "payments", "resources"),
    },
    "timers": {
        *("core", "identity", "services.guides", "services.cases", "wallet"),
        *("push", "payments", "resources"),
    },
    "api": {
        *("core", "identity", "services.guides", "services.cases", "wallet"),
        *("push", "payments", "miniapp_bridge", "resources"),
    },
}

OTHERS: dict[str, set[str]] = {
    "core": {"tortoise", "asyncpg", "redis", "hiredis", "cryptography", "obstore", "msgspec"},
    "signing": {"cryptography", "cffi", "cbor2", "pyhanko", "pkcs11", "lxml", "PIL"},
    "miniapp_bridge": {"aiohttp", "cryptography", "redis", "msgspec", "yarl"},
    "identity": {"tortoise", "cryptography", "argon2", "redis", "msgspec", "yaml"},
    "services.guides": {"tortoise", "msgspec", "yaml", "pypinyin"},
    "services.cases": {
        *("tortoise", "PIL", "pi_heif", "pypdfium2", "pikepdf", "msgspec", "redis"),
    },
    "papers": {"msgspec", "yaml", "fontTools"},
    "wallet": {"tortoise", "qrcode", "msgspec", "redis", "PIL", "zxingcpp"},
    "payments": {"tortoise", "redis"},
    "push": {"tortoise", "redis", "msgspec", "aiohttp"},
    "resources": {"redis"},
    "flows": set(),
    "timers": set(),
    "api": {"sanic", "sanic_routing", "msgspec"},
}

WINGS = {"services"}
"""Packages that hold packages."""

FREE = {"app", "manage", "bench", "tests", "tools"}
"""May import everything."""


def sources(package: str) -> Iterator[Path]:
    folder = ROOT.joinpath(*package.split("."))
    if folder.is_dir():
        yield from folder.rglob("*.py")
    else:
        yield folder.with_suffix(".py")


@cache
def imported(path: Path) -> frozenset[str]:
    """Full names of everything a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def owner_of(name: str) -> str:
    """The package of the tables above that a full name belongs to, or its first part."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in WINGS else parts[0]


@pytest.mark.parametrize("package", sorted(OURS))
def test_imports_point_down(package: str) -> None:
    allowed = OURS[package] | OTHERS[package] | {package} | set(sys.stdlib_module_names)
    for path in sources(package):
        if "migrations" in path.parts:
            continue
        for name in imported(path) - WINGS:
            assert owner_of(name) in allowed, f"{path.relative_to(ROOT)} imports {name}"


ONE_APP = {("services.cases", "services.guides")}
"""Packages whose tables are of one app: the lower one's are named in the models of the upper."""


@pytest.mark.parametrize("package", sorted(OURS))
def test_tables_of_another_package_are_out_of_reach(package: str) -> None:
    for path in sources(package):
        for name in imported(path):
            owner = owner_of(name)
            rest = name.removeprefix(f"{owner}.").split(".")
            foreign = owner in OURS and owner != package and (package, owner) not in ONE_APP
            assert not (foreign and rest[0] == "models"), f"{path} imports {name}"


def test_the_stand_in_shares_no_code_with_the_program() -> None:
    folder = ROOT / "miniapp_bridge" / "standin"
    for path in folder.rglob("*.py"):
        for name in imported(path):
            ours = name.split(".")[0] in OURS
            assert not ours or name.startswith("miniapp_bridge.standin"), f"{path} imports {name}"


def test_the_program_does_not_lean_on_the_stand_in() -> None:
    for package in OURS:
        for path in sources(package):
            if "standin" in path.parts:
                continue
            for name in imported(path):
                assert not name.startswith("miniapp_bridge.standin"), f"{path} imports {name}"


def test_no_product_code_leans_on_authorities_for_development() -> None:
    for package in OURS:
        for path in sources(package):
            if "dev" not in path.parts:
                leans = {name for name in imported(path) if name.startswith("signing.dev")}
                assert not leans, f"{path} imports {leans}"


def test_every_package_is_in_the_table() -> None:
    known = set(OURS) | FREE | WINGS | {"web", "docs", "var"}
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    in_wings = {
        f"{wing}.{path.parent.name}"
        for wing in WINGS
        for path in (ROOT / wing).glob("*/__init__.py")
    }
    files = {path.stem for path in ROOT.glob("*.py")}

    assert folders | files | in_wings <= known


def test_children_read_next_to_nothing_of_the_command_line() -> None:
    """A child for work on the processors imports the main file again (multiprocessing, spawn)."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, manage; print(*sys.modules, sep='\\n')"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    heavy = {"sanic", "tortoise", "cryptography", "lxml", "api", "wallet", "signing", "push"}
    assert heavy & set(told.split()) == set()
