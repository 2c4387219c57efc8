from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from push.models import DeliveryState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Delivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('event_id', fields.UUIDField()),
                ('recipient_id', fields.UUIDField()),
                ('channel', fields.CharField(max_length=16)),
                ('message', ProtectedField(generated=False, null=False, unique=False)),
                ('state', fields.CharEnumField(default=DeliveryState.PENDING, description='', enum_type=DeliveryState, max_length=8)),
                ('attempts', fields.SmallIntField(default=0)),
                ('due_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_error', fields.CharField(null=True, max_length=80)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'push_delivery', 'app': 'push', 'unique_together': (('event_id', 'recipient_id', 'channel'),), 'indexes': [Index(fields=['state', 'due_at'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='InboxMessage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField()),
                ('event_id', fields.UUIDField()),
                ('kind', fields.CharField(max_length=40)),
                ('content', ProtectedField(generated=False, null=False, unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'push_inbox_message', 'app': 'push', 'unique_together': (('event_id', 'person_id'),), 'indexes': [Index(fields=['person_id', 'created_at'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Stream',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=48)),
                ('position', fields.BigIntField(default=0)),
            ],
            options={'table': 'push_stream', 'app': 'push', 'pk_attr': 'key'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StreamEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('stream_key', fields.CharField(max_length=48)),
                ('position', fields.BigIntField()),
                ('kind', fields.CharField(max_length=40)),
                ('payload', ProtectedField(generated=False, null=False, unique=False)),
                ('event_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(default=now, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'push_stream_entry', 'app': 'push', 'unique_together': (('stream_key', 'position'), ('stream_key', 'event_id')), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StreamEpoch',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('epoch', fields.CharField(max_length=36)),
            ],
            options={'table': 'push_stream_epoch', 'app': 'push', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
