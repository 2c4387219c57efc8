from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_form_signature')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Upload',
            name='metadata',
            field=fields.TextField(null=True, unique=False),
        ),
    ]
