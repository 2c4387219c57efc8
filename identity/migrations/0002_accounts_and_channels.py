from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ChannelDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=32)),
                ('day', fields.DateField()),
                ('what', fields.CharField(max_length=24)),
                ('count', fields.IntField(default=0)),
            ],
            options={'table': 'identity_channel_day', 'app': 'identity', 'unique_together': (('channel', 'day', 'what'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelSwitch',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ('open', fields.BooleanField()),
                ('changed_by', fields.CharField(max_length=80)),
                ('changed_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_channel_switch', 'app': 'identity', 'pk_attr': 'key'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SignInRecord',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField(db_index=True)),
                ('session_id', fields.UUIDField(null=True)),
                ('via', fields.CharField(max_length=16)),
                ('channel', fields.CharField(max_length=32)),
                ('device', fields.CharField(max_length=80)),
                ('address', fields.CharField(max_length=45)),
                ('at', fields.DatetimeField(default=now, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_sign_in_record', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Session',
            name='assurance',
            field=fields.SmallIntField(db_default=2),
        ),
        ops.AddField(
            model_name='Session',
            name='device',
            field=fields.CharField(db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Session',
            name='raised_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Session',
            name='via',
            field=fields.CharField(db_default='', max_length=16),
        ),
    ]
