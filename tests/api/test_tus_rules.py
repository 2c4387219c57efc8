"""docs/tus.md: every rule of the protocol has a test that exists, or is not offered."""

import re
from pathlib import Path

from api.shared import tus

ROOT = Path(__file__).resolve().parents[2]
TESTS = "".join(
    (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("test_tus.py", "test_tus_refusals.py")
)
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_every_rule_has_its_test() -> None:
    rows = ROW.findall((ROOT / "docs" / "tus.md").read_text(encoding="utf-8"))

    assert [int(number) for number, *_ in rows] == list(range(1, 89))
    for number, _, rule, proof in rows:
        named = re.findall(r"`(test_\w+)`", proof)
        excused = proof.startswith(("not offered", "the client's", "there are some"))
        assert named or excused, f"rule {number} ({rule}) has no test"
        for name in named:
            assert f"async def {name}(" in TESTS, name


def test_what_is_not_offered_is_not_announced() -> None:
    offered = set(tus.EXTENSIONS.split(","))

    assert not offered & {"concatenation", "creation-defer-length", "checksum-trailer"}
