"""The samples in the how-to documents really run, and the shell answers as they say."""

import os
import re
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from signing import begin_seal, write_package
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    ByHand,
    key_pem,
    licence,
    licence_files,
    make_seal,
    paged,
    pem,
)
from tests.signing.rich import rich_files

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^([ ]*)```(python|console)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SAMPLES = [
    "verify-a-file.md",
    "seal-a-document.md",
    "take-data-out.md",
    "add-a-trust-anchor.md",
    "add-a-suite.md",
]
# Values that are new on every run.
VARYING = re.compile(r"(sm3: )[0-9a-f]{64}|(serial: )[0-9A-F]+")


def blocks(name: str) -> list[tuple[str, str]]:
    text = (HOW_TO / name).read_text(encoding="utf-8")
    return [(kind, textwrap.dedent(body)) for _, kind, body in BLOCK.findall(text)]


def seal(ca: DevelopmentAuthority) -> bytes:
    unsigned = begin_seal(
        licence(),
        seal=make_seal(ca),
        signer_certificate=ca.signer_certificates[DEPARTMENT],
        at=AT,
        boundary=BOX,
        provider="云间证",
    )
    return unsigned.complete(ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign))


@pytest.fixture
def folder(tmp_path: Path, ca: DevelopmentAuthority, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the documents speak of, as the current folder."""
    foreign = devca.make(
        organisation="外省市",
        departments={DEPARTMENT: "外省市审批局"},
        at=AT - timedelta(days=30),
    )
    changed = ByHand(ca=ca).sign(licence_files())
    changed["Doc_0/Attachs/licence.xml"] = b"<forged/>"
    (tmp_path / "licence.ofd").write_bytes(seal(ca))
    (tmp_path / "foreign.ofd").write_bytes(seal(foreign))
    (tmp_path / "changed.ofd").write_bytes(write_package(changed))
    (tmp_path / "trust.json").write_bytes(ca.trust.to_bytes())
    (tmp_path / "authority.pem").write_bytes(pem("CERTIFICATE", foreign.root_certificate))
    (tmp_path / "maker.der").write_bytes(foreign.maker_certificate)
    key = ca.keys._keys[devca.signer_key(DEPARTMENT)]
    (tmp_path / "data.ofd").write_bytes(ByHand(ca=ca).document(rich_files()))
    (tmp_path / "contract.ofd").write_bytes(paged(3))
    (tmp_path / "seal.esl").write_bytes(make_seal(ca))
    (tmp_path / "signer.key").write_bytes(key_pem(key.suite, key.secret))
    (tmp_path / "signer.pem").write_bytes(pem("CERTIFICATE", key.certificate))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_console(body: str, folder: Path) -> None:
    """Each `$ command` is followed by exactly what it prints."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        done = subprocess.run(
            ["/bin/bash", "-c", command],
            capture_output=True,
            cwd=folder,
            env=environment,
            check=False,
        )
        shown = done.stdout.decode() + done.stderr.decode()
        assert VARYING.sub(r"\1\2…", shown) == VARYING.sub(r"\1\2…", expected)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_run(name: str, folder: Path) -> None:
    found = blocks(name)
    assert len(found) >= 2

    names: dict[str, object] = {"__name__": "sample"}
    for kind, body in found:
        if kind == "python":
            exec(compile(body, name, "exec"), names)  # noqa: S102 - our own documents
        else:
            run_console(body, folder)
