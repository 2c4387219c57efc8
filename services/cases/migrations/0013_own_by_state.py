from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('cases', '0012_unread_here')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Case',
            name='idx_case_mine',
            fields=None,
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['subject_id', 'state', 'updated_at', 'id']),
        ),
    ]
