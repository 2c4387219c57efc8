from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('payments', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Order',
            name='payer_id',
            field=fields.UUIDField(null=True),
        ),
    ]
