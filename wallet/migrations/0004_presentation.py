from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0003_logs_and_sharing')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PhoneKey',
            fields=[
                ('session_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('person_id', fields.UUIDField(db_index=True)),
                ('point', fields.BinaryField()),
                ('registered_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_phone_key', 'app': 'wallet', 'pk_attr': 'session_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PrintedCode',
            fields=[
                ('short_id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('licence_id', fields.UUIDField(unique=True)),
            ],
            options={'table': 'wallet_printed_code', 'app': 'wallet', 'pk_attr': 'short_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StatusEntry',
            fields=[
                ('licence_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('list_no', fields.IntField()),
                ('place', fields.IntField()),
            ],
            options={'table': 'wallet_status_entry', 'app': 'wallet', 'unique_together': (('list_no', 'place'),), 'pk_attr': 'licence_id'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='UseRecord',
            name='case_no',
            field=fields.CharField(default='', max_length=50),
        ),
        ops.AddField(
            model_name='Verification',
            name='case_no',
            field=fields.CharField(null=True, max_length=50),
        ),
        ops.AddField(
            model_name='Verification',
            name='code_kind',
            field=fields.CharField(default='', db_default='', max_length=16),
        ),
        ops.AddField(
            model_name='Verification',
            name='ground',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddField(
            model_name='Verification',
            name='read_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
