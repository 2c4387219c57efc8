from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0004_presentation')]

    initial = False

    operations = [
        ops.AddField(
            model_name='UseDayHead',
            name='path',
            field=fields.BinaryField(null=True),
        ),
    ]
