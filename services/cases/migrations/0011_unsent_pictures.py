from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere

class Migration(migrations.Migration):
    dependencies = [('cases', '0010_kept_counts')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='MessagePicture',
            index=IndexWhere(fields=['created_at'], name='idx_message_picture_unsent', where='message_id IS NULL'),
        ),
    ]
