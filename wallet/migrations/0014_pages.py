from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import UnindexColumn
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('wallet', '0013_printed_codes')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Licence',
            name=None,
            fields=['subject_id', 'licence_type'],
        ),
        ops.AddIndex(
            model_name='Licence',
            index=Index(fields=['subject_id', 'issued_on', 'id']),
        ),
        ops.AddIndex(
            model_name='Licence',
            index=Index(fields=['subject_id', 'licence_type', 'issued_on']),
        ),
        UnindexColumn(
            model_name='UseRecord',
            name='licence_id',
            field=fields.UUIDField(),
        ),
        ops.AddIndex(
            model_name='UseRecord',
            index=Index(fields=['licence_id', 'n']),
        ),
    ]
