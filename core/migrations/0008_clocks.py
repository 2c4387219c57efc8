from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clocks.periods import Mark, Unit
from core.clocks.rows import State
from core.queue import IndexWhere
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('core', '0007_holiday_years')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Clock',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('owner_kind', fields.CharField(max_length=20)),
                ('owner_id', fields.UUIDField()),
                ('kind', fields.CharField(max_length=20)),
                ('n', fields.SmallIntField()),
                ('department', fields.CharField(max_length=20)),
                ('started_on', fields.DateField()),
                ('limit_value', fields.SmallIntField()),
                ('limit_unit', fields.CharEnumField(description='', enum_type=Unit, max_length=8)),
                ('limit_on', fields.DateField(null=True)),
                ('extension', fields.SmallIntField(default=0)),
                ('due_on', fields.DateField()),
                ('state', fields.CharEnumField(default=State.RUNNING, description='', enum_type=State, max_length=8)),
                ('next_mark', fields.CharEnumField(null=True, description='', enum_type=Mark, max_length=8)),
                ('next_mark_on', fields.DateField(null=True)),
                ('met_on', fields.DateField(null=True)),
                ('late_days', fields.SmallIntField(null=True)),
                ('basis', fields.CharField(max_length=120)),
                ('calendar', fields.IntField()),
                ('fence', fields.IntField(default=0, db_default=0)),
            ],
            options={'table': 'core_clock', 'app': 'core', 'unique_together': (('owner_kind', 'owner_id', 'kind', 'n'),), 'indexes': [IndexWhere(fields=['next_mark_on', 'id'], name='idx_clock_next', where='next_mark_on IS NOT NULL'), IndexWhere(fields=['calendar', 'id'], name='idx_clock_calendar', where="state IN ('running', 'paused')")], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ClockMark',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('clock', fields.ForeignKeyField('core.Clock', source_field='clock_id', db_constraint=True, to_field='id', related_name='marks', on_delete=OnDelete.CASCADE)),
                ('mark', fields.CharEnumField(description='', enum_type=Mark, max_length=8)),
                ('for_due_on', fields.DateField()),
                ('reached_on', fields.DateField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_clock_mark', 'app': 'core', 'unique_together': (('clock', 'mark', 'for_due_on'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ClockPause',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('clock', fields.ForeignKeyField('core.Clock', source_field='clock_id', db_constraint=True, to_field='id', related_name='pauses', on_delete=OnDelete.CASCADE)),
                ('cause', fields.CharField(max_length=30)),
                ('from_on', fields.DateField()),
                ('expected_on', fields.DateField(null=True)),
                ('to_on', fields.DateField(null=True)),
                ('open_of', fields.BigIntField(null=True, unique=True)),
            ],
            options={'table': 'core_clock_pause', 'app': 'core', 'indexes': [Index(fields=['clock_id', 'id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
