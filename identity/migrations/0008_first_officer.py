from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from json import dumps, loads
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0007_people_and_accounts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccountChange',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('actor', fields.CharField(max_length=80)),
                ('actor_name', fields.CharField(max_length=40)),
                ('action', fields.CharField(max_length=40)),
                ('target', fields.CharField(max_length=80)),
                ('target_name', fields.CharField(max_length=80)),
                ('detail', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('cause', ProtectedField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'identity_account_change', 'app': 'identity', 'indexes': [Index(fields=['at', 'id']), Index(fields=['target', 'at', 'id'])], 'pk_attr': 'id'},
            bases=['ProtectedModel'],
        ),
        ops.CreateModel(
            name='FirstOfficer',
            fields=[
                ('id', fields.SmallIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('officer_id', fields.UUIDField()),
                ('at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_first_officer', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Officer',
            name='start_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
