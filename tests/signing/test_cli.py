"""The command line on real files: words, JSON lines and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signing import DEFAULT_POLICY, SealReport
from signing.cli import main, text
from signing.pki import certificates, ocsp_building
from tests.signing import answering, makers
from tests.vectors.places import ABSENT, HERE, SHARED

OFD = HERE / "ofd"
KEYS = OFD / "keys" / "own-test-ca"
TRUST = ("--trust", str(KEYS / "root.pem"), "--trust", str(KEYS / "tsaroot.pem"))
AT = ("--at", "2026-12-01T00:00:00+00:00")
GOOD = str(OFD / "own-made" / "own-v4-valid.ofd")
BAD = str(OFD / "tampered" / "t01-page-byte.ofd")


def verify(*arguments: str) -> int:
    return main.main(["verify", *AT, *arguments])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((*TRUST, GOOD), 0),
        ((*TRUST, GOOD, BAD), 1),
        ((GOOD,), 2),
        ((GOOD, BAD), 1),
        ((*TRUST, "--policy", "strict", GOOD), 1),
        ((*TRUST, "--policy", "lenient", GOOD), 0),
        ((*TRUST, str(KEYS / "root.pem"), str(KEYS / "signer.pem")), 0),
        ((*TRUST, str(KEYS / "rogue.pem")), 1),
        ((*TRUST, str(OFD / "tampered" / "t14-truncated.ofd")), 1),
        ((*TRUST, str(HERE / "README.md")), 1),
    ],
)
def test_exit_code_tells_the_verdict(arguments: tuple[str, ...], code: int) -> None:
    assert verify(*arguments) == code


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    verify(*TRUST, "--json", GOOD, BAD)

    good, bad = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (good["file"], good["verdict"], good["reasons"]) == (GOOD, "valid", [])
    assert (bad["verdict"], bad["reasons"]) == ("invalid", ["content-changed"])
    assert {check["outcome"] for check in good["checks"]} <= {"pass", "skipped", "warning"}


def test_words_are_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    verify(*TRUST, BAD)

    shown = capsys.readouterr().out
    assert "invalid 无效 (content-changed)" in shown
    assert "签章之后内容被改动" in shown


@pytest.mark.parametrize("arguments", [[], ["verify"], ["verify", "--policy", "odd", GOOD]])
def test_wrong_command_leaves_64(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(arguments)
    assert caught.value.code == 64


def test_policy_of_an_office_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ours.json"
    path.write_text(
        json.dumps(
            {
                "format": "yunjian-policy/1",
                "name": "ours",
                "outcomes": {"timestamp-absent": "fail"},
            }
        )
    )

    assert verify(*TRUST, "--policy", str(path), GOOD) == 1
    assert "bad-timestamp" in capsys.readouterr().out


def test_page_is_written_beside_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"

    assert verify(*TRUST, "--html", str(page), BAD) == 1
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "t01-page-byte.ofd" in page.read_text(encoding="utf-8")
    assert verify(*TRUST, "--html", str(page), BAD, GOOD) == 1
    assert "one file" in capsys.readouterr().err


def test_lines_are_coloured_for_a_terminal_only() -> None:
    report = SealReport.conclude([DEFAULT_POLICY.judge("package-good", entries="3")])

    (plain, *_) = text.lines(Path("a"), report)
    (painted, *_) = text.lines(Path("a"), report, coloured=True)
    assert "\x1b" not in plain
    assert painted == "a: \x1b[32mvalid 有效\x1b[0m"


def test_hostile_names_cannot_act_on_a_terminal() -> None:
    check = DEFAULT_POLICY.judge("uncovered", files="a\x1b[2Jb\u202ec\n  ✓ d")

    shown = list(text.lines(Path("x\x1b"), SealReport.conclude([check])))
    assert len(shown) == 2
    assert not set("".join(shown)) & set("\x1b\u202e\n")


def test_missing_file_leaves_66(tmp_path: Path) -> None:
    assert main.main(["verify", str(tmp_path / "nowhere.ofd")]) == 66


def test_malformed_trust_list_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trust.json"
    path.write_text("{}")

    assert verify("--trust", str(path), GOOD) == 1
    assert "malformed-trust-list" in capsys.readouterr().err


def test_inspect_says_what_is_inside(capsys: pytest.CaptureFixture[str]) -> None:
    files = [GOOD, str(KEYS / "maker.pem"), str(HERE / "README.md")]

    assert main.main(["inspect", *files]) == 0

    shown = capsys.readouterr().out
    assert "seal name: 测试市行政审批局电子证照专用章" in shown
    assert "subject: 测试电子印章制作系统, 测试制章机构" in shown
    assert "kind: unknown" in shown


def test_dump_shows_entries_and_trees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["dump", GOOD, str(KEYS / "maker.pem")]) == 0

    shown = capsys.readouterr().out
    assert "Doc_0/Signs/Sign_0/SignedValue.dat" in shown
    assert "OBJECT IDENTIFIER  1.2.156.10197.1.501" in shown


@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
def test_seals_and_detached_pairs_are_judged(capsys: pytest.CaptureFixture[str]) -> None:
    seal = SHARED / "ofd" / "seals" / "own-v4.esl"
    pair = SHARED / "ofd" / "detached" / "suzhou-minzheng-v4" / "SignedValue.dat"

    assert verify(*TRUST, str(seal)) == 0
    assert verify(*TRUST, str(pair)) == 2
    assert main.main(["inspect", str(seal), str(pair)]) == 0
    assert main.main(["dump", str(seal), str(pair)]) == 0
    assert "苏州市民政局电子证照专用章" in capsys.readouterr().out


def test_answer_of_a_status_service_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ca, service = answering.authority(), answering.service()
    leaf, root = answering.signer(ca), certificates.parse(ca.root_certificate)
    question = ocsp_building.request(certificates.parse(leaf), root)
    paths = {name: tmp_path / name for name in ("root", "leaf", "answer", "garbage")}
    paths["root"].write_bytes(root.der)
    paths["leaf"].write_bytes(leaf)
    paths["answer"].write_bytes(service.answer(question, at=makers.AT))
    paths["garbage"].write_bytes(b"<html>")
    strictly = ("--trust", str(paths["root"]), "--policy", "strict", "--at", "2026-12-01T05:00")
    answer, asked = str(paths["answer"]), str(paths["leaf"])

    assert verify(*strictly, asked) == 2
    assert verify(*strictly, "--ocsp", answer, asked) == 0
    assert verify(*strictly, "--ocsp", answer, "--at", "2026-12-09", asked) == 2
    assert verify(*strictly, "--ocsp", str(paths["garbage"]), asked) == 1
    assert verify(*strictly, answer) == 0
    assert verify(*TRUST, answer) == 2
    capsys.readouterr()
    assert main.main(["inspect", answer]) == 0
    assert main.main(["dump", answer]) == 0
    shown = capsys.readouterr().out
    assert "kind: OCSP answer" in shown
    assert f"serial {certificates.parse(leaf).serial:X}: good" in shown
    assert "ENUMERATED" in shown


def test_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "signing", "verify", *AT, *TRUST, GOOD]
    root = Path(__file__).parents[2]

    done = subprocess.run(command, capture_output=True, cwd=root, check=False)

    assert done.returncode == 0
    assert "有效" in done.stdout.decode()
