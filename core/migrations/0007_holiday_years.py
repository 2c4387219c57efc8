from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.ids import new_id
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0006_done_jobs')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HolidayYear',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('year', fields.SmallIntField(unique=True)),
                ('version', fields.IntField()),
                ('digest', fields.CharField(max_length=64)),
                ('days_off', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('days_worked', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('provisional', fields.BooleanField()),
                ('source', fields.CharField(max_length=300)),
                ('loaded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_holiday_year', 'app': 'core', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
