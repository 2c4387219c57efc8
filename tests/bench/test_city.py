"""The fixture on which size is proved: a small one by the same code is whole, row for row."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.city import keeping
from bench.city.ink import Ink, context
from bench.city.recipe import DAYS, Recipe, credit_code, digest, ident, identity_no
from core import clock
from core.protection import protect
from identity.numbers import check_credit_code, check_identity_number
from tests.conftest import ROOT, on_postgres

PEOPLE = 1_000
MINUTES = 15
ITEMS = 38


def test_ids_are_never_given_twice() -> None:
    ids = {ident(kind, n) for kind in ("case", "person", "look") for n in range(20_000)}
    assert len(ids) == 60_000
    assert len({digest(kind, n) for kind in ("licence", "file") for n in range(20_000)}) == 40_000


def test_every_case_has_a_number_of_its_own() -> None:
    recipe = Recipe(people=60_000, today=clock.today())
    numbers = {
        (n % ITEMS, recipe.age_of_case(n, ITEMS), recipe.serial_of_case(n, ITEMS))
        for n in range(recipe.people)
    }
    assert len(numbers) == recipe.people
    assert {age for _, age, _ in numbers} == set(range(DAYS))


@pytest.mark.parametrize("person", [0, 1, 19_999, 20_000, 999_999])
def test_identity_numbers_are_well_formed(person: int) -> None:
    number = identity_no(person)
    assert check_identity_number(number) == number


@pytest.mark.parametrize("organisation", [0, 7, 49_999])
def test_credit_codes_are_well_formed(organisation: int) -> None:
    number = credit_code(organisation)
    assert check_credit_code(number) == number


def test_what_is_sealed_in_bulk_opens_in_its_place_only() -> None:
    vault = protect.Vault(bytes(range(32)))
    ink, shared = Ink(vault), context("cases_case", "form")
    sealed = ink.seal("演示", shared + b"row")
    assert vault.open(sealed, context=shared + b"row") == "演示"
    with pytest.raises(protect.ProtectionError):
        vault.open(sealed, context=shared + b"another row")
    assert len(ink.blot("演示")) == len(sealed)
    assert ink.index("演示", b"cases.applicant\x00") == vault.index(
        "演示", purpose="cases.applicant"
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where PostgreSQL, which runs as somebody else under root, finds its data."""
    place = Path(tempfile.mkdtemp(prefix="yunjian-city-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(MINUTES * 60)
@pytest.mark.usefixtures("database_url")  # so that a run on PostgreSQL holds it, too
def test_a_city_of_a_thousand_is_whole(folder: Path) -> None:
    """Made and opened in a process of its own: it has a database and keys of its own."""
    done = _city(folder, "--check").splitlines()[1:]
    counts = dict(line.strip().split(": ") for line in done)
    found = {name: int(count.replace(",", "")) for name, count in counts.items()}
    assert found["cases"] == found["licences"] == PEOPLE
    assert found["looks"] == 10 * PEOPLE
    assert found["log entries"] >= PEOPLE
    assert found["audit records"] >= 2 * PEOPLE - 16
    for state in ("submitted", "accepted", "supplement_requested", "closed", "refused"):
        assert found[f"cases {state}"], state
    assert found["wallets"] > PEOPLE / 2
    assert found["messages"]
    assert found["looks read"]
    assert found["licences of cases"] > 100
    assert "made in 0 s" in _city(folder)


def _city(folder: Path, *more: str) -> str:
    where = "postgres" if on_postgres() else "sqlite"
    command = [sys.executable, "-m", "bench.city", "--people", str(PEOPLE), "--on", where, *more]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, keeping.FOLDER: str(folder)},
        capture_output=True,
        text=True,
        timeout=MINUTES * 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
