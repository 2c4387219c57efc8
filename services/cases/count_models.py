"""The table of kept counts; see `services.cases.counts`."""

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id


class KeptCount(Model):
    """A part of how many cases of a department are so; the sum over the slots is the number."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    department = fields.CharField(max_length=20)
    name = fields.CharField(max_length=24)
    """A state of cases, or what else is counted (`counts.Name`)."""
    day = fields.DateField()
    """Since when it is so or on which day it happened; `counts.ALWAYS` where no day matters."""
    slot = fields.SmallIntField()
    number = fields.IntField()
    """May be negative: one slot takes what another one gave."""

    class Meta:
        table = "cases_kept_count"
        app = "cases"
        unique_together = (("department", "name", "day", "slot"),)
