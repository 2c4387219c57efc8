from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0003_certificate_step_up')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ChannelSwitch',
            name='content_check',
            field=fields.BooleanField(db_default=True),
        ),
        ops.AddField(
            model_name='Session',
            name='channel',
            field=fields.CharField(db_default='', max_length=32),
        ),
    ]
