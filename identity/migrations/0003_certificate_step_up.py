from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0002_accounts_and_channels')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Session',
            name='certified_for',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Session',
            name='certified_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
