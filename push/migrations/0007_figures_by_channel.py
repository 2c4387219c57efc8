from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('push', '0006_messages_read')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Delivery',
            name=None,
            fields=['created_at'],
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['channel', 'state', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=IndexWhere(fields=['channel', 'created_at'], name='idx_delivery_arrived', where='delivered_at IS NOT NULL'),
        ),
    ]
