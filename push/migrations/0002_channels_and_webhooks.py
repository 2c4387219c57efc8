from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from json import dumps, loads
from push.models import CallState, WebhookState
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('push', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='NoticePreference',
            fields=[
                ('person_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('subscription', fields.BooleanField(default=True)),
                ('sms', fields.BooleanField(default=True)),
                ('email', ProtectedField(null=True, generated=False, unique=False)),
                ('quiet_from', fields.CharField(null=True, max_length=5)),
                ('quiet_until', fields.CharField(null=True, max_length=5)),
                ('changed_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'push_notice_preference', 'app': 'push', 'pk_attr': 'person_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Webhook',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('owner', fields.CharField(db_index=True, max_length=60)),
                ('topic', fields.CharField(db_index=True, max_length=60)),
                ('url', fields.CharField(max_length=500)),
                ('kinds', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('suite', fields.CharField(max_length=12)),
                ('secret', ProtectedField(generated=False, null=False, unique=False)),
                ('former_secret', ProtectedField(null=True, generated=False, unique=False)),
                ('former_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(default=WebhookState.ACTIVE, description='', enum_type=WebhookState, max_length=8)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('failures', fields.IntField(default=0)),
                ('last_sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_failed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_error', fields.CharField(null=True, max_length=80)),
            ],
            options={'table': 'push_webhook', 'app': 'push', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('webhook', fields.ForeignKeyField('push.Webhook', source_field='webhook_id', db_constraint=True, to_field='id', related_name='calls', on_delete=OnDelete.CASCADE)),
                ('event_id', fields.UUIDField()),
                ('kind', fields.CharField(max_length=40)),
                ('object_key', fields.CharField(max_length=60)),
                ('body', ProtectedField(generated=False, null=False, unique=False)),
                ('state', fields.CharEnumField(default=CallState.PENDING, description='', enum_type=CallState, max_length=8)),
                ('attempts', fields.SmallIntField(default=0)),
                ('due_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_error', fields.CharField(null=True, max_length=80)),
            ],
            options={'table': 'push_webhook_call', 'app': 'push', 'unique_together': (('webhook_id', 'event_id'),), 'indexes': [Index(fields=['state', 'due_at']), Index(fields=['webhook_id', 'object_key'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Delivery',
            name='delivered_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Delivery',
            name='digest',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Delivery',
            name='event_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['digest', 'sent_at']),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['created_at']),
        ),
        ops.AddField(
            model_name='InboxMessage',
            name='archived_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
