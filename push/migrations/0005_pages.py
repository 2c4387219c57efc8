from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('push', '0004_queue')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Delivery',
            name=None,
            fields=['state', 'created_at'],
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['state', 'created_at', 'id']),
        ),
        ops.RemoveIndex(
            model_name='InboxMessage',
            name=None,
            fields=['person_id', 'created_at'],
        ),
        ops.AddIndex(
            model_name='InboxMessage',
            index=IndexWhere(fields=['person_id', 'created_at', 'id'], name='idx_inbox_at_hand', where='archived_at IS NULL'),
        ),
        ops.AddIndex(
            model_name='InboxMessage',
            index=IndexWhere(fields=['person_id', 'created_at', 'id'], name='idx_inbox_archived', where='archived_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='InboxMessage',
            index=IndexWhere(fields=['person_id'], name='idx_inbox_unread', where='read_at IS NULL'),
        ),
        ops.AddIndex(
            model_name='WebhookCall',
            index=IndexWhere(fields=['webhook_id', 'state', 'id'], name='idx_webhook_call_unsent', where="state IN ('pending', 'dead')"),
        ),
    ]

