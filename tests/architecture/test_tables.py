"""Tables carry their package's name, and the migrations make exactly what the models say."""

from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from core.database import tortoise_config
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
    config = tortoise_config(session_settings.database_url, PACKAGES)
    assert Tortoise.apps is not None

    changes = await MigrationAutodetector(Tortoise.apps, config["apps"]).changes()

    assert [Path(change.path()).name for change in changes] == []
