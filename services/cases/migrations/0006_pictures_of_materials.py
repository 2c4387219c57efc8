from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0005_conversation')]

    initial = False

    operations = [
        ops.AddField(
            model_name='MaterialFile',
            name='original_digest',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='MaterialFile',
            name='thumbnail_digest',
            field=fields.CharField(null=True, max_length=64),
        ),
    ]
