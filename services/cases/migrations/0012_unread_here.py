from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere

class Migration(migrations.Migration):
    dependencies = [('cases', '0011_unsent_pictures')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['department', 'updated_at', 'id'], name='idx_case_unread_here', where='has_unread'),
        ),
    ]
