"""A loaded catalogue and somebody who applies, and sends files."""

from pathlib import Path

import pytest

from core.files.blobs import Blobs
from services.guides import catalogue
from tests.cases.factories import CaseMaker, appointed, person
from tests.cases.sender import Sender


@pytest.fixture
async def loaded(db: None, frozen_clock: object) -> None:
    await catalogue.load()


@pytest.fixture
async def cases(loaded: None, blobs: Blobs, tmp_path: Path) -> CaseMaker:
    return CaseMaker(blobs=blobs, folder=tmp_path, by=await person(), officer=await appointed())


@pytest.fixture
def sender(cases: CaseMaker) -> Sender:
    return Sender(cases)
