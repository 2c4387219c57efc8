"""Fetch what tests and benches need of npm.

What checks the pages (Biome, TypeScript, the types of what they use) and the mini-program shells
(the platforms' types, WeChat's compilers), an upload client that is not ours, and an upload
server to measure ours against (`bench upload`).

``python tools/node_tools.py``  fetches from npm into var/node-tools (needs Node, network)

Nothing of it is shipped or run by the program; `make check`, tests/web/test_miniprogram.py and
tests/api/test_tus_clients.py use it where it is there. WeChat's own `miniprogram-ci` is no use
here: it asks WeChat's servers even to compile.
"""

from __future__ import annotations

import json
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHELLS = ROOT / "web" / "miniprogram"
FOLDER = ROOT / "var" / "node-tools"
MODULES = FOLDER / "node_modules"

PACKAGES = {
    "typescript": "7.0.2",
    "@biomejs/biome": "2.6.8",
    "preact": "11.2.0",
    "htm": "3.1.1",
    "@preact/signals": "2.11.4",
    "uqr": "0.1.3",
    "miniprogram-api-typings": "5.2.3",
    "@mini-types/alipay": "3.0.14",
    "miniprogram-compiler": "0.2.3",
    "tus-js-client": "4.3.1",
    "@tus/server": "2.4.5",
    "@tus/file-store": "2.1.1",
}
TYPES = {"wechat": "miniprogram-api-typings", "alipay": "@mini-types/alipay"}


def fetch() -> None:
    """Install the pinned packages; their install scripts are not run."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("needs Node.js with npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "-E"]
    subprocess.run([npm, "install", "--prefix", str(FOLDER), *options, *wanted], check=True)
    for compiler in compilers().values():
        compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)


def compilers() -> dict[str, Path]:
    """WeChat's compilers of markup and styles, as far as they are there for this machine."""
    systems = {"Linux": "linux", "Darwin": "mac"}
    folder = MODULES / "miniprogram-compiler" / "bin" / systems.get(platform.system(), "none")
    if platform.machine() not in ("x86_64", "AMD64"):
        return {}
    found = {"wxml": folder / "wcc", "wxss": folder / "wcsc"}
    return {kind: path for kind, path in found.items() if path.is_file()}


def check_types(shell: str, *, source: Path | None = None) -> str:
    """What TypeScript complains of in the scripts of a shell; empty when nothing."""
    options = {
        "allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "skipLibCheck": True,
        "target": "es2020", "lib": ["es2020"], "module": "commonjs", "moduleDetection": "force",
        "types": [TYPES[shell]], "typeRoots": [str(MODULES)],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        settings = Path(name) / "tsconfig.json"
        include = [f"{source or SHELLS / shell}/**/*.js"]
        settings.write_text(json.dumps({"compilerOptions": options, "include": include}))
        command = [str(MODULES / ".bin" / "tsc"), "-p", str(settings)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def compile_files(kind: str, files: list[Path], *, folder: Path) -> str:
    """What WeChat's compiler of `wxml` or `wxss` complains of; empty when it compiles."""
    with tempfile.TemporaryDirectory() as name:
        names = [str(path.relative_to(folder)) for path in files]
        option = "-d" if kind == "wxml" else "-db"
        command = [str(compilers()[kind]), option, "-o", f"{name}/out.js", *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"{done.returncode}: {done.stdout}{done.stderr}"


if __name__ == "__main__":
    fetch()
