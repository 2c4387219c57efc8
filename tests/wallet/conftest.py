"""The city that the tests act in, on a Wednesday morning, and the memory of its logs."""

from pathlib import Path

import pytest

from core.files.blobs import Blobs
from signing.dev.devca import DevelopmentAuthority
from tests.conftest import FrozenClock
from tests.wallet import city as small_city
from tests.wallet.city import TODAY, City


@pytest.fixture
async def city(
    db: None, blobs: Blobs, frozen_clock: FrozenClock, authority: DevelopmentAuthority
) -> City:
    frozen_clock.set(TODAY)
    return await small_city.build(authority, blobs)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "log-memory.json"
