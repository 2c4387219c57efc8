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
    "core": {
        *("tortoise", "asyncpg", "redis", "hiredis", "cryptography", "obstore", "msgspec"),
        "pypika_tortoise",  # the words of which Tortoise makes SQL
    },
    "signing": {"cryptography", "cffi", "cbor2", "pyhanko", "pkcs11", "lxml", "PIL"},
    "miniapp_bridge": {"aiohttp", "cryptography", "joserfc", "redis", "msgspec", "yarl"},
    "identity": {
        "tortoise",
        "cryptography",
        "argon2",
        "redis",
        "msgspec",
        "yaml",
        "pyotp",
        "webauthn",
    },
    "services.guides": {"tortoise", "msgspec", "yaml", "pypinyin"},
    "services.cases": {
        *("tortoise", "PIL", "pi_heif", "pypdfium2", "pikepdf", "msgspec", "redis"),
    },
    "papers": {"msgspec", "yaml", "fontTools", "qrcode"},
    "wallet": {"tortoise", "msgspec", "redis", "PIL", "zxingcpp"},
    "payments": {"tortoise", "redis"},
    "push": {"tortoise", "redis", "msgspec", "aiohttp"},
    "resources": {"redis"},
    "flows": set(),
    "timers": set(),
    "api": {"sanic", "sanic_routing", "msgspec", "python_multipart"},
}

ROOMS: dict[str, dict[str, set[str]]] = {
    "core": {
        "valkey": set(),
        "protection": set(),
        "data": {"protection"},
        "files": {"protection"},
        "clocks": {"protection", "data"},
    },
    "signing": {
        "suites": set(),
        "report": set(),
        "pki": {"suites", "report"},
        "ofd": {"report"},
        "seal": {"suites", "report", "pki", "ofd"},
        "judge": {"suites", "report", "pki", "ofd"},
        "pdf": {"suites", "report", "pki", "seal", "judge"},
        "verify": {"suites", "report", "pki", "ofd", "seal", "judge", "pdf"},
        "extract": {"report", "pki", "ofd", "seal", "judge", "pdf", "verify"},
        "passes": {"suites", "report", "pki", "seal"},
        "dev": {"suites", "pki"},
        "cli": {"suites", "report", "pki", "ofd", "seal", "pdf", "verify", "extract"},
    },
    "identity": {
        "log_in": set(),
        "staff": {"log_in"},
        "factors": {"log_in", "staff"},
        "people": {"log_in", "staff"},
        "systems": {"log_in", "staff"},
    },
    "miniapp_bridge": {
        "alipay": set(),
        "city": set(),
        "wechat": set(),
        "payments": {"alipay"},
        "platforms": {"alipay", "city", "wechat"},
    },
    "services.cases": {
        "rules": set(),
        "files": set(),
        "materials": {"rules", "files"},
        "acts": {"rules", "materials"},
        "talk": {"files", "materials"},
        "views": {"rules", "materials", "acts", "talk"},
    },
    "wallet": {
        "types": set(),
        "document": {"types"},
        "log": {"types"},
        "seal": {"types", "document", "log"},
        "register": {"types", "log"},
        "show": {"types", "seal", "register"},
        "check": {"types", "log", "seal", "register", "show"},
        "issue": {"types", "document", "log", "seal", "register", "show"},
        "intake": {"types", "document", "log", "register", "issue"},
        "share": {"types", "document", "log", "seal", "register"},
        "patrol": {"types", "document", "log"},
    },
    "push": {
        "texts": set(),
        "live": set(),
        "channels": {"texts", "live"},
        "webhooks": set(),
    },
    "api": {
        "edge": set(),
        "edge.live": {"edge"},
        "shared": {"edge"},
        "public": {"edge"},
        "callbacks": {"edge"},
        "citizen": {"edge", "edge.live", "public", "shared"},
        "counter": {"edge", "edge.live", "shared"},
        "enterprise": {"edge", "edge.live", "public", "shared"},
        "staff": {"edge", "edge.live", "public", "shared", "citizen"},
        "staff.factors": {"edge", "staff"},
        "staff.accounts": {"edge", "shared"},
    },
}
"""Which rooms of a package each of its rooms may import, lowest first. What stands outside of rooms
is the floor of all: everybody may read it."""

MOST_FILES = 20
MOST_LINES = 400

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
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(name for node in nodes for name in named_by(node))


def named_by(node: ast.AST) -> Iterator[str]:
    """Full names of what one statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        assert node.module is not None
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


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


def room_of(module: str, package: str) -> str:
    """The room of a package in which a module or name lies; empty for the floor."""
    path = ROOT.joinpath(*module.split("."))
    while not path.is_dir():
        path = path.parent
    return ".".join(path.relative_to(ROOT.joinpath(*package.split("."))).parts)


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_rooms_import_downwards(package: str) -> None:
    table = ROOMS[package]
    for path in sources(package):
        room = room_of(".".join(path.relative_to(ROOT).parent.parts), package)
        if not room or room.split(".")[0] in ("migrations", "standin"):
            continue
        assert room in table, f"{package}: the room {room} is not in the table"
        own = (name for name in imported(path) if name.startswith(f"{package}."))
        for name in own:
            other = room_of(name, package)
            assert other in table[room] | {room, ""}, f"{path.relative_to(ROOT)} imports {name}"


def test_the_table_of_rooms_has_no_circle() -> None:
    for package, table in ROOMS.items():
        seen: set[str] = set()
        for room, below in table.items():
            assert below <= seen, f"{package}: {room} stands below {below - seen}"
            seen.add(room)


def test_no_module_stands_in_a_circle() -> None:
    """Packages, rooms and floors together: what each module needs can be read before it."""
    needs = {module: needed_by(path) for module, path in product().items()}
    while free := {module for module, below in needs.items() if not below & needs.keys()}:
        needs = {module: below for module, below in needs.items() if module not in free}

    assert set(needs) == set()


@cache
def product() -> dict[str, Path]:
    """Full name → file of every module of the product."""
    found = {}
    for package in OURS:
        for path in sources(package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def needed_by(path: Path) -> set[str]:
    """The modules that reading this one reads first; those above it are under way already."""
    names = {
        name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in named_by(node)
    }
    folders = path.relative_to(ROOT).parent.parts
    above = {".".join(folders[:depth]) for depth in range(1, len(folders) + 1)}
    return {name for name in names if name in product() and product()[name] != path} - above


@pytest.mark.parametrize("package", sorted(OURS))
def test_rooms_and_files_stay_small(package: str) -> None:
    for path in sources(package):
        if "migrations" not in path.parts:
            assert lines_of(path) <= MOST_LINES, path
            assert len(list(path.parent.glob("*.py"))) <= MOST_FILES, path.parent


BESIDE = {
    **dict.fromkeys(("bench", "clients", "tests", "tools"), "*.py"),
    **dict.fromkeys(("app.py", "manage.py"), ""),
    "web": "*.js",
}
"""What stands beside the packages, and which of its files are ours to keep short."""


@pytest.mark.parametrize("place", sorted(BESIDE))
def test_files_beside_the_product_stay_short(place: str) -> None:
    at = ROOT / place
    files = list(at.rglob(BESIDE[place])) if at.is_dir() else [at]
    ours = [path for path in files if "vendor" not in path.relative_to(ROOT).parts]

    assert ours
    long = {str(path): n for path in ours if (n := lines_of(path)) > MOST_LINES}
    assert long == {}


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


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
