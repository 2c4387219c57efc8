from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0010_taken_in_and_pass_origins')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Licence',
            name='remind_on',
            field=fields.DateField(null=True),
        ),
        ops.AddIndex(
            model_name='Licence',
            index=IndexWhere(fields=['remind_on', 'id'], name='idx_licence_remind', where="state = 'valid' AND valid_to IS NOT NULL"),
        ),
    ]
