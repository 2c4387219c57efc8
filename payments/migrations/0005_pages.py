from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import UnindexColumn
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('payments', '0004_find_by_bill')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Bill',
            name=None,
            fields=['created_at'],
        ),
        UnindexColumn(
            model_name='Bill',
            name='subject_id',
            field=fields.UUIDField(),
        ),
        ops.AddIndex(
            model_name='Bill',
            index=Index(fields=['subject_id', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Bill',
            index=Index(fields=['department', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Bill',
            index=Index(fields=['created_at', 'id']),
        ),
    ]
