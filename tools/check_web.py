"""Lint, format and types of the pages' scripts, by Biome and TypeScript.

``python tools/check_web.py``        complains and writes nothing
``python tools/check_web.py --fix``  formats, and mends what can be mended by itself

The pages have no build step and need no Node; their checkers do. Where these were not fetched
(`python tools/node_tools.py`), it says so and checks nothing, unless `--required` is given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "var" / "node-tools" / "node_modules" / ".bin"
BIOME = PROGRAMS / "biome"
TYPESCRIPT = PROGRAMS / "tsc"


def are_fetched() -> bool:
    return BIOME.exists() and TYPESCRIPT.exists()


def check(root: Path = ROOT) -> list[str]:
    """What each checker complains of in the pages below `root`; empty when all is well."""
    commands = ([str(BIOME), "check", "--error-on-warnings"], [str(TYPESCRIPT), "-p", "."])
    done = [subprocess.run(c, cwd=root, capture_output=True, text=True) for c in commands]
    return [f"{one.stdout}{one.stderr}" for one in done if one.returncode != 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="format and mend")
    parser.add_argument("--required", action="store_true", help="fail where checkers are missing")
    options = parser.parse_args()
    if not are_fetched():
        words = "the pages' scripts are not checked: fetch the checkers by tools/node_tools.py"
        sys.exit(words if options.required else print(words, file=sys.stderr))
    if options.fix:
        subprocess.run([str(BIOME), "check", "--write"], cwd=ROOT, check=False)
    if complaints := check():
        sys.exit("\n".join(complaints))
    print("web: scripts as they should be")


if __name__ == "__main__":
    main()
