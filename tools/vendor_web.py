"""Fetch and bundle the few libraries the pages use, or check that nobody edited them.

``python tools/vendor_web.py``          fetches from npm, writes web/vendor (needs Node, a network)
``python tools/vendor_web.py --check``  compares every file with VENDOR.json (needs nothing)

The pages have no build step: what is committed under web/vendor is what a browser loads. Versions
are pinned here; npm's integrity and the SHA-256 of every file are written to VENDOR.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "web" / "vendor"
MANIFEST = VENDOR / "VENDOR.json"
LICENSES = VENDOR / "LICENSES"

PACKAGES = {
    "preact": "11.2.0",
    "htm": "3.1.1",
    "@preact/signals": "2.11.4",
    "tus-js-client": "4.3.1",
    "uqr": "0.1.3",
    "zxing-wasm": "3.1.4",
    "esbuild": "0.28.2",
}

PREACT_ENTRY = """\
import { h } from 'preact';
import htm from 'htm';
export { h, render, Fragment } from 'preact';
export { useState, useEffect, useRef, useMemo } from 'preact/hooks';
export { signal, computed, effect, batch } from '@preact/signals';
export const html = htm.bind(h);
"""

TUS_ENTRY = "export { Upload, isSupported } from 'tus-js-client';\n"
QR_ENTRY = "export { encode } from 'uqr';\n"

# For the type checker (tsconfig.json): bundles carry no types. Served to nobody.
PREACT_TYPES = """\
import type { ComponentChildren } from 'preact';

export { Fragment, h, render } from 'preact';
export { useEffect, useMemo, useRef, useState } from 'preact/hooks';
export { batch, computed, effect, signal } from '@preact/signals';
export function html(strings: TemplateStringsArray, ...values: unknown[]): ComponentChildren;
"""

# Compiled into a file without being an npm package of its own. The licence's text is in htm.txt.
CONTAINS = {"zxing/zxing_reader.wasm": [{"name": "zxing-cpp", "licence": "Apache-2.0"}]}


@dataclass(frozen=True)
class Bundle:
    """One vendored file made by esbuild from an entry of ours."""

    target: str
    entry: str
    types: str


@dataclass(frozen=True)
class Copy:
    """One vendored file taken from a package as it is."""

    target: str
    package: str
    source: str


BUNDLES = (
    Bundle("preact-htm.js", PREACT_ENTRY, PREACT_TYPES),
    Bundle("tus.js", TUS_ENTRY, TUS_ENTRY),
    Bundle("qr.js", QR_ENTRY, QR_ENTRY),
)
COPIES = (
    Copy("zxing/zxing-reader.js", "zxing-wasm", "dist/iife/reader/index.js"),
    Copy("zxing/zxing_reader.wasm", "zxing-wasm", "dist/reader/zxing_reader.wasm"),
)


def run(command: list[str], folder: Path) -> None:
    """Run a command in `folder`; a failure ends the script with the command's own words."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def install(folder: Path) -> None:
    """Install the pinned packages without running any of their scripts."""
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "-E", *wanted], folder)


def package_of(module: str) -> str | None:
    """Name of the npm package a bundled module belongs to; None for our own entry."""
    parts = module.split("node_modules/")[-1].split("/")
    if "node_modules/" not in module:
        return None
    return "/".join(parts[:2]) if parts[0].startswith("@") else parts[0]


def bundle(item: Bundle, folder: Path) -> set[str]:
    """Write one bundle into web/vendor and return the packages inside it."""
    entry = folder / f"entry-{item.target}"
    entry.write_text(item.entry, encoding="utf-8")
    meta = folder / "meta.json"
    run(
        [
            "node_modules/.bin/esbuild",
            entry.name,
            "--bundle",
            "--format=esm",
            "--platform=browser",
            "--minify",
            "--target=es2020",
            "--legal-comments=eof",
            f"--metafile={meta}",
            f"--outfile={VENDOR / item.target}",
            "--log-level=error",
        ],
        folder,
    )
    modules = json.loads(meta.read_text(encoding="utf-8"))["inputs"]
    return {name for name in map(package_of, modules) if name}


def describe(target: str, packages: set[str], folder: Path) -> dict[str, object]:
    """The manifest entry of one vendored file."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        "sha256": digest(VENDOR / target),
        "contains": CONTAINS.get(target, []),
        "from": [
            {
                "name": name,
                "version": lock[f"node_modules/{name}"]["version"],
                "integrity": lock[f"node_modules/{name}"]["integrity"],
                "licence": lock[f"node_modules/{name}"].get("license", "see LICENSES"),
            }
            for name in sorted(packages)
        ],
    }


def keep_licence(name: str, folder: Path) -> None:
    """Copy the licence text of a package, under a flat name."""
    home = folder / "node_modules" / name
    texts = [path for path in home.iterdir() if path.name.lower().startswith("licen")]
    if not texts:
        sys.exit(f"{name} carries no licence text; it must not be vendored")
    target = LICENSES / f"{name.replace('@', '').replace('/', '-')}.txt"
    shutil.copyfile(sorted(texts)[0], target)


def fetch() -> None:
    """Build web/vendor anew from the registry."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    LICENSES.mkdir(parents=True)
    manifest: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder)
        contents = {item.target: bundle(item, folder) for item in BUNDLES}
        for item in COPIES:
            target = VENDOR / item.target
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / "node_modules" / item.package / item.source, target)
            contents[item.target] = {item.package}
        for item in BUNDLES:
            target = item.target.replace(".js", ".d.ts")
            (VENDOR / target).write_text(item.types, encoding="utf-8")
            contents[target] = set()
        for target, packages in contents.items():
            manifest[target] = describe(target, packages, folder)
        for package in sorted(set().union(*contents.values())):
            keep_licence(package, folder)
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check() -> list[str]:
    """What differs between web/vendor and its manifest; empty when all is well."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    present = {
        str(path.relative_to(VENDOR))
        for path in VENDOR.rglob("*")
        if path.is_file() and path != MANIFEST and LICENSES not in path.parents
    }
    problems = [f"{name} is not in VENDOR.json" for name in sorted(present - manifest.keys())]
    problems += [f"{name} is missing" for name in sorted(manifest.keys() - present)]
    problems += [
        f"{name} was changed"
        for name in sorted(present & manifest.keys())
        if digest(VENDOR / name) != manifest[name]["sha256"]
    ]
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, fetch nothing")
    if not parser.parse_args().check:
        fetch()
    problems = check()
    if problems:
        sys.exit("\n".join(problems))
    print(f"web/vendor: {len(json.loads(MANIFEST.read_text(encoding='utf-8')))} files as recorded")


if __name__ == "__main__":
    main()
