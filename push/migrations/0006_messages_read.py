from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere

class Migration(migrations.Migration):
    dependencies = [('push', '0005_pages')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='InboxMessage',
            index=IndexWhere(fields=['created_at'], name='idx_inbox_read', where='read_at IS NOT NULL'),
        ),
    ]
