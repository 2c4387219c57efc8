from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('push', '0003_consents')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Delivery',
            name=None,
            fields=['state', 'due_at'],
        ),
        ops.AddField(
            model_name='Delivery',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Delivery',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Delivery',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=IndexWhere(fields=['due_at', 'id'], name='idx_delivery_due', where="state = 'pending'"),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['state', 'created_at']),
        ),
        ops.RemoveIndex(
            model_name='WebhookCall',
            name=None,
            fields=['state', 'due_at'],
        ),
        ops.RemoveIndex(
            model_name='WebhookCall',
            name=None,
            fields=['webhook_id', 'object_key'],
        ),
        ops.AddField(
            model_name='WebhookCall',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='WebhookCall',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='WebhookCall',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name='WebhookCall',
            index=IndexWhere(fields=['due_at', 'id'], name='idx_webhook_call_due', where="state = 'pending'"),
        ),
        ops.AddIndex(
            model_name='WebhookCall',
            index=IndexWhere(fields=['webhook_id', 'object_key', 'id'], name='idx_webhook_call_key', where="state = 'pending'"),
        ),
        ops.AddIndex(
            model_name='WebhookCall',
            index=Index(fields=['state', 'created_at']),
        ),
        ops.AddIndex(
            model_name='WebhookCall',
            index=Index(fields=['webhook_id', 'id']),
        ),
    ]
