from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0004_channel_of_session')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Subject',
            name='phone_index',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddIndex(
            model_name='Subject',
            index=Index(fields=['phone_index']),
        ),
    ]
