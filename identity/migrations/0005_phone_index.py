from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0004_channel_of_session')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Subject',
            name='phone_index',
            field=fields.CharField(null=True, db_index=True, max_length=64),
        ),
    ]
