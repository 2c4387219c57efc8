from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('push', '0002_channels_and_webhooks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ConsentRecord',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('user_index', fields.CharField(max_length=64)),
                ('template', fields.CharField(max_length=40)),
                ('consent', fields.CharField(max_length=8)),
                ('told_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'push_consent_record', 'app': 'push', 'unique_together': (('user_index', 'template'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
