"""Tables of the guides. They belong to the app of the cases, whose migrations made them."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id


class ServiceItem(Model):
    """One version of a service item; a case keeps the version it began with."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(max_length=50)
    version = fields.IntField()
    digest = fields.CharField(max_length=64)
    definition: Any = fields.JSONField()
    name = fields.CharField(max_length=200)
    department = fields.CharField(max_length=20, db_index=True)
    current = fields.BooleanField(db_index=True)
    loaded_at = fields.DatetimeField()

    class Meta:
        table = "cases_service_item"
        app = "cases"
        unique_together = (("code", "version"),)


class Theme(Model):
    """One version of a theme (一件事)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(max_length=50)
    version = fields.IntField()
    digest = fields.CharField(max_length=64)
    definition: Any = fields.JSONField()
    current = fields.BooleanField(db_index=True)
    loaded_at = fields.DatetimeField()

    class Meta:
        table = "cases_theme"
        app = "cases"
        unique_together = (("code", "version"),)


class CatalogueEntry(Model):
    """Departments, windows, sites, line systems, data resources and word lists, newest only."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharField(max_length=20)
    code = fields.CharField(max_length=50)
    digest = fields.CharField(max_length=64)
    definition: Any = fields.JSONField()
    loaded_at = fields.DatetimeField()

    class Meta:
        table = "cases_catalogue_entry"
        app = "cases"
        unique_together = (("kind", "code"),)
