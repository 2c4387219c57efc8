from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import UnindexColumn
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0012_delegations')]

    initial = False

    operations = [
        UnindexColumn(
            model_name='SignInRecord',
            name='person_id',
            field=fields.UUIDField(),
        ),
        ops.AddIndex(
            model_name='SignInRecord',
            index=Index(fields=['person_id', 'at', 'id']),
        ),
    ]
