"""Tables carry their package's name, and the migrations make exactly what the models say."""

from pathlib import Path

import pytest
from tortoise import Tortoise

from core import database
from core.settings import Settings
from resources import PACKAGES


@pytest.mark.usefixtures("db")
def test_tables_begin_with_their_package() -> None:
    assert Tortoise.apps is not None
    for package, models in Tortoise.apps.items():
        for model in models.values():
            assert model._meta.db_table.startswith(f"{package}_"), model


@pytest.mark.usefixtures("db")
async def test_no_model_has_changed_without_a_migration(session_settings: Settings) -> None:
    assert Tortoise.apps is not None

    detector = database.detector(Tortoise.apps, session_settings.database_url, PACKAGES)
    changes = await detector.changes()

    assert [Path(change.path()).name for change in changes] == []
